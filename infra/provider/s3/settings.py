"""The settings of a bucket: written in one go, read back one by one."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.provider.s3.store import code, not_implemented

LIFECYCLE_RULE = "abandoned-uploads"
OBJECT_LOCK = "object lock"
PUBLIC_ACCESS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_UNSET = frozenset(
    {
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchBucketPolicy",
        "ObjectLockConfigurationNotFoundError",
    }
)


@dataclass(frozen=True)
class Settings:
    """What a bucket is set to.

    Args:
        object_lock_days: days that each new version can be deleted by nobody but who may bypass the lock; 0: none.
        abort_multipart_days: days after which an unfinished upload is given up; 0: never.
        policy: None where there is none.
    """

    versioning: bool
    object_lock_days: int
    abort_multipart_days: int
    block_public_access: bool
    policy: Mapping[str, Any] | None


def apply(s3: Any, bucket: str, wanted: Settings) -> dict[str, str]:
    """Set the bucket so; return the names of what its store refuses, each with the store's words.

    A lock is refused in many ways, by stores that have none, for buckets made without one, and for keys that may set
    the rest: the bucket is worth having without it, so none of them is an error.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415

    refused = {}
    for name, setting in _calls(s3, bucket, wanted).items():
        try:
            setting()
        except ClientError as error:
            if name != OBJECT_LOCK and not not_implemented(error):
                raise
            refused[name] = f"{code(error)}: {error.response['Error'].get('Message', '')}"
    return refused


def read(s3: Any, bucket: str) -> Settings:
    """Return what the bucket is set to; what its store has not is off."""
    lifecycle = _ask(lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket))
    block = _ask(lambda: s3.get_public_access_block(Bucket=bucket)).get("PublicAccessBlockConfiguration", {})
    policy = _ask(lambda: s3.get_bucket_policy(Bucket=bucket)).get("Policy")
    return Settings(
        object_lock_days=_lock_days(s3, bucket),
        versioning=s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled",
        abort_multipart_days=_abort_days(lifecycle.get("Rules", [])),
        block_public_access=all(block.get(name) for name in PUBLIC_ACCESS),
        policy=json.loads(policy) if policy else None,
    )


def opened_to_everybody(policy: Mapping[str, Any]) -> list[str]:
    """Return the statements of a bucket policy that allow something to anybody, by Sid, or by number without one.

    A condition does not make one safe here: whether it holds for the whole internet can not be read off it.
    """
    statements = policy.get("Statement", [])
    return [
        str(statement.get("Sid") or f"number {number}")
        for number, statement in enumerate(statements if isinstance(statements, list) else [statements], 1)
        if statement.get("Effect") == "Allow" and _names_everybody(statement)
    ]


def _names_everybody(statement: Mapping[str, Any]) -> bool:
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    named = principal.values() if isinstance(principal, Mapping) else [principal]
    return any("*" in (names if isinstance(names, list) else [names]) for names in named)


def _calls(s3: Any, bucket: str, wanted: Settings) -> dict[str, Callable[[], Any]]:
    status = {"Status": "Enabled" if wanted.versioning else "Suspended"}
    lifecycle = {
        "Rules": [
            {
                "ID": LIFECYCLE_RULE,
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": wanted.abort_multipart_days},
            }
        ]
    }
    block = dict.fromkeys(PUBLIC_ACCESS, wanted.block_public_access)
    calls: dict[str, Callable[[], Any]] = {
        "versioning": lambda: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=status),
        OBJECT_LOCK: lambda: _lock(s3, bucket, wanted.object_lock_days),
        "lifecycle": (
            (lambda: s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle))
            if wanted.abort_multipart_days
            else (lambda: s3.delete_bucket_lifecycle(Bucket=bucket))
        ),
        "public access block": lambda: s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block),
    }
    if wanted.policy:
        calls["policy"] = lambda: s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(wanted.policy))
    elif read(s3, bucket).policy:
        calls["policy"] = lambda: s3.delete_bucket_policy(Bucket=bucket)
    return calls


def _lock(s3: Any, bucket: str, days: int) -> None:
    """Lock new versions for `days`. A lock once made can not be taken from a bucket: without days it locks nothing."""
    if days == 0 and not _lock_days(s3, bucket):
        return
    configuration: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
    if days:
        configuration["Rule"] = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": days}}
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)


def _lock_days(s3: Any, bucket: str) -> int:
    retention = lock_configuration(s3, bucket).get("Rule", {}).get("DefaultRetention", {})
    return int(retention.get("Days", 0)) + 365 * int(retention.get("Years", 0))


def lock_configuration(s3: Any, bucket: str) -> dict[str, Any]:
    """Return the bucket's object lock as S3 words it; empty where there is none, or these keys may not know."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        answer = _ask(lambda: s3.get_object_lock_configuration(Bucket=bucket))
    except ClientError as error:
        if code(error) not in {"AccessDenied", "MethodNotAllowed"}:
            raise
        return {}
    found: dict[str, Any] = answer.get("ObjectLockConfiguration", {})
    return found


def _abort_days(rules: list[dict[str, Any]]) -> int:
    return next(
        (
            int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
            for rule in rules
            if rule.get("ID") == LIFECYCLE_RULE and rule["Status"] == "Enabled"
        ),
        0,
    )


def _ask(question: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        return question()
    except ClientError as error:
        if code(error) in _UNSET or not_implemented(error):
            return {}
        raise
