#!/bin/sh
# Run once by the image of PostgreSQL, in the empty database of the primary: the roles of Akin and
# of the standby. POSTGRES_USER is the administrator.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set password="$POSTGRES_PASSWORD" <<'END'
CREATE ROLE akin LOGIN PASSWORD :'password';
CREATE ROLE replication LOGIN REPLICATION PASSWORD :'password';
CREATE DATABASE akin OWNER akin ENCODING 'UTF8' TEMPLATE template0;
END
echo 'host replication replication all scram-sha-256' >> "$PGDATA/pg_hba.conf"
