#!/bin/sh
# The command of the standby: a copy of PRIMARY at the first start, then the server with arguments.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    rm -rf "${PGDATA:?}"/*
    PGPASSWORD="$POSTGRES_PASSWORD" pg_basebackup --pgdata "$PGDATA" --write-recovery-conf \
        --checkpoint fast --create-slot --slot standby \
        --dbname "host=$PRIMARY port=${PRIMARY_PORT:-5432} user=replication"
    chmod 0700 "$PGDATA"
fi
exec postgres "$@"
