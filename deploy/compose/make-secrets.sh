#!/bin/sh
# Fills secrets/ with what compose.yaml mounts: a CA, a certificate and a token for each service, passwords, and the key that seals bank accounts. Existing
# files are never overwritten. If the script can't create everything, it removes what it created, so it can be run again.
#
#     deploy/compose/make-secrets.sh          makes everything, once
#     deploy/compose/make-secrets.sh renew    replaces certificates and tokens, under the same CA and key; running services take them up by themselves
#
# The `largesse` program creates the tokens. LARGESSE names it (default: `largesse` on the path). If there is no program, the image LARGESSE_IMAGE creates
# them.
set -eu
umask 077
cd "$(dirname "$0")"

program=${LARGESSE:-largesse}
image=${LARGESSE_IMAGE:-largesse:local}
services="ledger gift purchase earnings payout treasury monitor"
# Renew well before they expire: PostgreSQL loads a new certificate only when it is reloaded.
certificate_days=90
token_ttl=30d
# The user of the image. Files created by root are given to this user. Files created by anybody else keep their owner, and the containers run as that owner.
image_user=65532:65532
made_by_root=no
[ "$(id -u)" -ne 0 ] || made_by_root=yes

own() {
  [ "$made_by_root" = no ] || chown -R "$image_user" "$@"
}

# certificate FOLDER NAME: creates a certificate for the service NAME, by which others reach and identify it.
certificate() {
  work=$(mktemp -d secrets/.work.XXXXXX)
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$work/tls.key" -out "$work/tls.csr" 2>/dev/null
  printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n' > "$work/tls.ext"
  printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1,URI:spiffe://largesse/%s\n' "$2" "$2" >> "$work/tls.ext"
  openssl x509 -req -in "$work/tls.csr" -CA secrets/ca/ca.pem -CAkey secrets/ca/ca.key -CAcreateserial -days "$certificate_days" \
    -extfile "$work/tls.ext" -out "$work/tls.pem" 2>/dev/null
  own "$work"
  # Each file is complete at any moment. A service that reads between the two moves keeps the old pair until it reads again.
  mv "$work/tls.key" "$1/tls.key"
  mv "$work/tls.pem" "$1/tls.pem"
  rm -r "$work"
}

# token FOLDER NAME [FILE]: creates the token with which the service NAME calls others, in FILE (default: `token`). The first call creates the
# installation's own key.
token() {
  file=${3:-token}
  set -- "$1" --sub "$2" --role service --ttl "$token_ttl"
  folder=$1
  shift
  if command -v "$program" > /dev/null; then
    "$program" token --create --data-dir secrets/house "$@" > "$folder/$file.new"
  else
    docker run --rm --network none --user "$(id -u):$(id -g)" -v "$PWD/secrets/house:/house" "$image" token --create --data-dir /house "$@" > "$folder/$file.new"
  fi
  own "$folder/$file.new"
  mv "$folder/$file.new" "$folder/$file"
}

authority() {
  mkdir secrets/ca secrets/house secrets/public
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=largesse compose" -keyout secrets/ca/ca.key -out secrets/ca/ca.csr 2>/dev/null
  printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n' > secrets/ca/ca.ext
  openssl x509 -req -in secrets/ca/ca.csr -signkey secrets/ca/ca.key -days 3650 -extfile secrets/ca/ca.ext -out secrets/ca/ca.pem 2>/dev/null
}

passwords() {
  openssl rand -hex 24 > secrets/grafana/password
  openssl rand -hex 24 > secrets/postgres/admin.password
  openssl rand -hex 24 > secrets/postgres/largesse.password
  openssl rand -hex 24 > secrets/postgres/largesse_gift.password
  # The gift service is exposed to every viewer, so it gets its own role, which can access its own tables only.
  printf 'postgres:5432:largesse:largesse_gift:%s\n' "$(cat secrets/postgres/largesse_gift.password)" > secrets/gift/pgpass
  for service in migrate ledger purchase earnings payout treasury monitor; do
    printf 'postgres:5432:largesse:largesse:%s\n' "$(cat secrets/postgres/largesse.password)" > "secrets/$service/pgpass"
  done
  openssl rand -base64 32 > secrets/payout/seal.key
}

# Checks for what the script can't do without.
needed() {
  command -v openssl > /dev/null || { echo "make-secrets.sh: openssl is not on the path; nothing was created" >&2; exit 1; }
  command -v "$program" > /dev/null || command -v docker > /dev/null || {
    echo "make-secrets.sh: neither $program nor docker is on the path, so no token can be created; nothing was created." >&2
    echo "  Name the program: LARGESSE=/path/to/largesse $0" >&2
    exit 1
  }
}

# Everything in secrets/ was created by this run.
undo() {
  rm -rf secrets/* secrets/.work.*
  echo "make-secrets.sh: failed, see above; what was created has been removed: fix the cause and run this again" >&2
}

renew() {
  certificate secrets/postgres postgres
  for service in $services; do
    certificate "secrets/$service" "$service"
    token "secrets/$service" "$service"
  done
  # Support shares the ledger's process, but calls with its own token.
  token secrets/ledger support support.token
}

case "${1:-}" in
  "")
    for there in secrets/*; do
      [ ! -e "$there" ] || { echo "make-secrets.sh: deploy/compose/$there already exists, and nothing is overwritten" >&2; exit 1; }
    done
    needed
    trap undo EXIT
    authority
    for folder in $services migrate postgres grafana; do
      mkdir "secrets/$folder"
    done
    passwords
    renew
    cp secrets/ca/ca.pem secrets/house/identity.pub.pem secrets/public/
    # These are public, and Prometheus runs as a different user.
    chmod 755 secrets/public
    chmod 644 secrets/public/*
    for folder in $services migrate postgres grafana; do
      own "secrets/$folder"
    done
    own heads backups
    trap - EXIT
    echo "created: a CA, certificates and 30-day tokens for $services, passwords and payout's key, in deploy/compose/secrets/"
    ;;
  renew)
    for needed in secrets/ca/ca.key secrets/house/identity.key.pem; do
      [ -e "$needed" ] || { echo "make-secrets.sh: deploy/compose/$needed is missing, so there is nothing to renew with" >&2; exit 1; }
    done
    needed
    renew
    echo "renewed: certificates and tokens of $services; services reload them by themselves, postgres after a restart"
    ;;
  *)
    echo "usage: make-secrets.sh [renew]" >&2
    exit 2
    ;;
esac

[ "$made_by_root" = yes ] || echo "the containers must run as you to read these: export LARGESSE_USER=$(id -u):$(id -g)"
