#!/usr/bin/env bash
# Draws where the processor time of target-app goes while a run measures, as a flame graph: the width of a
# frame is the share of the samples in which it was on the stack.
#
#   scripts/flame-graph.sh OUT.svg ARGUMENTS...     OUT.svg from `loadgen run ARGUMENTS...`
#   scripts/flame-graph.sh core.svg core --profile after --rate 60/s --duration 30s
#
# It wants perf, which the kernel must permit (kernel.perf_event_paranoid, or root), and inferno (cargo
# install inferno) in PATH, and built programs. LOADGEN is the loadgen that runs, SECONDS_OF the seconds
# that are sampled (15).
set -euo pipefail
out=$(realpath -m "${1:?the SVG to write, and the arguments of loadgen run}")
shift
[ $# -gt 0 ] || { echo "flame-graph.sh: what shall run? Example: scripts/flame-graph.sh core.svg core" >&2; exit 2; }
cd "$(dirname "$0")/.."
loadgen=${LOADGEN:-${CARGO_TARGET_DIR:-target}/release/loadgen}
seconds=${SECONDS_OF:-15}
for tool in perf inferno-collapse-perf inferno-flamegraph; do
    command -v "$tool" >/dev/null || { echo "flame-graph.sh: there is no $tool (Debian: linux-perf; cargo install inferno)" >&2; exit 2; }
done
work=$(mktemp -d)
run=
finish() {
    if [ -n "$run" ]; then
        kill -INT "$run" 2>/dev/null || true
        wait "$run" || true
    fi
    rm -rf "$work"
}
trap finish EXIT

"$loadgen" run "$@" --quiet --results "$work/results" --events-to "$work/events" >"$work/report" 2>&1 &
run=$!
measures() { grep -q '"phase":"measure"' "$work/events" 2>/dev/null; }
until measures; do
    kill -0 "$run" 2>/dev/null || { run=; cat "$work/report" >&2; echo "flame-graph.sh: the run ended before it measured" >&2; exit 1; }
    sleep 0.2
done

# The first target-app below the run, however deep.
below() { local child; for child in $(pgrep -P "$1"); do echo "$child"; below "$child"; done; }
target=
for process in $(below "$run"); do
    if [ "$(cat "/proc/$process/comm" 2>/dev/null)" = target-app ]; then target=$process; break; fi
done
[ -n "$target" ] || { echo "flame-graph.sh: the run started no target-app" >&2; exit 1; }
perf record --quiet --freq 499 --call-graph dwarf,65528 --pid "$target" --output "$work/perf" -- sleep "$seconds"
wait "$run" || true
run=

# Below the scheduler all stacks are alike, and a stack deeper than perf copies has no begin.
perf script --input "$work/perf" 2>/dev/null |
    inferno-collapse-perf --skip-after 'tokio::runtime::task::harness::Harness<T,S>::poll' |
    sed 's/\[unknown\];//g' >"$work/stacks"
[ -s "$work/stacks" ] || { echo "flame-graph.sh: perf took no samples" >&2; exit 1; }
# perf gives each sample the nanoseconds that it stands for.
busy=$(awk '{ ns += $NF } END { printf "%.2f", ns / 1e9 }' "$work/stacks")
inferno-flamegraph --title "target-app: loadgen run $*" --subtitle "$busy s of processor time in $seconds s" \
    --countname ns --minwidth 0.3 "$work/stacks" >"$out"
echo "flame-graph.sh: $out, $(wc -c <"$out") bytes, $busy s of processor time in $seconds s"
