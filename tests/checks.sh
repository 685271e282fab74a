# Sourced by shell tests: checks that end the test with a reason, and their number in $checks. $test is the test's name.
# shellcheck shell=bash
checks=0
fail() {
    echo "$test: $1" >&2
    exit 1
}
# check DESCRIPTION COMMAND...
check() {
    local description=$1
    shift
    "$@" || fail "$description"
    checks=$((checks + 1))
}
