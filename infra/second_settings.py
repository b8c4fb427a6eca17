"""The configuration keys of the second destination together: what one alone can not say, and what the job is told."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pydantic import SecretStr

    from infra.settings import Settings

REGION = "us-east-1"
"""Where the second bucket is unless the configuration says otherwise."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def problems(settings: "Settings") -> list[str]:
    """Return what is wrong, each line beginning with the key; no line holds a secret."""
    given = {
        "backupSecondEndpoint": settings.backup_second_endpoint,
        "backupSecondRegion": settings.backup_second_region,
        "backupSecondAccessKey": settings.backup_second_access_key,
        "backupSecondSecretKey": settings.backup_second_secret_key,
    }
    bucket = settings.backup_second_bucket
    if not bucket:
        named = [key for key, value in given.items() if value]
        needs = "backupSecondBucket is missing: name the bucket that"
        return [f"{needs} {', '.join(named)} {'leads' if len(named) == 1 else 'lead'} to"] if named else []
    return [*_keys(settings), *_endpoint(settings), *_another(settings, bucket)]


def for_job(settings: "Settings") -> dict[str, object]:
    """Return what the job is told of the second destination, for its configuration, which is a secret as a whole."""
    if not settings.backup_second_bucket:
        return {}
    return {
        "second_bucket": settings.backup_second_bucket,
        "second_endpoint": settings.backup_second_endpoint or None,
        "second_region": settings.backup_second_region or REGION,
        "second_access_key": _text(settings.backup_second_access_key),
        "second_secret_key": _text(settings.backup_second_secret_key),
    }


def _keys(settings: "Settings") -> list[str]:
    keys = {
        "backupSecondAccessKey": settings.backup_second_access_key,
        "backupSecondSecretKey": settings.backup_second_secret_key,
    }
    missing = [name for name, value in keys.items() if value is None]
    if len(missing) != 1:
        return []
    return [f"{missing[0]} is missing: give both keys of the second store, or neither to use the surroundings'"]


def _endpoint(settings: "Settings") -> list[str]:
    endpoint = settings.backup_second_endpoint
    try:
        parts = urlsplit(endpoint)
        good = not endpoint or bool(parts.hostname and parts.port != 0)
    except ValueError:
        good = False
    if not good:
        return [f"backupSecondEndpoint = {endpoint!r}: it is no URL of a store, https://host:port"]
    if settings.target == "docker" and parts.hostname in LOOPBACK:
        words = "the job of the target docker runs in a container, and that is the container itself"
        return [f"backupSecondEndpoint = {endpoint!r}: {words}: give the machine's address in its network"]
    return []


def _another(settings: "Settings", bucket: str) -> list[str]:
    same = settings.backup_second_endpoint.rstrip("/").lower() == settings.s3_endpoint.rstrip("/").lower()
    if settings.target == "external" and same and bucket == settings.bucket_name:
        return [f"backupSecondBucket = {bucket!r}: that is the bucket of the backups themselves: name another"]
    return []


def _text(secret: "SecretStr | None") -> str | None:
    return secret.get_secret_value() if secret else None
