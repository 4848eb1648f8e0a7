#!/bin/sh
# Makes the secrets of a compose project, once: for PostgreSQL a password, for the others
# environment variables. Runs inside the container `keys`; only containers of the project that mount
# the volume can read them.
set -eu

dir=${1:-/keys}
[ ! -s "$dir/env" ] || exit 0

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

password=$(random)
lab=$(random)
printf '%s' "$password" >"$dir/postgres"
printf '"codeconnect" "%s"\n' "$password" >"$dir/pgbouncer"
cat >"$dir/env.new" <<END
export DATABASE_URL=postgres://codeconnect:$password@postgres:5432/codeconnect
export POOLER_URL=postgres://codeconnect:$password@pgbouncer:6432/codeconnect
export LAB_TOKEN=$lab LOADGEN_LAB_TOKEN=$lab
export JWT_SECRET=$(random)
export LOADGEN_PAGE_SECRET=$(random)
END
chmod 444 "$dir/postgres" "$dir/pgbouncer" "$dir/env.new"
# Last and at once: a file that is there is whole.
mv "$dir/env.new" "$dir/env"
