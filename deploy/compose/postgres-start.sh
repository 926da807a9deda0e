#!/bin/sh
# Copies the secrets for the server's own user, who must own its key and could not read another user's files. Then starts the image as usual.
set -eu
install -d -o postgres -g postgres -m 0700 /run/postgres
install -o postgres -g postgres -m 0400 /run/secrets/* /run/postgres/
exec docker-entrypoint.sh postgres "$@"
