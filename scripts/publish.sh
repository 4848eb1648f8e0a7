#!/usr/bin/env bash
# Measures what results/published holds anew, with this checkout's release build on this machine, and
# takes the excerpt of README.md from it. About 35 minutes on two cores (an estimate);
# nothing else should run meanwhile. Look at what it leaves before it is committed.
#
#   PUBLISH_ONLY=mentor_cache,pool_starved scripts/publish.sh    some of the experiments
set -euo pipefail
cd "$(dirname "$0")/.."

only=${PUBLISH_ONLY:-cache_connection,mentor_cache,mentor_query,codeconnect_results}
target=${CARGO_TARGET_DIR:-target}
published=results/published
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

scripts/setup.sh
"${CARGO:-cargo}" build --release --locked -p target-app -p loadgen
loadgen=$target/release/loadgen

# Exit codes above 90 are verdicts: they are results too. Any other failure ends this.
measure() { "$loadgen" "$@" --results "$work" || [ $? -ge 90 ]; }

# Takes the newest run over as results/published/NAME.
keep() {
    rm -rf "${published:?}/$1"
    mkdir -p "$published/$1"
    cp "$2/summary.json" "$2/report.md" "$2/report.html" "$published/$1/"
}

rm -rf "${published:?}"/*/
measure demo
keep demo "$work/latest"
measure experiment run-all --only "$only"
for run in "$work"/runs/*_experiment_*; do
    name=${run##*_experiment_}
    [ "${name%_*}" = before_after ] || keep "${name%_*}" "$run"
done
cp "$work"/catalogue_*.md "$published/catalogue.md"
cp "$work"/catalogue_*.json "$published/catalogue.json"
echo "commit $(git rev-parse --short=12 HEAD), measured on $(date -u +%Y-%m-%d)" > "$published/made.txt"
UPDATE_READMES=1 "${CARGO:-cargo}" test --locked -p loadgen --test it -- readme::
