#!/bin/bash
# Reproduces every figure of the model card and the shipped weights: weights/reproduce.sh DATA OUT [STEP...]
# DATA holds the folders busi, busbra and busuc, each with a manifest.csv. Without STEP all steps run, in this order:
#   folds       trains five networks, each without one fold
#   settings    fits temperature, threshold, smallest lesion and power of the expected Dice to each fold, gives each
#               network the means of the four other folds, and scores it
#   sets        trains three networks, each without one data set, and scores each on that set
#   ablation    trains with one part of the recipe changed, briefly, at a low resolution, on two folds
#   robustness  scores the five networks on changed images
#   foreign     counts how many out-of-distribution images the five networks flag (images from Debian, see foreign.sh)
#   ship        trains the shipped network on all images, by distillation from the five
#   keep        writes the tables and the weights beside this script
# Finished work is kept: after an interruption the same command continues. A training uses one thread; as many trainings
# as there are processors run at once. The same program, data and kind of processor give the same weights, bit for bit.
set -euo pipefail
if [[ $# -lt 2 ]]; then
    echo "usage: $0 DATA OUT [STEP...]" >&2
    exit 2
fi
data=$1 out=$2
shift 2
program=${SONOMASK:-$(dirname "$0")/../build/sonomask}
all=("$data"/{busi,busbra,busuc})
mkdir -p "$out"

# left_out COMMAND...: runs a command that exits with 1 when it left images out. That is expected: two masks of BUS-UC do
# not have the size of their image.
left_out() { "$@" || [[ $? -eq 1 ]]; }

# train NAME EPOCHS OPTION...: trains into OUT/NAME, or resumes there.
train() {
    local name=$1 epochs=$2
    shift 2
    [[ -e $out/$name/done ]] && return
    mkdir -p "$(dirname "$out/$name")"
    left_out "$program" train --out "$out/$name" --seed 1 --threads 1 --epochs "$epochs" --balance 0.7 --resume "$@" \
        2>>"$out/$name.progress"
    grep -q "^$epochs," "$out/$name/log.csv" && touch "$out/$name/done"
}

# The recipe has two stages: first a low resolution, where an epoch takes a third of the time, then the full resolution.
# coarse NAME OPTION...: the first stage, into OUT/coarse/NAME.
coarse() { train "coarse/$1" 24 --size 96 "${@:2}"; }
# fine NAME EPOCHS SIZE OPTION...: the second stage, from there into OUT/NAME.
fine() {
    train "$1" "$2" --size "$3" --learning-rate 0.001 --from "$out/coarse/$1/weights.safetensors" "${@:4}"
}
# learn NAME OPTION...: both stages.
learn() {
    coarse "$@"
    fine "$1" 12 160 "${@:2}"
}

# at_once STEP...: runs the steps, as many at a time as there are processors.
at_once() { printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} "$0" "$data" "$out" {}; }

# others SET: the folders of the two other data sets.
others() {
    for set in busi busbra busuc; do [[ $set == "$1" ]] || echo "$data/$set"; done
}

# score NAME FOLDS OPTION...: scores every data set. FOLDS holds one network per fold; each image is scored with the network
# that was not trained on it.
score() {
    local name=$1 folds=$2 set
    shift 2
    for set in busi busbra busuc; do
        left_out "$program" evaluate --data "$data/$set" --folds "$folds" --out "$out/report-$name/$set" "$@"
    done
}

# Settings of networks for which none were fitted.
unfitted=(--threshold 0.5 --minimum-area 0.002)

# fit FOLD: fits settings to a fold with the network that was not trained on it; writes OUT/settings/foldK.json.
fitted=(temperature threshold minimum_area confidence_power)
fit() {
    [[ -s $out/settings/fold$1.json ]] && return
    left_out "$program" calibrate --model "$out/folds/fold$1/weights.safetensors" --data "${all[@]}" --fold "$1" --flip \
        --fit temperature,mask,confidence --out "$out/settings/fold$1.safetensors" >"$out/settings/fold$1.partial"
    mv "$out/settings/fold$1.partial" "$out/settings/fold$1.json"
}

# mean_settings [FOLD]: the mean settings over all folds, or over all but FOLD, as options of calibrate, one word per line.
mean_settings() {
    local name fold
    for name in "${fitted[@]}"; do
        echo "--${name//_/-}"
        for fold in {0..4}; do
            [[ $fold == "${1-}" ]] || grep -o "\"$name\":[0-9.e-]*" "$out/settings/fold$fold.json" | head -n1
        done | awk -F: '{ sum += $2 } END { printf "%.4g\n", sum / NR }'
    done
}

# set_up FOLD: writes OUT/ready/foldK, that fold's network in 8 bits with the mean settings of the four other folds.
set_up() {
    local options
    [[ -e $out/ready/fold$1/weights.safetensors ]] && return
    mkdir -p "$out/ready/fold$1"
    mapfile -t options < <(mean_settings "$1")
    left_out "$program" calibrate --model "$out/folds/fold$1/weights.safetensors" --data "${all[@]}" --not-fold "$1" \
        --fit outliers "${options[@]}" --precision 8 --out "$out/ready/fold$1/weights.safetensors"
}

# Options per row of the ablation table. Each row changes one part of the recipe; `study` is the published recipe as a whole.
declare -A change=(
    [recipe]=''
    [study]='--net unet16 --type-loss mae --augmentation study --balance 0 --auxiliary 0 --average 0'
    [unconditioned]='--net sonomask-unconditioned'
    [mae]='--type-loss mae'
    [no-geometry]='--augmentation no-geometry'
    [no-intensity]='--augmentation no-intensity'
    [no-quality]='--augmentation no-quality'
    [no-paste]='--augmentation no-paste'
    [no-average]='--average 0'
    [without-busbra]=''
    [without-busuc]=''
    [size-96]='--size 96'
)
rows=(recipe study unconditioned mae no-geometry no-intensity no-quality no-paste no-average without-busbra without-busuc
    size-96)
# Two more seeds for the rows whose comparison matters most, because small differences may be chance.
for row in recipe unconditioned; do rows+=("$row.2" "$row.3"); done
# ablate ROW FOLD: trains one row. ROW may end in a dot and a seed.
ablate() {
    local row=${1%.[0-9]} seed=1 sets
    [[ $row == "$1" ]] || seed=${1##*.}
    case $row in
    without-*) mapfile -t sets < <(others "${row#without-}") ;;
    *) sets=("${all[@]}") ;;
    esac
    # shellcheck disable=SC2086 # the options are separate words
    train "ablation/$1/fold$2" 10 --data "${sets[@]}" --fold "$2" --size 64 --seed "$seed" ${change[$row]}
}

