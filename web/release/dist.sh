#!/bin/bash
# Called by `make dist` after everything was built: puts the files of a release into a folder.
#     dist.sh FOLDER NAME EPOCH PACKAGES WHEELS
# NAME is sonomask-VERSION, EPOCH the time in all archives; PACKAGES and WHEELS hold the npm package and the wheel.
set -euo pipefail
cd "$(dirname "$0")/../.."
dist=$1 name=$2 packages=$4 wheels=$5
export SOURCE_DATE_EPOCH=$3 LC_ALL=C TZ=UTC
work=$dist.work

# pack FOLDER ARCHIVE: FOLDER of the working folder as a sorted archive without owners and times of the machine.
pack() {
    tar --create --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --mode=u+rw,go=u,go-w --directory="$work" "$1" | gzip -n -9 > "$2"
}

rm -rf "$dist" "$work"
mkdir -p "$dist" "$work"

cp "$packages/$name.tgz" "$wheels"/*.whl "$dist"

# The sources: the files of the commit. In an unpacked archive, which is no git repository, MANIFEST lists them and
# REVISION names the commit. With PKG-INFO the archive is also the source distribution of the Python package.
mkdir "$work/$name"
if [[ -e .git ]]; then
    git ls-files > "$work/MANIFEST"
    git describe --always --dirty > "$work/REVISION"
    if [[ -n $(git status --porcelain --untracked-files=no) ]]; then
        echo "make dist: the working tree differs from the commit; the archives hold the files as they are now" >&2
    fi
else
    cp MANIFEST REVISION "$work"
fi
tar --create --files-from="$work/MANIFEST" | tar --extract --directory="$work/$name"
cp "$work/MANIFEST" "$work/REVISION" "$work/$name"
unzip -p "$dist"/*.whl '*.dist-info/METADATA' > "$work/$name/PKG-INFO"
pack "$name" "$dist/$name.tar.gz"

# The page as one file, and as a folder for a web server.
node web/single.js "$dist/$name.html" 2> "$work/single.log" || { cat "$work/single.log" >&2; exit 1; }
node web/release/site.js "$work/$name-site"
pack "$name-site" "$dist/$name-site.tar.gz"
mv "$work/$name-site" "$dist/$name-site"

node web/release/sbom.js "$dist" "$name"
node web/release/checksums.js "$dist" "$name"
rm -r "$work"
(cd "$dist" && sha256sum --quiet --check SHA256SUMS)
echo "$dist:"
find "$dist" -mindepth 1 -maxdepth 1 -printf '  %f\n' | sort
