#!/usr/bin/env bash
# Runs the tests that hold the program against the wall clock, so many at a time, and those that fail up to
# two times more, then one at a time: another test, or another guest of the machine, can make any one try
# late. A fault of the program fails every try. What a failed try printed is indented, so that only what
# counts begins a line.
#
#   scripts/timed-tests.sh FILTER THREADS cargo test ... --
set -uo pipefail

filter=${1:?the tests to run, like timed::}
threads=${2:?how many of them at a time}
shift 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
tests=("$filter")
for try in 1 2 3; do
    if "$@" "--test-threads=$threads" "${tests[@]}" >"$log" 2>&1; then
        cat "$log"
        exit 0
    fi
    mapfile -t failed < <(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log")
    if [ $try -eq 3 ]; then cat "$log"; else sed 's/^/    /' "$log"; fi
    echo "timed-tests: try $try of 3 failed" >&2
    threads=1
    # A try that ended without the name of a test, as with a failed build, is made again whole.
    if [ $try -lt 3 ] && [ ${#failed[@]} -gt 0 ]; then
        echo "test result: $(grep -c '^test .* \.\.\. ok$' "$log") passed; 0 failed; ${#failed[@]} are tried again"
        tests=(--exact "${failed[@]}")
    fi
done
exit 1
