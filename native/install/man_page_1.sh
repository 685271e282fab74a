#!/bin/bash
# man_page_1.sh PROGRAM: the manual page of the command line, from the program's own --help texts.
set -euo pipefail
program=$1

# A help text as it is: backslashes and leading dots and quotes have a meaning in roff.
verbatim() {
    echo .nf
    sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"
    echo .fi
}

version=$("$program" --version)
echo ".TH SONOMASK 1 \"\" \"$version\" \"User commands\""
echo ".SH NAME"
echo 'sonomask \- segment lesions in breast ultrasound images'
echo ".SH SYNOPSIS"
echo ".B sonomask"
echo ".I COMMAND"
echo ".RI [ OPTION ]..."
echo ".SH DESCRIPTION"
"$program" --help | tail -n +3 | verbatim
"$program" --help | sed -n 's/^  \([a-z]\+\) \+.*/\1/p' | while read -r command; do
    echo ".SH ${command^^}"
    "$program" "$command" --help | verbatim
done
cat <<'END'
.SH ENVIRONMENT
.TP
.B SONOMASK_MODEL
The weights file that is used without \fB\-\-model\fR.
.SH FILES
.TP
.I ../share/sonomask/sonomask.safetensors
The installed weights, relative to the folder of the program.
.SH SEE ALSO
.BR sonomask (3)
END
