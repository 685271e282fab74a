#!/bin/bash
# All that the model card says, made again: weights/reproduce.sh DATA OUT [STEP...]
# DATA holds the folders busi, busbra and busuc, each with a manifest.csv. Steps, in this order when none is named:
#   folds       five networks, each without one fold
#   settings    temperature, threshold and the like for each of them, from the four other folds; then scored
#   sets        three networks, each without one data set, scored on it
#   ablation    what each part of the recipe is worth, on two folds, short trainings on coarse pictures
#   robustness  the five networks on changed images
#   foreign     the five networks on pictures of other things (fetched from Debian, see foreign.sh)
#   ship        the network that is given away: trained on everything, taught by the five
#   keep        what is small of all that, copied beside this script
# Whatever is finished is kept: after an interruption the same command goes on. Every training has one thread, and as
# many as there are processors go on at once; the same processor type and data give the same bits.
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

# left_out COMMAND...: status 1 only says that images were left out (two of BUS-UC's masks have another size).
left_out() { "$@" || [[ $? -eq 1 ]]; }

# train NAME EPOCHS OPTION...: into OUT/NAME.
train() {
    local name=$1 epochs=$2
    shift 2
    [[ -e $out/$name/done ]] && return
    mkdir -p "$(dirname "$out/$name")"
    left_out "$program" train --out "$out/$name" --seed 1 --threads 1 --epochs "$epochs" --balance 0.7 --resume "$@" \
        2>>"$out/$name.progress"
    grep -q "^$epochs," "$out/$name/log.csv" && touch "$out/$name/done"
}

# The recipe: a network sees the coarse picture first, three times as fast, then the fine one.
# coarse NAME OPTION...: into OUT/coarse/NAME.
coarse() { train "coarse/$1" 24 --size 96 "${@:2}"; }
# fine NAME EPOCHS SIZE OPTION...: from there into OUT/NAME.
fine() {
    train "$1" "$2" --size "$3" --learning-rate 0.001 --from "$out/coarse/$1/weights.safetensors" "${@:4}"
}
# learn NAME OPTION...
learn() {
    coarse "$@"
    fine "$1" 12 160 "${@:2}"
}

# at_once STEP...: as many at the same time as there are processors.
at_once() { printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} "$0" "$data" "$out" {}; }

others() { # the sets but one
    for set in busi busbra busuc; do [[ $set == "$1" ]] || echo "$data/$set"; done
}

# score NAME FOLDS OPTION...: every set by the networks in FOLDS, each image by the one that has not seen it.
score() {
    local name=$1 folds=$2 set
    shift 2
    for set in busi busbra busuc; do
        left_out "$program" evaluate --data "$data/$set" --folds "$folds" --out "$out/report-$name/$set" "$@"
    done
}

# For networks that nothing was fitted for.
unfitted=(--threshold 0.5 --minimum-area 0.002)

# What is fitted to a fold, with the network that has not seen it, stands in OUT/settings/foldK.json.
fitted=(temperature threshold minimum_area confidence_power)
fit() {
    [[ -s $out/settings/fold$1.json ]] && return
    left_out "$program" calibrate --model "$out/folds/fold$1/weights.safetensors" --data "${all[@]}" --fold "$1" --flip \
        --fit temperature,mask,confidence --out "$out/settings/fold$1.safetensors" >"$out/settings/fold$1.partial"
    mv "$out/settings/fold$1.partial" "$out/settings/fold$1.json"
}

# mean_settings [FOLD]: as options of calibrate, the means over all folds, or over all but FOLD.
mean_settings() {
    local name fold
    for name in "${fitted[@]}"; do
        echo "--${name//_/-}"
        for fold in {0..4}; do
            [[ $fold == "${1-}" ]] || grep -o "\"$name\":[0-9.e-]*" "$out/settings/fold$fold.json" | head -n1
        done | awk -F: '{ sum += $2 } END { printf "%.4g\n", sum / NR }'
    done
}

# set_up FOLD: that fold's network with the settings that the other folds gave, in eight bits.
set_up() {
    local options
    [[ -e $out/ready/fold$1/weights.safetensors ]] && return
    mkdir -p "$out/ready/fold$1"
    mapfile -t options < <(mean_settings "$1")
    left_out "$program" calibrate --model "$out/folds/fold$1/weights.safetensors" --data "${all[@]}" --not-fold "$1" \
        --fit outliers "${options[@]}" --precision 8 --out "$out/ready/fold$1/weights.safetensors"
}

# What is changed for a row of the table, each time one thing; the study's own recipe is changed altogether.
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
# What the project stands for once more from other seeds, since small differences may be luck.
for row in recipe unconditioned; do rows+=("$row.2" "$row.3"); done
# ablate ROW FOLD; ROW may end in a seed.
ablate() {
    local row=${1%.[0-9]} seed=1 sets
    [[ $row == "$1" ]] || seed=${1##*.}
    case $row in
    without-*) mapfile -t sets < <(others "${row#without-}") ;;
    *) sets=("${all[@]}") ;;
    esac
    # shellcheck disable=SC2086 # options are words
    train "ablation/$1/fold$2" 10 --data "${sets[@]}" --fold "$2" --size 64 --seed "$seed" ${change[$row]}
}

# try_foreign FOLD KIND: a line with how many of the pictures of a kind that fold's network tells to be foreign.
try_foreign() {
    local lines="$out/foreign/$2-$1.jsonl"
    left_out "$program" predict --model "$out/ready/fold$1/weights.safetensors" --out "$out/foreign-masks" \
        "$out/foreign/$2"/*.png >"$lines" 2>"$out/foreign/$2-$1.txt"
    echo "$1,$2,$(grep -c '"looks_like_ultrasound":false' "$lines"),$(wc -l <"$lines")"
}

# copy FROM TO: a text, without this machine's paths, which begin after a quotation mark.
copy() {
    mkdir -p "$(dirname "$2")"
    sed -e "s|\"$data/|\"DATA/|g" -e "s|\"$out/|\"OUT/|g" "$1" >"$2"
}

keep() {
    local here file name fold
    here=$(dirname "$0")
    rm -rf "$here/logs" "$here/reports"
    (cd "$out" && find -L . -name log.csv) | while read -r file; do
        name=${file#./}
        copy "$out/$name" "$here/logs/${name%/log.csv}.csv"
    done
    for file in "$out"/report-*/*/metrics.json; do
        name=${file#"$out/report-"}
        copy "$file" "$here/reports/${name%/metrics.json}.json"
    done
    for file in "$out"/report-ablation/*.json; do copy "$file" "$here/reports/ablation/$(basename "$file")"; done
    for fold in {0..4}; do
        copy "$out/settings/fold$fold.json" "$here/reports/settings/fold$fold.json"
        mkdir -p "$here/folds/fold$fold"
        cp "$out/ready/fold$fold/weights.safetensors" "$here/folds/fold$fold/"
    done
    copy "$out/foreign.csv" "$here/reports/foreign.csv"
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
        echo fold,kind,told,pictures >"$out/foreign.csv"
        for kind in photographs grey-photographs screens grey-screens mri ct; do
            for fold in {0..4}; do try_foreign "$fold" "$kind"; done
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
