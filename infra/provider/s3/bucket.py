"""pgstack:s3:Bucket, a bucket of any S3 store: versioning, object lock, lifecycle, policy, no public access."""

from dataclasses import asdict
from typing import Any

from pydantic import Field
from pydantic.alias_generators import to_camel
from typing_extensions import override

from infra.plugin import CheckError, Context, Inputs, Resource, UserError, has_unknown
from infra.plugin.resource import State
from infra.provider.s3 import settings, store
from infra.provider.s3.settings import Settings

UNLOCKED = (
    "what is in it, and what comes, is deleted by whoever has a key that deletes. If these keys may not set a lock, "
    "allow them s3:PutBucketObjectLockConfiguration. If the store locks only buckets that are made for it: set "
    "keepBackupsOnDestroy, update, then name another bucket; this one stays. backupLockDays 0 asks for no lock"
)
"""What is not protected without a lock, and what to do."""


class BucketInputs(Inputs):
    """Inputs of a bucket and of the store it lies in."""

    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = None
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    versioning: bool = True
    object_lock_days: int = Field(default=0, ge=0)
    block_public_access: bool = True
    abort_multipart_days: int = Field(default=7, ge=0)
    policy: dict[str, Any] | None = None
    force_destroy: bool = False
    retain_on_delete: bool = False

    def client(self) -> Any:
        """Return a client of the store."""
        return store.client(self.endpoint, self.region, self.access_key, self.secret_key)

    def settings(self) -> Settings:
        """Return what the bucket has to be set to."""
        return Settings(
            versioning=self.versioning,
            object_lock_days=self.object_lock_days,
            abort_multipart_days=self.abort_multipart_days,
            block_public_access=self.block_public_access,
            policy=self.policy,
        )


class Bucket(Resource[BucketInputs]):
    """A bucket. What the store has not (`refused`, an output) is said, not passed over.

    The output `live` is what the store answers when it is asked for its settings: a store words a policy in its own
    way, so drift is a change of that answer. Another endpoint is another way to the same bucket, or a move to another
    store: neither ever deletes the bucket at the old one.
    """

    token = "pgstack:s3:Bucket"  # noqa: S105
    inputs_type = BucketInputs
    replace_on = frozenset({"bucket"})
    secrets = frozenset({"accessKey", "secretKey"})
    computed = ("refused", "live")
    importable = False

    @override
    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        # Defaults are written down, so that what `read` finds can be compared with them.
        defaults = {
            to_camel(name): field.default
            for name, field in BucketInputs.model_fields.items()
            if not field.is_required() and field.default is not None
        }
        checked = {**defaults, **inputs}
        _require_private(checked)
        if checked["objectLockDays"] and checked["versioning"] is False:
            raise CheckError([("objectLockDays", "a lock is one of a version: it needs versioning")])
        return checked

    @override
    def create(self, context: Context, inputs: BucketInputs) -> tuple[str, State]:
        return inputs.bucket, self._ensure(context, inputs, known=False)

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: BucketInputs) -> State:
        same_place = old.get("endpoint") == inputs.endpoint
        state = self._ensure(context, inputs, known=same_place)
        if not same_place:
            context.log("info", f"bucket {inputs.bucket}: {old.get('endpoint') or 'AWS'} is left as it is")
        return state

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State] | None:
        known = BucketInputs.model_validate(inputs)
        with store.as_user_error(known.bucket, known.endpoint):
            client = known.client()
            if not store.exists(client, known.bucket):
                return None
            live = _words(settings.read(client, known.bucket))
        # What an earlier release did not look at is no drift.
        before = {**live, **(state.get("live") or {})}
        drift = {name: live[name] for name in live if live[name] != before[name]}
        return {**inputs, **drift}, {**state, **drift, "live": live}

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        inputs = BucketInputs.model_validate({key: value for key, value in state.items() if key not in self.computed})
        if inputs.retain_on_delete:
            context.log("info", f"bucket {inputs.bucket} stays, with everything in it, as configured")
            return
        with store.as_user_error(inputs.bucket, inputs.endpoint):
            client = inputs.client()
            if not store.exists(client, inputs.bucket):
                return
            if inputs.force_destroy:
                locked = bool(settings.lock_configuration(client, inputs.bucket))
                store.empty(client, inputs.bucket, locked=locked)
            # Not every store refuses this by itself: SeaweedFS deletes a bucket with all it holds.
            elif not store.is_empty(client, inputs.bucket):
                raise UserError(
                    f"bucket {inputs.bucket} at {inputs.endpoint or 'AWS'} is not empty: empty it, or set forceDestroy "
                    "to delete what it holds, or retainOnDelete to keep it"
                )
            client.delete_bucket(Bucket=inputs.bucket)

    def _ensure(self, context: Context, inputs: BucketInputs, *, known: bool) -> State:
        """Make the bucket and its settings so; what lies there may be a stranger's unless it is `known`."""
        identity = f"{context.project}/{context.stack}/{context.name}"
        with store.as_user_error(inputs.bucket, inputs.endpoint):
            client = inputs.client()
            if not store.exists(client, inputs.bucket):
                store.make(client, inputs.bucket, inputs.region, identity, lockable=inputs.object_lock_days > 0)
            elif not known:
                store.adopt(client, inputs.bucket, identity)
            refused = settings.apply(client, inputs.bucket, inputs.settings())
            live = _words(settings.read(client, inputs.bucket))
        if lacking := [name for name in refused if name != settings.OBJECT_LOCK]:
            context.log("warning", f"the store of bucket {inputs.bucket} does not know: {', '.join(lacking)}")
        if words := refused.get(settings.OBJECT_LOCK):
            context.log("warning", f"bucket {inputs.bucket} can not be locked ({words}): {UNLOCKED}")
        return {**inputs.model_dump(by_alias=True), "refused": list(refused), "live": live}


def _require_private(inputs: State) -> None:
    """Refuse a policy for everybody: AWS does so by itself, not every store knows the block."""
    policy = inputs.get("policy")
    if inputs["blockPublicAccess"] is not True or has_unknown(policy) or not policy:
        return
    if found := settings.opened_to_everybody(policy):
        reason = f"opens the bucket to everybody (statement {', '.join(found)}), which blockPublicAccess refuses"
        raise CheckError([("policy", reason)])


def _words(found: Settings) -> State:
    return {to_camel(name): value for name, value in asdict(found).items()}
