#!/bin/sh
# Once, in an empty database: the role that Largesse connects as. It owns its database, in which it makes a schema for each service, and is no superuser.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/postgres/largesse.password)" --username postgres --dbname postgres <<'SQL'
CREATE ROLE largesse LOGIN PASSWORD :'password';
CREATE DATABASE largesse OWNER largesse;
REVOKE ALL ON DATABASE largesse FROM PUBLIC;
SQL
