#!/bin/sh
# The contract of the official image's entrypoint: /data becomes the user's, root is dropped, and `master`, `volume`,
# `server` and `s3` get their usual arguments in front.
set -eu

if [ "$(id -u)" = 0 ]; then
    if [ "$(stat -c %u /data)" != "$(id -u seaweed)" ]; then chown -R seaweed:seaweed /data; fi
    exec gosu seaweed "$0" "$@"
fi

given() { # given OPTION ARGUMENTS...: is the option among the arguments?
    option=$1
    shift
    for argument; do
        case $argument in "$option" | "$option"=*) return 0 ;; esac
    done
    return 1
}

command=${1:-}
if [ $# -gt 0 ]; then shift; fi
case $command in
    master) set -- -mdir=/data -volumePreallocate -volumeSizeLimitMB=1024 "$@" ;;
    volume)
        given -max "$@" || set -- -max=0 "$@"
        set -- -dir=/data "$@"
        ;;
    server)
        given -volume.max "$@" || set -- -volume.max=0 "$@"
        set -- -dir=/data -master.volumePreallocate -master.volumeSizeLimitMB=1024 "$@"
        ;;
    s3) set -- "-domainName=${S3_DOMAIN_NAME:-}" "-key.file=${S3_KEY_FILE:-}" "-cert.file=${S3_CERT_FILE:-}" "$@" ;;
    *) exec /usr/bin/weed ${command:+"$command"} "$@" ;;
esac
exec /usr/bin/weed -logtostderr=true "$command" "$@"
