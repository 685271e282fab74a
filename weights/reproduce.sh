#!/bin/bash
# Trains the second generation and computes every figure of its model card: weights/reproduce.sh DATA OUT [STEP...]
# DATA holds the folders busi, busbra, busuc, busuclm and pretrain (other organs), each with its manifests. Without STEP
# all steps run, in this order:
#   pretrain    trains on other organs, masks only
#   folds       trains five networks, each without one fold
#   settings    fits the settings of each network to the answers of the four others on their folds, and scores it
#   sets        trains four networks, each without one data set, and scores each on that set
#   ablation    trains with one part of the recipe changed, briefly, at a low resolution, on two folds
#   robustness  scores the five networks on changed images
#   foreign     counts how many out-of-distribution images the five networks flag (images from Debian, see foreign.sh)
#   ship        trains the shipped network on all images, by the recipe of the folds
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
sets=(busi busbra busuc busuclm)
all=("${sets[@]/#/$data/}")
organs=("$data"/pretrain/{mmotu,ddti,hc18,usgra,tg3k})
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
    left_out "$program" train --out "$out/$name" --seed 1 --threads 1 --epochs "$epochs" --balance 0.7 \
        --learning-rate 0.002 --warm-up-steps 200 --inner 0 --resume "$@" \
        2>>"$out/$name.progress"
    grep -q "^$epochs," "$out/$name/log.csv" && touch "$out/$name/done"
}

# learn NAME OPTION...: trains the network that ships, into OUT/NAME. The recipe has three stages: other organs and then
# the data at a low resolution, where an epoch takes a third of the time, then the data at the full resolution. The weights of
# a stage are the start of the next one only: none of them are mixed into its result, as in fine-tuning on few images.
learn() {
    train "coarse/$1" 12 --net sonomask2 --size 96 --from "$out/pretrain/weights.safetensors" --mix 1 --data "${@:2}"
    train "$1" 24 --net sonomask2 --size 192 --learning-rate 0.001 --from "$out/coarse/$1/weights.safetensors" --mix 1 \
        --data "${@:2}"
}

# at_once STEP...: runs the steps, as many at a time as there are processors.
at_once() { printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} "$0" "$data" "$out" {}; }

# others SET: the folders of the other data sets.
others() {
    local set
    for set in "${sets[@]}"; do [[ $set == "$1" ]] || echo "$data/$set"; done
}

# score NAME FOLDS OPTION...: scores every data set. FOLDS holds one network per fold; each image is scored with the network
# that was not trained on it.
score() {
    local name=$1 folds=$2 set
    shift 2
    for set in "${sets[@]}"; do
        left_out "$program" evaluate --data "$data/$set" --folds "$folds" --out "$out/report-$name/$set" "$@"
    done
}

# Settings of networks for which none were fitted.
unfitted=(--threshold 0.5 --minimum-area 0.002)

# set_up FOLD: writes OUT/ready/foldK, that fold's network in seven bits. Its settings are fitted to the answers of the other
# networks, each on its own fold: nothing of fold K goes into them.
set_up() {
    [[ -e $out/ready/fold$1/weights.safetensors ]] && return
    mkdir -p "$out/ready/fold$1"
    left_out "$program" calibrate --no-check --model "$out/folds/fold$1/weights.safetensors" --data "${all[@]}" \
        --folds "$out/folds" --not-fold "$1" --precision 7 --out "$out/ready/fold$1/weights.safetensors" \
        >"$out/ready/fold$1/settings.json"
}

# Options per row of the ablation table. Each row changes one part of the recipe; `study` is the published recipe as a whole.
declare -A change=(
    [recipe]=''
    [study]='--net unet16 --type-loss mae --augmentation study --balance 0 --auxiliary 0 --average 0 --normals 0'
    [unconditioned]='--net sonomask2-unconditioned'
    [mae]='--type-loss mae'
    [no-geometry]='--augmentation no-geometry'
    [no-intensity]='--augmentation no-intensity'
    [no-quality]='--augmentation no-quality'
    [no-paste]='--augmentation no-paste'
    [no-negatives]='--augmentation no-negatives'
    [no-marks]='--augmentation no-marks'
    [no-late-normals]='--normals 0'
    [no-prompts]='--prompts 0'
    [no-average]='--average 0'
    [without-busbra]=''
    [without-busuc]=''
    [without-busuclm]=''
    [size-96]='--size 96'
)
rows=(recipe study unconditioned mae no-geometry no-intensity no-quality no-paste no-negatives no-marks no-late-normals
    no-prompts no-average without-busbra without-busuc without-busuclm size-96)
