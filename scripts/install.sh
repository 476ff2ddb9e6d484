#!/usr/bin/env bash
# install.sh FOLDER PACKAGE==VERSION ...: installs packages without their dependencies into a separate folder for
# PYTHONPATH, so that .venv holds exactly what requirements.txt says. A second run with the same packages does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
shift
stamp=$folder/.patchmark-stamp
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$*" ] && exit 0
uv=$(scripts/uv.sh .venv/bin/python)
rm -rf "$folder"
"$uv" pip install --quiet --no-deps --python .venv/bin/python --target "$folder" "$@"
printf '%s' "$*" >"$stamp"
