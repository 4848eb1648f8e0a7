#!/bin/sh
# Makes the secrets of a compose project, once: for PostgreSQL a password, for the others
# environment variables. Runs inside the container `keys`; only containers of the project that mount
# the volume can read them.
set -eu

dir=${1:-/keys}
standby() { echo "export STANDBY_URL=postgres://codeconnect:$1@postgres-replica:5432/codeconnect"; }
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

if [ -s "$dir/env" ]; then
    # A volume from before there were payments.
    if ! grep -q PAYMENT_WEBHOOK_SECRET "$dir/env"; then
        rm -f "$dir/env.new"
        { cat "$dir/env"; echo "export PAYMENT_WEBHOOK_SECRET=$(random)"; } >"$dir/env.new"
        chmod 444 "$dir/env.new"
        mv -f "$dir/env.new" "$dir/env"
    fi
    # One from before there was a replica.
    if ! grep -q STANDBY_URL "$dir/env"; then
        rm -f "$dir/env.new"
        { cat "$dir/env"; standby "$(cat "$dir/postgres")"; } >"$dir/env.new"
        chmod 444 "$dir/env.new"
        mv -f "$dir/env.new" "$dir/env"
    fi
    exit 0
fi

# A start that was interrupted may have left files that can be written no more.
rm -f "$dir/postgres" "$dir/pgbouncer" "$dir/env.new"
password=$(random)
lab=$(random)
printf '%s' "$password" >"$dir/postgres"
printf '"codeconnect" "%s"\n' "$password" >"$dir/pgbouncer"
cat >"$dir/env.new" <<END
export DATABASE_URL=postgres://codeconnect:$password@postgres:5432/codeconnect
export POOLER_URL=postgres://codeconnect:$password@pgbouncer:6432/codeconnect
$(standby "$password")
export LAB_TOKEN=$lab LOADGEN_LAB_TOKEN=$lab
export JWT_SECRET=$(random)
export PAYMENT_WEBHOOK_SECRET=$(random)
export LOADGEN_PAGE_SECRET=$(random)
END
chmod 444 "$dir/postgres" "$dir/pgbouncer" "$dir/env.new"
# Last and at once: a file that is there is whole.
mv "$dir/env.new" "$dir/env"
