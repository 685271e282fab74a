#!/bin/bash
# Collects images that are not ultrasound, to measure the out-of-distribution warning: weights/foreign.sh OUT
# Downloads Debian packages that contain images, without installing them, and converts the images to PNG with sides of at
# most 800 pixels: OUT/photographs, OUT/screens, OUT/mri, OUT/ct, and grey copies of the first two in OUT/grey-photographs
# and OUT/grey-screens. Needs ImageMagick. Packages that are already there are not downloaded again.
set -euo pipefail
if [[ $# -ne 1 ]]; then
    echo "usage: $0 OUT" >&2
    exit 2
fi
[[ -e $1/done ]] && exit
if ! command -v convert >/dev/null; then
    echo "$0: needs ImageMagick: apt-get install imagemagick" >&2
    exit 1
fi
mkdir -p "$1/packages"
out=$(cd "$1" && pwd)
cd "$out/packages"
for package in mate-backgrounds plasma-workspace-wallpapers python3-skimage gimp-help-en mricron-data invesalius-examples; do
    [[ -d $package ]] && continue
    apt-get download -qq "$package"
    dpkg-deb -x "$package"_*.deb "$package.partial"
    mv "$package.partial" "$package"
done

# pictures FOLDER...: the paths of the image files, except small icons.
pictures() { find "$@" -type f -size +12k \( -name '*.png' -o -name '*.jpg' \) | sort; }

# take KIND: converts the files listed on stdin and keeps those with sides of at least 160 pixels.
take() {
    mkdir -p "$out/$1" "$out/grey-$1"
    local number=0 file name
    while read -r file; do
        number=$((number + 1))
        name=$(printf '%04d.png' "$number")
        convert "${file}[0]" -strip -resize '800x800>' -background white -alpha remove -depth 8 "$out/$1/$name" 2>/dev/null || continue
        if [[ $(identify -format '%[fx:min(w,h)]' "$out/$1/$name") -lt 160 ]]; then
            rm "$out/$1/$name"
        else
            convert "$out/$1/$name" -colorspace Gray "$out/grey-$1/$name"
        fi
    done
}
pictures mate-backgrounds plasma-workspace-wallpapers python3-skimage/usr/lib/python3/dist-packages/skimage/data | take photographs
pictures gimp-help-en | awk 'NR % 4 == 0' | take screens

# slices FILE BYTES KIND OPTION...: cuts a file of raw pixels into slices of BYTES and converts every second one with
# `convert OPTION...`. Slices that are nearly all air are left out.
slices() {
    local file=$1 bytes=$2 kind=$3 slice picture
    shift 3
    mkdir -p "$out/$kind" slices
    split -b "$bytes" -d -a 3 "$file" slices/
    for slice in slices/??[02468]; do
        picture="$out/$kind/${slice#slices/}.png"
        convert "$@" "gray:$slice" -flip -depth 8 "$picture"
        [[ $(identify -format '%[fx:mean>0.05]' "$picture") == 1 ]] || rm "$picture"
    done
    rm -r slices
}
# Magnetic resonance images of a head: 181 slices of 181 x 217 pixels, 8 bits, after a header of 352 bytes.
zcat mricron-data/usr/share/mricron/templates/ch2.nii.gz | tail -c +353 >mri.raw
slices mri.raw $((181 * 217)) mri -size 181x217 -depth 8
# Computed tomography of a head: slices of 256 x 256 pixels, signed 16 bits, shown from -200 to 300 Hounsfield units.
tar -xzOf invesalius-examples/usr/share/doc/invesalius-examples/examples/Cranium.inv3 --wildcards '*/matrix.dat' >ct.raw
slices ct.raw $((256 * 256 * 2)) ct -size 256x256 -depth 16 -endian LSB -define quantum:format=signed -level 32568,33068
rm ./*.raw
touch "$out/done"
