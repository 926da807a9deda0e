#!/bin/sh
# Runs once, in an empty database. Creates the role that Largesse connects as: it owns its database, creates a schema for each service in it, and is not a
# superuser. Also creates the role of the gift service, which records in its own schema which catalogues it serves, and has access to no other.
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
