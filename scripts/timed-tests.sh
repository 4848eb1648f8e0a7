#!/usr/bin/env bash
# Runs the tests that hold the driver against the wall clock: one at a time, and those that fail up to
# three times, because another guest of the machine can make any one try late. A fault of the driver
# fails every try. What a failed try printed is indented, so that only what counts begins a line.
#
#   scripts/timed-tests.sh FILTER cargo test ... -- ...
set -uo pipefail

filter=${1:?the tests to run, like timed::}
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
tests=("$filter")
for try in 1 2 3; do
    if "$@" "${tests[@]}" >"$log" 2>&1; then
        cat "$log"
        exit 0
    fi
    mapfile -t failed < <(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log")
    if [ $try -eq 3 ]; then cat "$log"; else sed 's/^/    /' "$log"; fi
    echo "timed-tests: try $try of 3 failed" >&2
    # A try that ended without the name of a test, as with a failed build, is made again whole.
    if [ $try -lt 3 ] && [ ${#failed[@]} -gt 0 ]; then
        echo "test result: $(grep -c '^test .* \.\.\. ok$' "$log") passed; 0 failed; ${#failed[@]} are tried again"
        tests=(--exact "${failed[@]}")
    fi
done
exit 1
