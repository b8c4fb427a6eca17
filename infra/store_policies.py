"""Who may do what with the backup bucket: the policies below infra/policies, filled in for one bucket.

The same files are what a user of AWS gives to identities of his own: docs/backups.md.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

JOB = "backup"
"""The identity that takes backups: it writes and reads them, and can not take one away."""

PRUNER = "prune"
"""The identity that deletes backups once no lock holds them: it can not write one."""

Policy = dict[str, Any]

_FOLDER = Path(__file__).parent / "policies"
_FILES = {JOB: "job.json", PRUNER: "prune.json"}
_PLACES = {JOB: "JOB", PRUNER: "PRUNER"}


def identities(bucket: str) -> dict[str, Policy]:
    """Return what each identity of ours may do with `bucket`, by its name."""
    return {name: _filled(file, {"BUCKET": bucket}) for name, file in _FILES.items()}


def of_bucket(bucket: str, principals: Mapping[str, str]) -> Policy:
    """Return the policy of `bucket` itself, which denies to our identities what no other policy may give them.

    Args:
        bucket: its name.
        principals: how the store writes these identities in a policy; nothing is said of those that are not among them.
    """
    named = {_PLACES[name]: principal for name, principal in principals.items()}
    policy = _filled("bucket.json", {"BUCKET": bucket, **named})
    statements = [entry for entry in policy["Statement"] if entry["Principal"]["AWS"] in principals.values()]
    return {**policy, "Statement": statements}


def seaweedfs_principal(identity: str) -> str:
    """Return how SeaweedFS writes one of its identities in a policy."""
    return f"arn:aws:iam::000000000000:user/{identity}"


def _filled(file: str, values: Mapping[str, str]) -> Policy:
    text = (_FOLDER / file).read_text()
    for place, value in values.items():
        text = text.replace(place, value)
    policy: Policy = json.loads(text)
    return policy
