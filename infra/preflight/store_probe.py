"""Conditional writes, tried with one small object that goes again: without them two runs could both move `latest`."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

from infra.preflight.finding import Finding, failure, ok, warning
from infra.provider.s3 import settings, store

SUBJECT = "conditional writes"
START = "backups/preflight/"
"""How the keys of probes begin."""
IGNORED = (
    "Two runs at once could each make its backup the latest: see that one machine alone takes them, or use a store "
    "that knows If-Match and If-None-Match"
)


def conditional_writes(job: Any, administrator: Any, bucket: str, *, same_keys: bool) -> Iterator[Finding]:
    """Try them in `bucket`, and whether the job's keys can delete; the probe is removed, or named if it can not be.

    Args:
        job: a client with the keys that take backups.
        administrator: one with the keys that may delete.
        bucket: its name.
        same_keys: these are the same.
    """
    retention = settings.lock_configuration(administrator, bucket).get("Rule", {}).get("DefaultRetention", {})
    if retention.get("Mode") == "COMPLIANCE":
        yield warning(
            SUBJECT,
            "not tried: this bucket locks each object in mode COMPLIANCE, so that the probe would stay",
            "See in the store's documentation whether it knows If-Match and If-None-Match for PutObject",
        )
        return
    key = START + secrets.token_hex(8)
    try:
        yield _tried(job, bucket, key)
        if not same_keys:
            yield _deletion(job, bucket, key)
    finally:
        left = _removed(administrator, bucket, key, locked=bool(retention))
    if left is not None:
        yield failure(SUBJECT, f"the probe {key} could not be removed: {left}", f"Remove it: it is {bucket}/{key}")


def _tried(job: Any, bucket: str, key: str) -> Finding:
    """Write the probe four times: two are to be refused, because it is there, and because it is another."""

    def put(**condition: str) -> Callable[[], dict[str, Any]]:
        return lambda: job.put_object(Bucket=bucket, Key=key, Body=b"preflight", **condition)

    first = _code(put(IfNoneMatch="*"))
    if isinstance(first, str):
        if first == "AccessDenied":
            return failure(SUBJECT, "the job's key may not write", "Give it infra/policies/job.json")
        return failure(
            SUBJECT,
            f"the store refuses a write with If-None-Match: {first}",
            "Use another store: every backup needs it",
        )
    again, other = _code(put(IfNoneMatch="*")), _code(put(IfMatch='"0123456789abcdef0123456789abcdef"'))
    if not (isinstance(again, str) and isinstance(other, str)):
        names = [name for name, code in (("If-None-Match", again), ("If-Match", other)) if not isinstance(code, str)]
        return warning(SUBJECT, f"the store takes {' and '.join(names)} and does not heed them", IGNORED)
    right = _code(put(IfMatch=first["ETag"]))
    if isinstance(right, str):
        return failure(
            SUBJECT, f"the store refuses a write with the right If-Match: {right}", "Use another store: it is needed"
        )
    return ok(SUBJECT, "If-Match and If-None-Match are kept")


def _deletion(job: Any, bucket: str, key: str) -> Finding:
    # Without a version: the lock of one refuses its deletion also to who may delete.
    if isinstance(_code(lambda: job.delete_object(Bucket=bucket, Key=key)), str):
        return ok("job's key", "it writes, and can not delete")
    return warning(
        "job's key", "it can delete", "Give it infra/policies/job.json: who takes over the job has the backups, too"
    )


def _removed(administrator: Any, bucket: str, key: str, *, locked: bool) -> str | None:
    """Delete the probe, every version of it; return why something of it is left."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    bypass = {"BypassGovernanceRetention": True} if locked else {}
    try:
        for version in _versions(administrator, bucket, key):
            administrator.delete_object(Bucket=bucket, **version, **bypass)
        return "it is still there" if _versions(administrator, bucket, key) else None
    except (ClientError, BotoCoreError) as error:
        return str(error)


def _versions(administrator: Any, bucket: str, key: str) -> list[dict[str, str]]:
    page = administrator.list_object_versions(Bucket=bucket, Prefix=key)
    entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]


def _code(call: Callable[[], dict[str, Any]]) -> dict[str, Any] | str:
    """Return the store's answer, or the code it refuses with."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        return call()
    except ClientError as error:
        return store.code(error)
