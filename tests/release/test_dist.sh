#!/bin/bash
# Makes a release here and, from its source archive, in another folder; the bytes must be the same. Then checks what the
# release says about itself, and serves its page with the web servers that are installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath -m "${BUILD:-build}")
make=${MAKE:-make}
work=$build/dist-test
test=test-dist
source tests/checks.sh

$make --no-print-directory dist
dist=$build/dist
archive=$(echo "$dist"/sonomask-*.tar.gz | tr ' ' '\n' | grep -v site)
name=$(basename "$archive" .tar.gz)

# ---- The same bytes in another folder, from the source archive ----
rm -rf "$work"
mkdir -p "$work"
tar --extract --gzip --file="$archive" --directory="$work"
other=$work/$name
# The modules of npm come with a lock file; a copy saves the download.
cp -al node_modules "$other/node_modules"
find "$other/node_modules/.package-lock.json" -newer "$other/package-lock.json" | grep -q . || touch "$other/node_modules/.package-lock.json"
env -u BUILD -u MAKEFLAGS $make --no-print-directory -C "$other" dist
check "two builds in two folders give the same bytes" diff <(cat "$dist/SHA256SUMS") <(cat "$other/build/dist/SHA256SUMS")
check "and the same list of checksums" cmp "$dist/integrity.json" "$other/build/dist/integrity.json"

# ---- What the release says about itself ----
check "SHA256SUMS names every file" diff \
    <(cd "$dist" && find . -type f ! -path ./SHA256SUMS -printf '%P\n' | LC_ALL=C sort) <(cut -c67- "$dist/SHA256SUMS" | LC_ALL=C sort)
check "the source archive is a source distribution of Python" grep -q '^Name: sonomask$' "$other/PKG-INFO"
size_at_most() { test "$(stat -c %s "$1")" -le "$2"; }
check "the npm package is at most 2.0 MB" size_at_most "$dist/$name.tgz" 2000000
check "the wheel is at most 3.5 MB" size_at_most "$(echo "$dist"/*.whl)" 3500000
BUILD=$build node --test tests/release/*.test.js
rm -rf "$work"
echo "test-dist: $checks checks passed"
