#!/bin/bash
# man_page_3.sh VERSION HEADER...: the manual page of the library, from the comment at the top of the first header and
# the functions that all of them declare.
set -euo pipefail
version=$1
shift

# Text as it is: backslashes and leading dots and quotes have a meaning in roff.
verbatim() {
    echo .nf
    sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"
    echo .fi
}

echo ".TH SONOMASK 3 \"\" \"sonomask $version\" \"Library functions\""
echo ".SH NAME"
echo 'sonomask \- segment lesions in breast ultrasound images'
echo ".SH SYNOPSIS"
{
    echo '#include <sonomask/sonomask.h>'
    echo
    # From SM_API to the semicolon, on one or more lines.
    awk '/^SM_API/ { inside = 1 } inside { print } /;$/ { inside = 0 }' "$@" |
        sed -e 's/^SM_API //' -e 's/^ \+/        /'
} | verbatim
echo ".PP"
echo 'Compile and link with the flags of'
echo '.BR "pkg\-config \-\-cflags \-\-libs sonomask" .'
echo ".SH DESCRIPTION"
sed -n -e '1,/^ \*\//p' "$1" | sed -e '1d' -e '/^ \*\/$/d' -e 's/^ \* \?//' | verbatim
echo ".SH SEE ALSO"
echo ".BR sonomask (1)"
echo ".PP"
echo 'The comments of the installed headers describe each function and structure.'
