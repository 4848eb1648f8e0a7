#!/usr/bin/env bash
# Runs tests, so many at a time, and those that fail again, one at a time: another test, or another guest of
# the machine, can make any one late. A fault of the program fails every try. What a failed try printed is
# indented, so that only what counts begins a line; a test that passed at a later try is named: it has a race,
# of its own or of the program, and is to be looked at.
#
#   scripts/repeat-tests.sh TRIES FILTER THREADS cargo test ... -- [ARGUMENTS]
#
# An empty FILTER runs what the arguments say.
set -uo pipefail

tries=${1:?how often, at most}
filter=${2?the tests to run, like timed::}
threads=${3:?how many of them at a time}
shift 3
log=$(mktemp)
trap 'rm -f "$log"' EXIT
tests=(${filter:+"$filter"})
unstable=()
for ((try = 1; try <= tries; try++)); do
    if "$@" "--test-threads=$threads" ${tests[@]+"${tests[@]}"} >"$log" 2>&1; then
        cat "$log"
        for test in ${unstable[@]+"${unstable[@]}"}; do echo "unstable: $test"; done
        exit 0
    fi
    [ $try -lt "$tries" ] || break
    sed 's/^/    /' "$log"
    echo "repeat-tests: try $try of $tries failed" >&2
    threads=1
    mapfile -t failed < <(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log")
    # A try that ended without the name of a test, as with a failed build or a crash, is made again whole.
    if [ ${#failed[@]} -gt 0 ] && ! grep -q '(signal: ' "$log"; then
        echo "test result: $(grep -c '^test .* \.\.\. ok$' "$log") passed; 0 failed; ${#failed[@]} are tried again"
        tests=(--exact "${failed[@]}")
        unstable+=("${failed[@]}")
    fi
done
cat "$log"
exit 1
