#!/bin/bash
# Installs into the build folder and uses the installation as another program would: headers in C and C++, the examples
# by pkg-config, shared and static, exported symbols, the program from another folder, manual pages, uninstall.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${BUILD:-build}")
make=${MAKE:-make}
cxx=${CXX:-g++}
work=$build/install-test
prefix=/opt/sonomask
test=test-install
source tests/checks.sh

rm -rf "$work"
mkdir -p "$work/images"
$make --no-print-directory --silent install PREFIX=$prefix DESTDIR="$work/the root" BUILD="$build"
# The installation is moved, so every path in it must be relative.
mv "$work/the root$prefix" "$work/moved"
root=$work/moved
export PKG_CONFIG_PATH=$root/lib/pkgconfig
cp web/samples/phantom-*.png "$work/images"
weights=$root/share/sonomask/sonomask.safetensors

# ---- Headers: each alone and all in another order, as C and as C++ ----
headers=$(cd "$root/include" && echo sonomask/*.h)
check "five headers are installed" test "$(wc -w <<<"$headers")" -eq 5
cflags=$(pkg-config --cflags sonomask)
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
compile_headers() { # compile_headers COMPILER STANDARD SUFFIX HEADER...
    local compiler=$1 standard=$2 suffix=$3 header
    shift 3
    for header in "$@"; do echo "#include <$header>"; done > "$work/headers.$suffix"
    echo "int main(void) { return 0; }" >> "$work/headers.$suffix"
    # shellcheck disable=SC2086 # a list of flags
    "$compiler" -std="$standard" $warnings $cflags -fsyntax-only "$work/headers.$suffix"
}
compilers_c=(gcc)
compilers_cxx=("$cxx")
if command -v clang >/dev/null; then compilers_c+=(clang); fi
if command -v clang++ >/dev/null; then compilers_cxx+=(clang++); fi
reversed=$(tr ' ' '\n' <<<"$headers" | tac)
for header in $headers "$headers" "$reversed"; do
    # shellcheck disable=SC2086 # one header or several
    {
        for compiler in "${compilers_c[@]}"; do
            check "$header as C by $compiler" compile_headers "$compiler" c11 c $header
        done
        for compiler in "${compilers_cxx[@]}"; do
            check "$header as C++ by $compiler" compile_headers "$compiler" c++11 cpp $header
        done
    }
done

# ---- The examples, shared and static, answer as the program does ----
(cd / && env -u SONOMASK_MODEL "$root/bin/sonomask" predict --out "$work/program" "$work"/images/*.png) \
    > "$work/program.jsonl" 2> "$work/program.err" || fail "the program from another folder: $(cat "$work/program.err")"
"$build/sonomask" predict --model weights/sonomask.safetensors --out "$work/tree" "$work"/images/*.png \
    > "$work/tree.jsonl" 2>/dev/null
# without_time FILE: the answers without the field that differs from run to run.
without_time() { sed 's/"milliseconds":[^,}]*//' "$1"; }
check "there is an answer per image" test "$(wc -l < "$work/tree.jsonl")" -eq "$(find "$work/images" -type f | wc -l)"
check "the installed program answers as the built one" \
    diff <(without_time "$work/tree.jsonl") <(without_time "$work/program.jsonl")

# The examples are compared with these answers below, so the golden answers hold for the library, too.
golden_answers() {
    # shellcheck disable=SC2016 # JavaScript
    node --input-type=module -e '
        import { readFileSync } from "node:fs";
        import { basename } from "node:path";
        import { described, differences, readGolden } from "./tests/golden/golden.js";
        const lines = readFileSync(process.argv[1], "utf8").trim().split("\n").map((line) => JSON.parse(line));
        const found = lines.flatMap((line) => differences(readGolden(), "web/samples/" + basename(line.file), { ...line, ...described(line) }));
        for (const difference of found) console.error(difference);
        process.exitCode = found.length ? 1 : 0;
    ' "$work/program.jsonl"
}
check "golden answers by the installed program" golden_answers

# expected NAME: what examples/segment prints for an image, from the program's JSON line.
expected() {
    # shellcheck disable=SC2016 # JavaScript
    node -e '
        const line = require("fs").readFileSync(process.argv[1], "utf8").split("\n").find((l) => l.includes(process.argv[2]));
        const answer = JSON.parse(line);
        console.log("type " + answer.type);
        for (const lesion of answer.lesions)
            console.log(`lesion area_px ${lesion.area_px}, long_axis_px ${lesion.long_axis_px.toFixed(1)}`);
    ' "$work/tree.jsonl" "$1"
}
# expected_many: what examples/segment_many prints for all images.
expected_many() {
    node -e '
        for (const line of require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n")) {
            const answer = JSON.parse(line);
            console.log([answer.file + ": " + answer.type, ...answer.lesions.map((l) => l.area_px + " px")].join(", "));
        }' "$work/tree.jsonl"
}

# same_image_data FILE FILE: whether two PNG files of the same writer differ only in their text chunks.
same_image_data() {
    node -e '
        const { readFileSync } = require("fs");
        const chunks = (file) => {
            const bytes = readFileSync(file), found = [];
            for (let at = 8, length = 0; at < bytes.length; at += 12 + length) {
                length = bytes.readUInt32BE(at);
                if (bytes.toString("latin1", at + 4, at + 8) !== "tEXt") found.push(bytes.subarray(at, at + 12 + length));
            }
            return Buffer.concat(found);
        };
        process.exitCode = chunks(process.argv[1]).equals(chunks(process.argv[2])) ? 0 : 1;
    ' "$1" "$2"
}

run_examples() { # run_examples KIND
    local kind=$1 image name
    for image in "$work"/images/*.png; do
        name=$(basename "$image" .png)
        check "segment ($kind) of $name" \
            diff <(expected "$name.png") <("$work/segment-$kind" "$weights" "$image" "$work/$kind-$name.png")
        check "segment ($kind) replaces no file" \
            test "$("$work/segment-$kind" "$weights" "$image" "$work/$kind-$name.png" 2>&1 >/dev/null)" \
            = "$work/$kind-$name.png: cannot be written"
        check "mask of segment ($kind) of $name" same_image_data "$work/tree/${name}_mask.png" "$work/$kind-$name.png"
    done
    check "segment_many ($kind)" \
        diff <(expected_many) <("$work/segment_many-$kind" "$weights" "$work"/images/*.png)
}

shared=$(pkg-config --libs sonomask)
static=$(pkg-config --static --libs sonomask)
# shellcheck disable=SC2086 # lists of flags
{
    for compiler in "${compilers_c[@]}"; do
        "$compiler" -std=c11 $warnings $cflags native/examples/segment.c $shared -o "$work/segment-$compiler"
        "$compiler" -std=c11 $warnings -static $cflags native/examples/segment.c $static -o "$work/segment-$compiler-static"
    done
    for compiler in "${compilers_cxx[@]}"; do
        "$compiler" -std=c++11 $warnings $cflags native/examples/segment_many.cpp $shared -pthread \
            -o "$work/segment_many-$(basename "$compiler")"
        "$compiler" -std=c++11 $warnings -static $cflags native/examples/segment_many.cpp $static -pthread \
            -o "$work/segment_many-$(basename "$compiler")-static"
    done
    mv "$work/segment-gcc" "$work/segment-shared"
    mv "$work/segment-gcc-static" "$work/segment-static"
    mv "$work/segment_many-$(basename "$cxx")" "$work/segment_many-shared"
    mv "$work/segment_many-$(basename "$cxx")-static" "$work/segment_many-static"
    gcc -std=c11 -w -isystem "$build/inc" $cflags tests/install/stb_host.c -static $static -o "$work/stb_host"
}
soname=$(objdump -p "$root/lib/libsonomask.so" | sed -n 's/^ *SONAME *//p')
check "the examples need the library by its soname" \
    grep -q "NEEDED.*$soname" <(objdump -p "$work/segment-shared")
check "the soname is a link to the library" test -f "$root/lib/$soname"
LD_LIBRARY_PATH=$root/lib run_examples shared
run_examples static
check "a program with its own stb_image" test "$("$work/stb_host" "$work/images/phantom-1.png" | cut -d, -f2)" = " ok"

# ---- Symbols ----
exported=$(nm -D --defined-only "$root/lib/libsonomask.so" | awk '{ print $3 }' | sort)
declared=$(sed -n 's/^SM_API .*\b\(sm_[a-z0-9_]*\)(.*/\1/p' "$root"/include/sonomask/*.h | sort)
check "exported are the functions that the headers declare" diff <(echo "$declared") <(echo "$exported")
check "global symbols of the static library are the same" \
    diff <(echo "$declared") <(nm -g --defined-only "$root/lib/libsonomask.a" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort)
for name in $declared; do
    check "tests/c/test_api.c calls $name" grep -q "\b$name(" tests/c/test_api.c
done

# ---- Version, manual pages, licences, uninstall ----
for name in LICENSE THIRD_PARTY_NOTICES.md; do
    check "$name is installed" cmp "$name" "$root/share/doc/sonomask/$name"
done
check "pkg-config has the library's version" \
    test "sonomask $(pkg-config --modversion sonomask)" = "$("$root/bin/sonomask" --version)"
check "the manual page has every command" \
    test "$(grep -c '^usage: sonomask' "$root/share/man/man1/sonomask.1")" -eq \
    "$("$root/bin/sonomask" --help | grep -c '^  [a-z]')"
check "the manual page of the library has every function" \
    diff <(echo "$declared") <(sed -n '/^.SH SYNOPSIS/,/^.SH DESC/s/^[a-z].*\b\(sm_[a-z0-9_]*\)(.*/\1/p' \
        "$root/share/man/man3/sonomask.3" | sort)
if command -v groff >/dev/null; then
    for page in "$root"/share/man/man?/*; do
        check "$page has no error" test -z "$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null)"
    done
fi
mv "$work/moved" "$work/the root$prefix"
$make --no-print-directory --silent uninstall PREFIX=$prefix DESTDIR="$work/the root" BUILD="$build"
check "uninstall leaves no file" test -z "$(find "$work/the root" ! -type d)"
for folder in include share share/doc; do
    check "uninstall leaves no $folder/sonomask" test ! -e "$work/the root$prefix/$folder/sonomask"
done
rm -rf "$work"
echo "test-install: $checks checks passed"
