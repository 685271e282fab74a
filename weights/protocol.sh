#!/bin/bash
# What can be said honestly of a recipe: every image scored by a network that has not seen its fold, or its whole data
# set. weights/protocol.sh DATA OUT [STEP...]; DATA holds the folders busi, busbra and busuc, each with a manifest.csv.
# Steps, in this order when none is named:
#   folds      five networks, each without one fold, scored on it
#   sets       three networks, each without one data set, scored on it
#   ablation   what each part of the recipe is worth, on two folds, coarse pictures only
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
    left_out "$program" train --out "$out/$name" --seed 1 --threads 1 --epochs "$epochs" --resume "$@" 2>>"$out/$name.progress"
    grep -q "^$epochs," "$out/$name/log.csv" && touch "$out/$name/done"
}

# The recipe: a network sees the coarse picture first, three times as fast, then the fine one.
# learn NAME OPTION...: into OUT/NAME, by way of OUT/coarse/NAME.
learn() {
    local name=$1
    shift
    train "coarse/$name" 24 --balance 0.7 --size 96 "$@"
    train "$name" 12 --balance 0.7 --size 160 --learning-rate 0.001 --from "$out/coarse/$name/weights.safetensors" "$@"
}

# at_once STEP...: as many at the same time as there are processors.
at_once() { printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} "$0" "$data" "$out" {}; }

others() { # the sets but one
    for set in busi busbra busuc; do [[ $set == "$1" ]] || echo "$data/$set"; done
}

# What is changed for a row of the table, each time one thing; the study's own recipe is changed altogether.
declare -A change=(
    [recipe]=''
    [study]='--net unet16 --type-loss mae --augmentation study --balance 0 --auxiliary 0 --average 0'
    [unet16]='--net unet16'
    [unconditioned]='--net sonomask-unconditioned'
    [mae]='--type-loss mae'
    [no-geometry]='--augmentation no-geometry'
    [no-intensity]='--augmentation no-intensity'
    [no-quality]='--augmentation no-quality'
    [no-paste]='--augmentation no-paste'
    [no-average]='--average 0'
    [no-auxiliary]='--auxiliary 0'
    [no-balance]='--balance 0'
    [size-64]='--size 64'
    [size-128]='--size 128'
    [without-busbra]=''
    [without-busuc]=''
)
# ablate ROW FOLD
ablate() {
    local sets
    case $1 in
    without-*) mapfile -t sets < <(others "${1#without-}") ;;
    *) sets=("${all[@]}") ;;
    esac
    # shellcheck disable=SC2086 # options are words
    train "ablation/$1/fold$2" 8 --data "${sets[@]}" --fold "$2" --balance 0.7 --size 96 ${change[$1]}
}

# The settings of the shipped weights, chosen before these networks were there: see the model card.
settings=(--threshold 0.5 --minimum-area 0.002 --flip)

[[ $# -eq 0 ]] && set -- folds sets ablation
for step in "$@"; do
    case $step in
    folds)
        at_once fold-{0..4}
        for set in busi busbra busuc; do
            left_out "$program" evaluate --data "$data/$set" --folds "$out/folds" "${settings[@]}" --out "$out/report-folds/$set"
        done
        ;;
    fold-*) learn "folds/fold${step#fold-}" --data "${all[@]}" --fold "${step#fold-}" ;;
    sets)
        at_once set-busi set-busbra set-busuc
        for set in busi busbra busuc; do
            left_out "$program" evaluate --data "$data/$set" --all-folds --model "$out/sets/$set/weights.safetensors" "${settings[@]}" \
                --out "$out/report-sets/$set"
        done
        ;;
    set-*)
        mapfile -t sets < <(others "${step#set-}")
        learn "sets/${step#set-}" --data "${sets[@]}"
        ;;
    ablation)
        mapfile -t rows < <(printf '%s\n' "${!change[@]}" | sort)
        at_once "${rows[@]/#/ablate-0-}" "${rows[@]/#/ablate-1-}"
        for row in "${rows[@]}"; do
            "$program" evaluate --data "$data"/{busi,busbra} --folds "$out/ablation/$row" "${settings[@]}" --no-pictures \
                --out "$out/report-ablation/$row"
        done
        "$program" evaluate --data "$data"/{busi,busbra} --folds "$out/ablation/recipe" "${settings[@]}" --no-flip --no-pictures \
            --out "$out/report-ablation/no-flip"
        ;;
    ablate-*) ablate "${step#ablate-?-}" "$(cut -c8 <<<"$step")" ;;
    *)
        echo "$0: unknown step $step" >&2
        exit 2
        ;;
    esac
done
