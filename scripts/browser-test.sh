#!/usr/bin/env bash
# Draws pages and tests them in Debian's Chromium, which is installed if it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

need() { echo "browser-test: $1" >&2; exit 2; }

browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
if [ -z "$browser" ]; then
    command -v apt-get >/dev/null || need "no chromium and no apt-get: install Chromium, or name it in CHROMIUM"
    [ "$(id -u)" = 0 ] || need "no chromium: run 'sudo apt-get install chromium', or name it in CHROMIUM"
    { apt-get update && apt-get install -y --no-install-recommends chromium; } >&2 \
        || need "apt-get cannot install chromium: install it by hand, or name it in CHROMIUM"
    browser=$(command -v chromium)
fi
command -v npm >/dev/null || need "no npm: install Node 20 or newer"
(cd tests/browser && npm ci --no-audit --no-fund --silent) || need "npm cannot install tests/browser/package-lock.json"

pages=runs/browser-test
rm -rf "$pages"
mkdir -p "$pages"
patchmark=target/release/patchmark
others=()
$patchmark report reports/two-threads --out "$pages/run" >/dev/null
$patchmark report reports/two-threads reports/one-thread/* --out "$pages/runs"
others+=("$pages/runs/report.html")
for kind in compare parity releases; do
    $patchmark report "reports/$kind" --out "$pages/$kind" >/dev/null
    others+=("$pages/$kind/report.html")
done
$patchmark report --index "$pages"
others+=("$pages/index.html")
CHROMIUM="$browser" node tests/browser/pages.js "$pages/run" "${others[@]}"
