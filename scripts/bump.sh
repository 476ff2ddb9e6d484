#!/usr/bin/env bash
# bump.sh PATCHMARK [VERSION]: moves the pin of transformers to the newest release, or to VERSION, if `validate` lets it
# replace the pinned one, and redraws the matrix of releases with it. If it may not, the exit code is validate's.
set -euo pipefail
cd "$(dirname "$0")/.."
patchmark=$1
wanted=${2:-}

fail() {
    echo "bump: $1" >&2
    exit 2
}

python=$PWD/.venv/bin/python
uv=$(scripts/uv.sh "$python")

# pin FILE: the release of transformers that a list of packages holds.
pin() {
    sed -n 's/^transformers==\([^ ;\\]*\).*/\1/p' "$1"
}

pinned=$(pin requirements.in)
[ -n "$pinned" ] || fail "requirements.in pins no transformers"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Both lists are made here and replace the committed ones together, at the end.
cp requirements.txt "$work"

# compile OPTION...: makes requirements.txt from requirements.in, both of that folder.
compile() {
    (cd "$work" && "$uv" pip compile --quiet --universal --generate-hashes --no-header --python "$python" "$@" \
        --output-file requirements.txt requirements.in)
}
sed "s/^transformers==.*/transformers${wanted:+==$wanted}/" requirements.in >"$work/requirements.in"
compile --upgrade-package transformers ||
    fail "no list of packages could be made with transformers ${wanted:-of another release}; the pin stays at $pinned"
wanted=$(pin "$work/requirements.txt")
if [ "$wanted" = "$pinned" ]; then
    echo "bump: transformers $pinned is pinned, and nothing newer goes with the other packages"
    exit
fi
sed "s/^transformers==.*/transformers==$wanted/" requirements.in >"$work/requirements.in"

echo "bump: transformers $wanted against $pinned"
code=0
"$patchmark" validate "transformers==$wanted" --reference "transformers==$pinned" --out runs/bump || code=$?
if [ $code != 0 ]; then
    echo "bump: the pin stays at transformers $pinned; runs/bump says why" >&2
    exit $code
fi

# A cache of its own: what else this user has installed does not belong in the committed matrix.
export PATCHMARK_CACHE=$PWD/.build/releases
mapfile -t drawn < <("$python" -c '
import json
for release in json.load(open("reports/releases/releases.json"))["releases"]:
    print(release["version"])')
"$patchmark" envs add "${drawn[@]}" "$wanted" >/dev/null
"$patchmark" validate --all-releases --reference "transformers==$pinned" --out reports/releases
"$patchmark" report reports/releases --theme dark --format svg >/dev/null
"$patchmark" report --index reports

cp "$work/requirements.in" "$work/requirements.txt" .
echo "bump: transformers $pinned -> $wanted in requirements.in and requirements.txt; run make test before you commit them"
