#!/bin/sh
# Starts the replica of docker compose: copies the primary at the first start, and again where the primary
# has not kept what the copy lacks; then follows it. Arguments are those of `postgres`.
set -eu

data=/var/lib/postgresql/data/replica
primary() {
    PGPASSWORD=$(cat /keys/postgres) PGHOST=postgres PGUSER=codeconnect PGCONNECT_TIMEOUT=10 "$@"
}
ask() { primary psql -XAtq -v ON_ERROR_STOP=1 -d postgres -c "$1"; }

kept=$(ask "select wal_status from pg_replication_slots where slot_name = 'replica'")
case $kept in
reserved | extended | unreserved) ;;
*) rm -rf "$data" ;;
esac
if [ ! -s "$data/PG_VERSION" ]; then
    ask "select pg_drop_replication_slot(slot_name) from pg_replication_slots
         where slot_name = 'replica' and not active" >/dev/null
    rm -rf "$data" "$data.new"
    mkdir -m 700 "$data.new"
    primary pg_basebackup -D "$data.new" --wal-method=stream --checkpoint=fast \
        --create-slot --slot=replica --write-recovery-conf --no-password
    # At once: a copy that is there is whole.
    mv "$data.new" "$data"
fi
exec postgres -D "$data" -c hba_file=/etc/postgresql/pg_hba.conf \
    -c hot_standby_feedback=on -c wal_retrieve_retry_interval=500ms "$@"
