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
        [ ${#unstable[@]} -eq 0 ] || printf 'unstable: %s\n' "${unstable[@]}" | sort -u
        exit 0
    fi
    [ $try -lt "$tries" ] || break
    sed 's/^/    /' "$log"
    echo "repeat-tests: try $try of $tries failed" >&2
    threads=1
    # That a test has to panic stands behind its name.
    mapfile -t failed < <(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log" | sed 's/ - should panic$//')
    # From the summaries: the line of a single test may be cut in two.
    sum() { awk -v field="$1" '/^test result:/ { n += $field } END { print n + 0 }' "$log"; }
    counted=$(awk '/^test result: FAILED/ { n += $6 } END { print n + 0 }' "$log")
    # A try that ended without the name of every test that failed is made again whole: after a failed build, a
    # crash, or a line that the output of another test has cut in two.
    if [ ${#failed[@]} -gt 0 ] && [ ${#failed[@]} -eq "$counted" ] && ! grep -q "process didn't exit successfully" "$log"; then
        echo "test result: $(sum 4) passed; 0 failed; $(sum 8) ignored; ${#failed[@]} are tried again"
        tests=(--exact "${failed[@]}")
        unstable+=("${failed[@]}")
    else
        unstable+=("${filter:-all tests} (a try ended without the names of its failed tests)")
    fi
done
cat "$log"
exit 1
