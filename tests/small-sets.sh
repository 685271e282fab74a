#!/bin/bash
# Measures training and calibration on few images: tests/small-sets.sh DATA OUT [DRAWS]
# DATA holds busi. For each fold K that has a network in weights/folds and each draw: COUNT images of fold K are drawn by
# whole groups, the network that was trained without fold K is fine-tuned on or calibrated to them, and base and result
# are scored on the rest of the fold. Finished steps are kept: the same command continues. Lines of figures go to OUT/*.csv:
# experiment,fold,images,draw,lesion Dice before,Dice before,lesion Dice after,Dice after. "Dice" is the mean over outlined
# images, in which a normal image counts 1 without a mask.
# THREADS (1), PROGRAM (build/sonomask), EXPERIMENTS ("tune calibrate scratch") and SIZE (96; of "scratch") can be set.
set -euo pipefail
if [[ $# -lt 2 ]]; then
    echo "usage: $0 DATA OUT [DRAWS]" >&2
    exit 2
fi
data=$1 out=$2 draws=${3:-5}
here=$(cd "$(dirname "$0")" && pwd)
program=${PROGRAM:-$here/../build/sonomask}
threads=${THREADS:-1}
mkdir -p "$out"

# score MODEL DATA OUT: prints "lesion Dice,overall", from images.csv.
score() {
    [[ -e $3/metrics.json ]] || "$program" evaluate --no-pictures --threads "$threads" --model "$1" --data "$2" --out "$3" \
        >/dev/null 2>&1
    python3 - "$3/metrics.json" <<'PYTHON'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    scores = json.load(file)["splits"]["all"]
print(f"{scores['lesion_dice']:.4f},{scores['imagewise']['dice']:.4f}")
PYTHON
}

draw_images() { # FOLD COUNT DRAW
    place=$out/draws/$1-$2-$3
    [[ -e $place/rest/manifest.csv ]] || python3 "$here/small_sets_draw.py" "$data/busi/manifest.csv" "$1" "$2" "$3" "$place"
}

# record EXPERIMENT FOLD COUNT DRAW BASE RESULT
record() {
    grep -qs "^$1,$2,$3,$4," "$out/$1.csv" && return
    echo "$1,$2,$3,$4,$(score "$5" "$place/rest" "$place/base-$1"),$(score "$6" "$place/rest" "$place/$1")" | tee -a "$out/$1.csv"
}

tune() { # FOLD DRAW
    local base=$here/../weights/folds/fold$1/weights.safetensors
    draw_images "$1" 50 "$2"
    [[ -e $place/tuned/done ]] || {
        "$program" train --data "$place/drawn" --from "$base" --threads "$threads" --out "$place/tuned" --resume --seed "$2" \
            2>>"$place/tuned.txt"
        touch "$place/tuned/done"
    }
    record tune "$1" 50 "$2" "$base" "$place/tuned/best.safetensors"
}

calibrate() { # FOLD COUNT DRAW
    local base=$here/../weights/folds/fold$1/weights.safetensors
    draw_images "$1" "$2" "$3"
    [[ -e $place/calibrated.safetensors ]] || "$program" calibrate --model "$base" --data "$place/drawn" --threads \
        "$threads" --out "$place/calibrated.safetensors" >"$place/calibrated.json" 2>"$place/calibrated.txt"
    record calibrate "$1" "$2" "$3" "$base" "$place/calibrated.safetensors"
}

# Before: the defaults of the version before (200 steps of warm-up, 60 epochs).
scratch() { # FOLD DRAW
    draw_images "$1" 50 "$2"
    local size=${SIZE:-96}
    [[ -e $place/new/done ]] || {
        "$program" train --data "$place/drawn" --size "$size" --threads "$threads" --out "$place/old" --resume --epochs 60 \
            --warm-up-steps 200 2>>"$place/old.txt"
        "$program" train --data "$place/drawn" --size "$size" --threads "$threads" --out "$place/new" --resume \
            2>>"$place/new.txt"
        touch "$place/new/done"
    }
    record scratch "$1" 50 "$2" "$place/old/weights.safetensors" "$place/new/weights.safetensors"
}

for ((draw = 1; draw <= draws; draw++)); do
    for experiment in ${EXPERIMENTS:-tune calibrate scratch}; do
        fold=$(((draw - 1) % 3))
        case $experiment in
        calibrate) for count in 20 50 100; do calibrate "$fold" "$count" "$draw"; done ;;
        *) "$experiment" "$fold" "$draw" ;;
        esac
    done
done
