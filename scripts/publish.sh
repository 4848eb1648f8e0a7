#!/usr/bin/env bash
# Measures what results/published holds anew, with this checkout's release build on this machine, and
# takes the excerpt of README.md from it. All experiments take about three hours on two cores (an
# estimate); nothing else should run meanwhile. Look at what it leaves before it is committed.
#
#   PUBLISH_ONLY=mentor_cache,pool_starved scripts/publish.sh    measure these; the rows of the others are
#                                           kept where their experiment's file has not changed
#   PUBLISH_KEEP=yes scripts/publish.sh     measure the experiments whose rows cannot be kept
#   PUBLISH_FROM=DIR scripts/publish.sh     go on in this results folder: only what it lacks is measured,
#                                           so that a catalogue can be made in parts
#   PUBLISH_DEMO=no scripts/publish.sh      leave the demo as it is
#   PUBLISH_CAPACITY=no scripts/publish.sh  leave the capacities of the two profiles as they are
set -euo pipefail
cd "$(dirname "$0")/.."

# The experiments whose whole reports are kept beside the catalogue.
folders=(cache_connection mentor_cache mentor_query codeconnect_results)
target=${CARGO_TARGET_DIR:-target}
published=results/published
if [ -n "${PUBLISH_FROM:-}" ]; then
    work=$PUBLISH_FROM
else
    work=$(mktemp -d)
    # Hours of measuring are not lost with an interrupted run.
    finish() {
        local code=$?
        if [ $code -eq 0 ] || [ ! -d "$work/runs" ]; then
            rm -rf "$work"
        else
            echo "publish.sh: what was measured is kept: go on with PUBLISH_FROM=$work, and with" \
                "PUBLISH_DEMO=no or PUBLISH_CAPACITY=no where these are published already" >&2
        fi
    }
    trap finish EXIT
fi

scripts/setup.sh
# A program is of a commit only where it was built after it.
touch loadgen/src/main.rs
"${CARGO:-cargo}" build --release --locked -p target-app -p loadgen
loadgen=$target/release/loadgen

# Exit codes from 90 to 99 are verdicts: they are results too. Any other failure, and Ctrl-C, ends this.
measure() {
    local code=0
    "$loadgen" "$@" --results "$work" || code=$?
    [ $code -eq 0 ] || { [ $code -ge 90 ] && [ $code -le 99 ]; }
}

# Takes a run over as results/published/NAME.
keep() {
    rm -rf "${published:?}/$1"
    mkdir -p "$published/$1"
    cp "$2/summary.json" "$2/report.md" "$2/report.html" "$published/$1/"
}

if [ "${PUBLISH_DEMO:-yes}" = yes ]; then
    measure demo
    keep demo "$work/latest"
    echo "commit $(git rev-parse --short=12 HEAD), measured on $(date -u +%Y-%m-%d)" > "$published/made.txt"
fi
if [ "${PUBLISH_CAPACITY:-yes}" = yes ]; then
    # With the one switch that moves what is at its limit: the database first, the password hash then.
    measure capacity core --profile before --quick --what-if cache.mentors=redis
    keep capacity_before "$work/latest"
    measure capacity core --profile after --quick --what-if 'auth.hash=bcrypt(8)'
    keep capacity_after "$work/latest"
fi
# Which parts of the platform are ready: a page of the catalogue.
measure run core --profile after
# A row says on which machine and at which commit it was measured, so that one of another day can stay.
if [ -n "${PUBLISH_ONLY:-}" ] || [ "${PUBLISH_KEEP:-no}" = yes ]; then
    keep_rows=(--catalogue "$published/catalogue.json")
fi
measure experiment run-all --resume ${PUBLISH_ONLY:+--only "$PUBLISH_ONLY"} ${keep_rows[@]+"${keep_rows[@]}"}
for name in "${folders[@]}"; do
    newest=$(find "$work/runs" -maxdepth 1 -name "*_experiment_${name}_*" | sort | tail -n 1)
    if [ -n "$newest" ]; then keep "$name" "$newest"; fi
done
newest=$(find "$work" -maxdepth 1 -name 'catalogue_*.md' | sort | tail -n 1)
cp "$newest" "$published/catalogue.md"
cp "${newest%.md}.json" "$published/catalogue.json"
UPDATE_READMES=1 "${CARGO:-cargo}" test --locked -p loadgen --test it -- readme::
# What reads published results must be able to: plans, pages and tables.
"${CARGO:-cargo}" test --locked -p loadgen --test it -- published:: plan:: reports:: outputs:: missing_names::
