"""pgstack:s3:RecentBackup: no update of a stack that once had a backup without one that is young enough.

It makes nothing. What it guards waits for it in the program; its Check looks into the bucket, so that a preview refuses
before anything has changed. Why it is a resource: docs/adr/0013-recent-backup-as-a-resource.md.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field
from typing_extensions import override

from infra.plugin import CheckError, Context, Diff, Inputs, Resource, UserError, compare, has_unknown
from infra.plugin.resource import State
from infra.provider.s3 import store


class RecentBackupInputs(Inputs):
    """Inputs of a guard: the bucket and the keys to it, and how old its latest backup may be.

    Args:
        access_key: None, as `secret_key`, where the surroundings hold the credentials.
        preview: nothing is going to change: a store that does not answer, perhaps because this very update starts it,
            is then only worth a warning. Not kept.
        seen: filled by Check: an earlier update found a backup, so that none being there is a loss.
    """

    endpoint: str | None = None
    region: str
    bucket: str
    access_key: str | None = None
    secret_key: str | None = None
    max_age_hours: int = Field(ge=1)
    preview: bool = False
    seen: bool = False


class RecentBackup(Resource[RecentBackupInputs]):
    """Refuses any update but the first while the latest backup in the bucket is older than `maxAgeHours`."""

    token = "pgstack:s3:RecentBackup"  # noqa: S105
    inputs_type = RecentBackupInputs
    secrets = frozenset({"accessKey", "secretKey"})
    importable = False

    @override
    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        kept = {name: value for name, value in inputs.items() if name != "preview"}
        seen = bool(old_inputs.get("seen"))
        # Without old inputs this is the stack's first update, which makes the bucket, and ends with a first backup.
        if not old_inputs or has_unknown(inputs):
            return {**kept, "seen": seen}
        known = RecentBackupInputs.model_validate(inputs)
        try:
            taken = _latest(known)
        except UserError as error:
            if not known.preview:
                raise CheckError(
                    [("bucket", f"{error}; without a look at the latest backup nothing changes")]
                ) from None
            context.log("warning", f"{error}; the update looks again, before it changes the database")
            return {**kept, "seen": seen}
        if taken is None and not seen:
            context.log("warning", f"bucket {known.bucket} holds no backup yet: the first update was not finished")
            return {**kept, "seen": False}
        if refusal := too_old(taken, known.max_age_hours, datetime.now(UTC)):
            advice = f"Nothing changes before there is one: make backup STACK={context.stack}"
            raise CheckError([("maxAgeHours", f"bucket {known.bucket}: {refusal}. {advice}")])
        return {**kept, "seen": True}

    @override
    def diff(self, context: Context, resource_id: str, old: State, old_inputs: State, new: State) -> Diff:
        return Diff(compare(old_inputs, new, ignore={"seen"}))

    @override
    def create(self, context: Context, inputs: RecentBackupInputs) -> tuple[str, State]:
        return inputs.bucket, _outputs(inputs)

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: RecentBackupInputs) -> State:
        return _outputs(inputs)

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State]:
        return inputs, state

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        return None


def too_old(taken: datetime | None, limit_hours: int, now: datetime) -> str | None:
    """Return what is wrong with a latest backup taken then, None if it is young enough.

    Args:
        taken: when it began, None where there is none any more.
        limit_hours: how old it may be.
        now: the present moment.
    """
    from infra.backup_job.names import CLOCKS  # noqa: PLC0415 - as below

    if taken is None:
        return "the backups that were here are gone"
    if taken > now + CLOCKS:
        return f"the latest backup began at {taken:%Y-%m-%d %H:%M} UTC, which is in the future: correct the clock first"
    age = now - taken
    if age <= timedelta(hours=limit_hours):
        return None
    return f"the latest backup is {age / timedelta(hours=1):.1f} h old, allowed are {limit_hours} h (backupMaxAgeHours)"


def _latest(inputs: RecentBackupInputs) -> datetime | None:
    """Return when the latest backup began, None where there is none.

    Raises:
        UserError: the store does not answer, refuses, or holds something else in its place.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415

    from infra.backup_job.errors import DamagedError  # noqa: PLC0415 - only a second update needs the job's words
    from infra.backup_job.manifest import LatestPointer, parse  # noqa: PLC0415
    from infra.backup_job.names import Names  # noqa: PLC0415
    from infra.backup_job.settings import Settings  # noqa: PLC0415

    key = Names(Settings.model_fields["prefix"].default).latest
    with store.as_user_error(inputs.bucket, inputs.endpoint):
        client = store.client(inputs.endpoint, inputs.region, inputs.access_key, inputs.secret_key)
        try:
            body = client.get_object(Bucket=inputs.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if store.code(error) in {"NoSuchKey", "NoSuchBucket", "404"}:
                return None
            raise
    try:
        return parse(LatestPointer, body, key).started
    except DamagedError as error:
        raise UserError(f"bucket {inputs.bucket}: {error}; the next backup replaces it (make backup)") from error


def _outputs(inputs: RecentBackupInputs) -> dict[str, Any]:
    return inputs.model_dump(by_alias=True, exclude={"preview", "seen"})
