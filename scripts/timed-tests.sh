#!/usr/bin/env bash
# Runs the tests that hold the driver against the wall clock: one at a time, and up to three
# times, because another guest of the machine can make any one try late. A fault of the driver
# fails every try. What a failed try printed is indented, so that only the last one counts.
set -uo pipefail

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for try in 1 2 3; do
    if "$@" >"$log" 2>&1; then
        cat "$log"
        exit 0
    fi
    if [ $try -eq 3 ]; then cat "$log"; else sed 's/^/    /' "$log"; fi
    echo "timed-tests: try $try of 3 failed" >&2
done
exit 1