# Two more seeds for the rows whose comparison matters most, because small differences may be chance.
for row in recipe unconditioned; do rows+=("$row.2" "$row.3"); done
# ablate ROW FOLD: trains one row. ROW may end in a dot and a seed.
ablate() {
    local row=${1%.[0-9]} seed=1 known
    [[ $row == "$1" ]] || seed=${1##*.}
    case $row in
    without-*) mapfile -t known < <(others "${row#without-}") ;;
    *) known=("${all[@]}") ;;
    esac
    # shellcheck disable=SC2086 # the options are separate words
    train "ablation/$1/fold$2" 10 --data "${known[@]}" --fold "$2" --size 64 --seed "$seed" ${change[$row]}
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

[[ $# -eq 0 ]] && set -- pretrain folds settings sets ablation robustness foreign ship keep
for step in "$@"; do
    case $step in
    pretrain)
        train pretrain 20 --net sonomask2 --size 96 --balance 0.5 --prompts 0 --normals 0 --augmentation no-marks \
            --data "${organs[@]}"
        ;;
    folds) at_once fold-{0..4} ;;
    fold-*) learn "folds/fold${step#fold-}" "${all[@]}" --fold "${step#fold-}" ;;
    settings)
        for fold in {0..4}; do set_up "$fold"; done
        score folds "$out/ready" --clicks
        ;;
    sets)
        at_once "${sets[@]/#/set-}"
        for set in "${sets[@]}"; do
            mkdir -p "$out/report-sets"
            mapfile -t known < <(others "$set")
            left_out "$program" calibrate --no-check --model "$out/sets/$set/weights.safetensors" --data "${known[@]}" \
                --folds "$out/folds" --precision 7 --overwrite --out "$out/sets/$set.safetensors" >/dev/null
            left_out "$program" evaluate --data "$data/$set" --all-folds --model "$out/sets/$set.safetensors" \
                --no-pictures --out "$out/report-sets/$set"
        done
        ;;
    set-*)
        mapfile -t known < <(others "${step#set-}")
        learn "sets/${step#set-}" "${known[@]}"
        ;;
    ablation)
        at_once "${rows[@]/#/ablate-0-}"
        at_once "${rows[@]/#/ablate-1-}"
        mkdir -p "$out/report-ablation"
        for row in "${rows[@]}"; do
            for set in busi busbra busuclm; do
                "$program" evaluate --data "$data/$set" --folds "$out/ablation/$row" "${unfitted[@]}" \
                    --no-pictures --out "$out/ablation-details/$row/$set" >"$out/report-ablation/$row-$set.json"
            done
        done
        ;;
    ablate-*) ablate "${step#ablate-?-}" "$(cut -c8 <<<"$step")" ;;
    robustness) score robustness "$out/ready" --no-pictures --robustness --robustness-images 120 ;;
    foreign)
        "$(dirname "$0")/foreign.sh" "$out/foreign"
        echo fold,kind,flagged,images >"$out/foreign.csv"
        for kind in photographs grey-photographs screens grey-screens mri ct; do
            for fold in {0..4}; do flag "$fold" "$kind"; done
        done | tee -a "$out/foreign.csv"
        rm -r "$out/foreign-masks"
        ;;
    ship)
        learn ship "${all[@]}"
        left_out "$program" calibrate --no-check --model "$out/ship/weights.safetensors" --data "${all[@]}" --folds "$out/folds" \
            --precision 7 --overwrite --out "$out/sonomask.safetensors" >"$out/settings.json"
        ;;
    keep) keep ;;
    *)
        echo "$0: unknown step $step" >&2
        exit 2
        ;;
    esac
done
