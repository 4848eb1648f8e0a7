#!/usr/bin/env bash
# Checks what the quick demo left behind, without a clock: a verdict that is not FAILED, which with
# so few blocks is INCONCLUSIVE, or INVALID where the machine was too busy to be believed; a report
# with charts; and the reason why the second arm is faster, which no busy machine can hide: fewer statements, and hits in the cache.
set -euo pipefail
run=${1:?the result folder to check}

test -s "$run/report.html" || { echo "check-result: there is no report in $run" >&2; exit 1; }
grep -q '<svg' "$run/report.html" || { echo "check-result: the report has no chart" >&2; exit 1; }
code=$(sed -n 's/.*"exit_code": *\([0-9]*\).*/\1/p' "$run/verdict.json" | head -1)
case $code in
    0 | 96) ;;
    97) echo "check-result: the verdict is INVALID: this machine is too busy to measure on" ;;
    *) echo "check-result: exit code $code in $run/verdict.json, 0 or 96 is right" >&2; exit 1 ;;
esac

awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    $column["operation"] == "mentors.list" {
        queries[$column["arm"]] = $column["queries"]
        hits[$column["arm"]] = $column["cache_hit_ratio"]
    }
    END {
        printf "check-result: a mentor list takes %.1f statements before, %.1f after; %.0f %% cache hits after\n",
            queries["before"], queries["after"], 100 * hits["after"]
        exit !(queries["before"] > 10 * queries["after"] && queries["after"] > 0 && hits["after"] > 0)
    }' "$run/operations.csv" || { echo "check-result: the optimizations are not at work" >&2; exit 1; }
