#!/usr/bin/env bash
# subjects.sh PATCHMARK: validates the programs of examples/subjects, each against the class that it must equal, and timm's
# against the default class, from which it differs. The packages that they wrap are installed into .build/subjects.
set -euo pipefail
cd "$(dirname "$0")/.."
patchmark=$1

scripts/install.sh .build/subjects timm==1.0.31 hf-processors-rs==0.1.0
export PYTHONPATH=$PWD/.build/subjects
cc -std=c11 -O3 -ffp-contract=off -o .build/naflex examples/subjects/c/naflex.c -lm

# judge SUBJECT OPTION...: validates a subject; ends the script unless it passes every check that applies to it.
judge() {
    printf '\n== %s\n' "$*"
    "$patchmark" validate "$@" --corpus quick --no-speed --model none --out runs/subjects
}

judge exec:.build/naflex
judge "exec:.venv/bin/python examples/subjects/hf-processors-rs/naflex.py"
timm="exec:.venv/bin/python examples/subjects/timm/naflex.py"
# timm resizes with Pillow, as transformers' Pillow class does. Beside the default class its values differ: exit code 4.
judge "$timm" --reference hf-pil
code=0
judge "$timm" || code=$?
[ "$code" = 4 ]
printf '\nsubjects: all as expected\n'