# flag FOLD KIND: prints how many images of KIND that fold's network flags as out-of-distribution, and how many there are.
flag() {
    local lines="$out/foreign/$2-$1.jsonl"
    left_out "$program" predict --model "$out/ready/fold$1/weights.safetensors" --out "$out/foreign-masks" \
        "$out/foreign/$2"/*.png >"$lines" 2>"$out/foreign/$2-$1.txt"
    echo "$1,$2,$(grep -c '"looks_like_ultrasound":false' "$lines"),$(wc -l <"$lines")"
}

# The tables that the model card's figures come from, the weights of the five folds, and the shipped weights.
keep() {
    local here fold
    here=$(dirname "$0")
    node "$here/tables.js" "$out"
    for fold in {0..4}; do
        mkdir -p "$here/folds/fold$fold"
        cp "$out/ready/fold$fold/weights.safetensors" "$here/folds/fold$fold/"
    done
    cp "$out/sonomask.safetensors" "$here/"
    cp "$out/ship/curves.svg" "$here/training_curves.svg"
}

[[ $# -eq 0 ]] && set -- folds settings sets ablation robustness foreign ship keep
for step in "$@"; do
    case $step in
    folds) at_once fold-{0..4} ;;
    fold-*) learn "folds/fold${step#fold-}" --data "${all[@]}" --fold "${step#fold-}" ;;
    settings)
        mkdir -p "$out/settings"
        for fold in {0..4}; do fit "$fold"; done
        for fold in {0..4}; do set_up "$fold"; done
        score folds "$out/ready" --flip
        score folds-without-flip "$out/ready" --no-pictures
        ;;
    sets)
        at_once set-busi set-busbra set-busuc
        for set in busi busbra busuc; do
            left_out "$program" evaluate --data "$data/$set" --all-folds --model "$out/sets/$set/weights.safetensors" \
                "${unfitted[@]}" --flip --out "$out/report-sets/$set"
        done
        ;;
    set-*)
        mapfile -t sets < <(others "${step#set-}")
        learn "sets/${step#set-}" --data "${sets[@]}"
        ;;
    ablation)
        at_once "${rows[@]/#/ablate-0-}"
        at_once "${rows[@]/#/ablate-1-}"
        mkdir -p "$out/report-ablation"
        for row in "${rows[@]}"; do
            for set in busi busbra; do
                "$program" evaluate --data "$data/$set" --folds "$out/ablation/$row" "${unfitted[@]}" \
                    --no-pictures --out "$out/ablation-details/$row/$set" >"$out/report-ablation/$row-$set.json"
            done
        done
        ;;
    ablate-*) ablate "${step#ablate-?-}" "$(cut -c8 <<<"$step")" ;;
    robustness) score robustness "$out/ready" --flip --no-pictures --robustness --robustness-images 240 ;;
    foreign)
        "$(dirname "$0")/foreign.sh" "$out/foreign"
        echo fold,kind,flagged,images >"$out/foreign.csv"
        for kind in photographs grey-photographs screens grey-screens mri ct; do
            for fold in {0..4}; do flag "$fold" "$kind"; done
        done | tee -a "$out/foreign.csv"
        rm -r "$out/foreign-masks"
        ;;
    ship)
        coarse ship --data "${all[@]}"
        fine ship 30 192 --teacher "$out"/folds/fold{0..4}/weights.safetensors --data "${all[@]}"
        mapfile -t options < <(mean_settings)
        left_out "$program" calibrate --model "$out/ship/weights.safetensors" --data "${all[@]}" --fit outliers "${options[@]}" \
            --precision 8 --out "$out/sonomask.safetensors"
        ;;
    keep) keep ;;
    *)
        echo "$0: unknown step $step" >&2
        exit 2
        ;;
    esac
done
