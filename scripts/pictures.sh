#!/usr/bin/env bash
# Takes the pictures of the documentation again: renders reports of results/published with this
# checkout's loadgen and photographs their parts in a Chromium into docs/pictures. It fails where
# a part is missing or a picture is larger than 200 KB. Look at them before they are committed.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test
"${CARGO:-cargo}" test --locked -p loadgen --test it -- --ignored --nocapture --test-threads=1 browser::pictures
ls -l docs/pictures
