#!/bin/bash
# Trains the folds of a cross-validation as a Slurm array job, one fold per task:
#     sbatch --array=0-4 native/slurm-folds.sh --data my-data --out runs [other options of train]
# Task K trains fold K into OUT/foldK, with the seed and data of the options, so that
# `sonomask evaluate --data my-data --folds runs` finds all networks afterwards. A task that Slurm starts again, for
# example after a preemption, goes on from its checkpoint. SONOMASK is the program (default: sonomask, from PATH).
#SBATCH --job-name=sonomask
#SBATCH --cpus-per-task=4
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@120
set -euo pipefail

if [[ ! ${SLURM_ARRAY_TASK_ID:-} =~ ^[0-9]+$ ]]; then
    echo "usage: sbatch --array=0-4 $0 --data PATH... --out DIR [OPTION]..." >&2
    exit 2
fi

out=
options=()
while (($#)); do
    case $1 in
    --out)
        out=${2:-}
        shift
        (($#)) && shift
        ;;
    --out=*)
        out=${1#--out=}
        shift
        ;;
    --fold | --fold=* | --folds | --folds=* | --jobs | --jobs=*)
        echo "$0: the number of the array task is the fold: leave out ${1%%=*}" >&2
        exit 2
        ;;
    *)
        options+=("$1")
        shift
        ;;
    esac
done
if [[ -z $out ]]; then
    echo "$0: --out is missing" >&2
    exit 2
fi

exec "${SONOMASK:-sonomask}" train --threads "${SLURM_CPUS_PER_TASK:-1}" "${options[@]}" \
    --fold "$SLURM_ARRAY_TASK_ID" --out "$out/fold$SLURM_ARRAY_TASK_ID" --resume
