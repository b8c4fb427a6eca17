#!/usr/bin/env bash
# The contract of the official image's entrypoint, as far as the stack uses it: an empty $PGDATA is initialised from
# POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS (each also as a file, NAME_FILE),
# POSTGRES_INITDB_WALDIR and POSTGRES_HOST_AUTH_METHOD, then /docker-entrypoint-initdb.d is run against it.
set -euo pipefail

from_file() { # from_file NAME DEFAULT: $NAME, or the content of the file $NAME_FILE
    local name=$1 file=${1}_FILE value
    if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
        echo "error: both $name and $file are set; give one of them" >&2
        exit 1
    fi
    value=${!name:-${2:-}}
    if [ -n "${!file:-}" ]; then value=$(<"${!file}"); fi
    export "$name=$value"
    unset "$file"
}

run_sql() {
    PGHOST='' PGHOSTADDR='' psql --set ON_ERROR_STOP=1 --no-psqlrc --no-password \
        --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"
}

run_init_files() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) run_sql --file "$file" ;;
            *.sql.gz) gunzip --stdout "$file" | run_sql ;;
            *.sql.xz) xzcat "$file" | run_sql ;;
            *.sql.zst) zstd --decompress --stdout "$file" | run_sql ;;
            *) echo "ignoring $file" ;;
        esac
    done
}

initialise() {
    if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
        echo 'error: the database is empty and no superuser password is given: set POSTGRES_PASSWORD_FILE' >&2
        exit 1
    fi
    eval "set -- ${POSTGRES_INITDB_ARGS:-} --" '"$@"' # the variable is written as for a shell
    local initdb_arguments=()
    while [ "$1" != -- ]; do
        initdb_arguments+=("$1")
        shift
    done
    shift
    if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then initdb_arguments+=(--waldir "$POSTGRES_INITDB_WALDIR"); fi
    initdb --username "$POSTGRES_USER" --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") "${initdb_arguments[@]}"
    printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "$@")}" \
        >>"$PGDATA/pg_hba.conf"

    # Nobody outside may meet the server before it is complete.
    export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
    PGUSER=$POSTGRES_USER pg_ctl --wait -o "$(printf '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}")" start
    if [ -z "$(POSTGRES_DB=postgres run_sql --tuples-only --set "name=$POSTGRES_DB" \
        <<<"SELECT 1 FROM pg_database WHERE datname = :'name'")" ]; then
        POSTGRES_DB=postgres run_sql --set "name=$POSTGRES_DB" <<<'CREATE DATABASE :"name"'
    fi
    run_init_files
    pg_ctl --mode fast --wait stop
    unset PGPASSWORD
    echo 'PostgreSQL init process complete; ready for start up.'
}

if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
if [ "${1:-}" != postgres ]; then exec "$@"; fi
for argument; do
    case $argument in -\? | --help | --describe-config | -V | --version) exec "$@" ;; esac
done

if [ "$(id -u)" = 0 ]; then
    for folder in "$PGDATA" /var/run/postgresql ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"}; do
        mkdir -p "$folder"
        find "$folder" ! -user postgres -exec chown postgres '{}' +
    done
    exec gosu postgres "$0" "$@"
fi
mkdir -p "$PGDATA"
chmod 700 "$PGDATA" || true           # it can be a folder of the host's; PostgreSQL says so if it minds
chmod 3775 /var/run/postgresql || true
from_file POSTGRES_PASSWORD
from_file POSTGRES_USER postgres
from_file POSTGRES_DB "$POSTGRES_USER"
from_file POSTGRES_INITDB_ARGS
if [ ! -s "$PGDATA/PG_VERSION" ]; then initialise "${@:2}"; fi
unset POSTGRES_PASSWORD
exec "$@"
