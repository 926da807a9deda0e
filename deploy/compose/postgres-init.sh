#!/bin/sh
# Once, in an empty database: the role that Largesse connects as. It owns its database, in which it makes a schema for each service, and is no superuser.
# And the one of the gift service, which records in its own schema which catalogues it serves and sees no other.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/postgres/largesse.password)" -v gift="$(cat /run/postgres/largesse_gift.password)" \
  --username postgres --dbname postgres <<'SQL'
CREATE ROLE largesse LOGIN PASSWORD :'password';
CREATE ROLE largesse_gift LOGIN PASSWORD :'gift';
CREATE DATABASE largesse OWNER largesse;
REVOKE ALL ON DATABASE largesse FROM PUBLIC;
GRANT CONNECT ON DATABASE largesse TO largesse_gift;
\connect largesse
SET ROLE largesse;
CREATE SCHEMA gift;
GRANT USAGE, CREATE ON SCHEMA gift TO largesse_gift;
ALTER DEFAULT PRIVILEGES IN SCHEMA gift GRANT SELECT, INSERT, UPDATE ON TABLES TO largesse_gift;
SQL
