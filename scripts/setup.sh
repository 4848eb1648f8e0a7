#!/usr/bin/env bash
# Checks for what the project needs beside a Rust toolchain: a C compiler, PostgreSQL's
# server binaries, redis-server, pgbouncer and haproxy; for `scripts/setup.sh test` also tmux and a Chromium with a
# font, which only the tests of what people look at need. As root on Debian or Ubuntu it installs
# what is missing; elsewhere it names it. Running it again does nothing.
set -euo pipefail

# Where loadgen looks (loadgen/crates/stack/src/binaries.rs): a program that it would not find is missing.
postgresql() {
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
        compgen -G '/usr/local/lib/postgresql/*/bin/initdb' >/dev/null || compgen -G '/usr/pgsql-*/bin/initdb' >/dev/null
}
missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
postgresql || missing+=(postgresql)
command -v redis-server >/dev/null || command -v valkey-server >/dev/null || missing+=(redis-server)
for program in pgbouncer haproxy; do
    command -v $program >/dev/null || [ -x /usr/sbin/$program ] || missing+=($program)
done
if [ "${1:-}" = test ]; then
    command -v tmux >/dev/null || missing+=(tmux)
fi
if [ "${1:-}" = test ] && [ ! -x "${CHROMIUM:-}" ]; then
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium fonts-dejavu-core)
fi

if ! command -v cargo >/dev/null; then
    echo "setup: cargo is missing; install Rust from https://rustup.rs" >&2
    exit 1
fi
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # The packages' own servers are not wanted: every run starts its own.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
else
    echo "setup: missing: ${missing[*]}" >&2
    echo "setup: on Debian or Ubuntu: sudo apt-get install ${missing[*]}" >&2
    exit 1
fi
