#!/usr/bin/env bash
# subjects.sh PATCHMARK: validates the programs of examples/subjects, each against the class that it must equal. The packages
# that they wrap are installed into .build/subjects.
set -euo pipefail
cd "$(dirname "$0")/.."
patchmark=$1

scripts/install.sh .build/subjects timm==1.0.31 hf-processors-rs==0.1.0
export PYTHONPATH=$PWD/.build/subjects
cc -std=c11 -O3 -ffp-contract=off -o .build/naflex examples/subjects/c/naflex.c -lm

# passes SUBJECT OPTION...: the subject must pass every check that applies to it.
passes() {
    printf '\n== %s\n' "$*"
    "$patchmark" validate "$@" --corpus quick --no-speed --model none --out runs/subjects
}

passes exec:.build/naflex
passes "exec:.venv/bin/python examples/subjects/hf-processors-rs/naflex.py"
timm="exec:.venv/bin/python examples/subjects/timm/naflex.py"
# timm resizes with Pillow, as transformers' Pillow class does.
passes "$timm" --reference hf-pil
passes "$timm" --allow one-level
printf '\nsubjects: all passed\n'
