#!/usr/bin/env bash
# Counts the decisions of experiments whose answer is known: the same profile against itself, and
# a planted slowness of 10 %. For a quiet machine, with a release build.
#
#   scripts/aa-series.sh [A/A experiments] [planted experiments] [measured seconds] [blocks]
#
# 20 10 10 8 by default, about two hours (an estimate); `4 2` takes about 20 minutes. Environment: LOADGEN (program),
# EXPERIMENT (a control whose figure spreads little enough to decide) and RATE (what is run), OUT
# (where results are kept).
set -euo pipefail

same=${1:-20} planted=${2:-10} seconds=${3:-10} blocks=${4:-8}
loadgen=${LOADGEN:-${CARGO_TARGET_DIR:-target}/release/loadgen}
# Without it every experiment would end without a decision, and none of them wrong.
command -v "$loadgen" >/dev/null || { echo "aa-series.sh: there is no program $loadgen: build it, or name it by LOADGEN" >&2; exit 2; }
experiment=${EXPERIMENT:-control_login}
rate=${RATE:-4/s}
out=${OUT:-$(mktemp -d)}

# The decision on the claim, which is the first effect.
decision() {
    tr -d '\n' <"$1" | sed 's/.*"effects": *\[//' | grep -o '"decision": *"[A-Z_]*"' | head -n 1 |
        cut -d '"' -f 4
}

series() { # name, number, flags
    local name=$1 number=$2 kept word
    shift 2
    for ((seed = 1; seed <= number; seed++)); do
        kept=$out/$name/$seed
        mkdir -p "$kept"
        # An undecided or refused claim has an exit code of its own.
        "$loadgen" experiment "$experiment" "$@" --blocks "$blocks" --seed "$seed" --rate "$rate" \
            --warmup 1s --duration "${seconds}s" --results "$kept" --quiet >"$kept/log" 2>&1 || true
        word=$(decision "$(find "$kept" -name summary.json | head -n 1)" 2>>"$kept/log" || true)
        echo "${word:-NONE}" | tee -a "$out/$name.words" | sed "s/^/$name $seed of $number: /"
    done
}

count() { grep -cxE "$2" "$out/$1.words" 2>/dev/null || true; }

series same "$same" --aa
series planted "$planted" --plant 10
echo
for name in same planted; do
    [ -f "$out/$name.words" ] || continue
    echo "$name:"
    sort "$out/$name.words" | uniq -c
done
wrong=$(count same 'IMPROVED|REGRESSED') found=$(count planted REGRESSED)
echo "A/A: ${wrong:-0} of $same say that something changed (at most $((same / 10)) may, at least 1 if fewer than ten run)"
echo "planted: ${found:-0} of $planted found"
echo "kept in $out"
none=$(cat "$out"/*.words | grep -cx NONE || true)
[ "$none" -eq 0 ] || { echo "aa-series.sh: $none experiments ended without a decision; their logs say why" >&2; exit 1; }
