#!/usr/bin/env bash
# Runs every bundled suite once, each on an own stack and with its phases shortened, and prints a table. It tells
# whether the suites work here, not how fast the target is: a threshold that so short a run misses (FAILED) is no
# failure of this script. Ends with 1 where a suite is INVALID or VIOLATED, or ends without a verdict.
#
#   scripts/suites.sh [factor of the length of all phases]
#
# 0.1 by default, about 22 minutes on two cores. Environment: LOADGEN (program, a release build), OUT
# (where results are kept).
set -euo pipefail
cd "$(dirname "$0")/.."

factor=${1:-0.1}
loadgen=${LOADGEN:-${CARGO_TARGET_DIR:-target}/release/loadgen}
command -v "$loadgen" >/dev/null || { echo "suites.sh: there is no program $loadgen: build it, or name it by LOADGEN" >&2; exit 2; }
out=${OUT:-$(mktemp -d)}

row() { printf '%-26s %-13s %-9s %9s %8s %8s\n' "$@"; }

# The verdict, and what the self-checks say of the one trial.
words() { # verdict.json
    awk -F '[:,]' '
        /"word":/ && !word { word = $2 }
        /"(valid|noisy|invalid)":/ && $2 > 0 && !validity { validity = toupper($1) }
        END { gsub(/[ "]/, "", word); gsub(/[ "]/, "", validity); print (word ? word : "-"), (validity ? validity : "-") }' "$1"
}

# Requests, and those of them that failed.
requests() { # operations.csv
    awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        $column["operation"] == "total" { all = $column["planned"]; failed = all * (1 - $column["success"]) }
        END { printf "%d %.0f\n", all, failed }' "$1"
}

wrong=()
row suite verdict validity requests failed seconds
for file in loadgen/suites/*.yaml; do
    name=${file##*/} name=${name%.yaml} kept=$out/$name begun=$SECONDS code=0
    mkdir -p "$kept"
    # That of an earlier run in the same OUT is not to be read again.
    rm -f "$kept/latest"
    "$loadgen" run "$name" --time-scale "$factor" --results "$kept" --quiet >"$kept/log" 2>&1 || code=$?
    word=- validity=- all=- failed=-
    if [ -e "$kept/latest/verdict.json" ]; then
        read -r word validity < <(words "$kept/latest/verdict.json")
        read -r all failed < <(requests "$kept/latest/operations.csv")
    fi
    row "$name" "$word" "$validity" "$all" "$failed" $((SECONDS - begun))
    [ $code -ne 130 ] || exit 130
    if [ $code -ne 0 ] && { [ $code -lt 90 ] || [ $code -gt 99 ]; }; then
        wrong+=("$name ended with exit code $code: $kept/log")
    elif [[ $word = INVALID || $word = VIOLATED || $word = - ]]; then
        wrong+=("$name is ${word/#-/without a verdict}: $kept/log")
    fi
done
echo "kept in $out"
[ ${#wrong[@]} -eq 0 ] || { printf 'suites.sh: %s\n' "${wrong[@]}" >&2; exit 1; }
