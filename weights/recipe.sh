#!/bin/bash
# Trains the weights anew, and scores them on the fold that they never saw: weights/recipe.sh DATA OUT
# DATA holds the folders busi, busbra and busuc, each with a manifest.csv. About four hours on two cores; run it again
# after an interruption and it goes on. The same processor type, data and threads give the same bits.
set -euo pipefail
if [[ $# -ne 2 ]]; then
    echo "usage: $0 DATA OUT" >&2
    exit 2
fi
data=$1 out=$2
program=$(dirname "$0")/../build/sonomask
mkdir -p "$out"

# train NAME OPTION...: status 1 only says that images were left out (two of BUS-UC's masks have another size).
train() {
    local name=$1
    shift
    [[ -e $out/$name/done ]] && return
    "$program" train --data "$data"/{busi,busbra,busuc} --out "$out/$name" --seed 1 --resume "$@" || [[ $? -eq 1 ]]
    grep -q "^$epochs," "$out/$name/log.csv" && touch "$out/$name/done"
}

# Four teachers. None saw fold 0; of three of them each left one more fold out, so that it has no memory of those images.
epochs=40 && train first --fold 0 --size 192 --epochs 40 --threads 2
epochs=30
for fold in 1 2 3; do train "teacher-$fold" --leave-out 0 --fold $fold --size 128 --epochs 30 --threads 1; done

# The network, from the first one's weights, taught by all four.
epochs=36 && train second --fold 0 --size 192 --epochs 36 --threads 1 --from "$out/first/weights.safetensors" \
    --teacher "$out"/{first,teacher-1,teacher-2,teacher-3}/weights.safetensors

# Settings: see the model card.
"$program" calibrate --model "$out/second/weights.safetensors" --data "$data"/{busi,busbra,busuc} --not-fold 0 --fit outliers \
    --temperature 1 --threshold 0.5 --minimum-area 0.002 --confidence-power 2.8 --precision 8 \
    --out "$out/sonomask.safetensors" || [[ $? -eq 1 ]]

for set in busi busbra; do
    "$program" evaluate --data "$data/$set" --fold 0 --validation-only --model "$out/sonomask.safetensors" \
        --out "$out/report-$set"
done
