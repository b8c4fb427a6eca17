"""EcosystemSchema: the managed schema, its seed rows, and the checks run on both."""

import json
from hashlib import sha256
from pathlib import Path

import pulumi

from infra.endpoint import BucketAccess, Endpoint
from infra.resources import Maintenance, Schema, Seed, Verification
from infra.roles import BACKUP, GROUPS
from infra.settings import PROJECT_FOLDER, STACK_VARIABLE, Settings

SCHEMA_FOLDER = "sql/schema"
SEED_FOLDER = "sql/seeds"
VERIFY_FOLDER = "sql/verify"
UNDONE_BY = "disconnect_realtime()"
"""The function of the schema that takes back what others of it did in schemas that are not ours."""


class EcosystemSchema(pulumi.ComponentResource):
    """The seven tables and what belongs to them; `report` is what the checks say of them.

    `maintained_by` is "pg_cron", "service" (the backup job's schedule), or "others" where that has none to do.
    """

    schema_name: str
    report: pulumi.Output[list[str]]
    maintained_by: pulumi.Output[str]

    def __init__(self, name: str, owner: Endpoint, bucket: BucketAccess | None, settings: Settings):
        super().__init__("agent-ecosystem:index:EcosystemSchema", name)
        # A server that outlives the stack keeps the tables and their rows, unless told otherwise.
        drop = owner.goes_with is None and settings.drop_on_destroy
        child = pulumi.ResourceOptions(
            parent=self, deleted_with=owner.goes_with, retain_on_delete=owner.goes_with is None and not drop
        )
        # The bucket comes first: an update that loses data takes a proven backup into it beforehand.
        ready = pulumi.Output.all(owner.url, bucket.bucket if bucket else None)
        schema = Schema(
            "schema",
            url=pulumi.Output.secret(ready.apply(lambda parts: str(parts[0]))),
            scratch_url=owner.superuser_url,
            schema_name=settings.schema_name,
            database=settings.database if owner.goes_with is not None else None,
            directory=SCHEMA_FOLDER,
            owner=owner.acts_as,
            roles=[*GROUPS, BACKUP],
            allow=settings.allow,
            adopt=settings.adopt,
            lock_timeout=settings.lock_timeout,
            lock_retries=settings.lock_retries,
            proof=settings.proof,
            backup_command=_backup_command(settings) if bucket else [],
            # Not `deleted_with` like the others: the engine would keep the views of a schema it never had deleted.
            drop_on_delete=drop,
            before_drop=UNDONE_BY,
            opts=pulumi.ResourceOptions(parent=self),
        )
        applied = pulumi.Output.all(owner.url, schema.fingerprint)
        url: pulumi.Output[str] = pulumi.Output.secret(applied.apply(lambda parts: str(parts[0])))
        seeds = [
            Seed(file.stem, url=url, schema_name=settings.schema_name, file=str(file), opts=child)
            for file in _seed_files(settings)
        ]
        verification = Verification(
            "verification",
            url=url,
            schema_name=settings.schema_name,
            directory=VERIFY_FOLDER,
            triggers={
                "schema": schema.fingerprint,
                "seeds": pulumi.Output.all(*[s.rows for s in seeds]).apply(_digest),
            },
            opts=child,
        )
        self.maintained_by = self._maintained_by(owner, schema, settings)
        self.schema_name = settings.schema_name
        self.report = verification.report
        self.register_outputs({"report": verification.report})

    def _maintained_by(self, owner: Endpoint, schema: Schema, settings: Settings) -> pulumi.Output[str]:
        service = "service" if settings.backups and settings.maintenance_seconds else "others"
        if settings.target == "embedded":  # its PostgreSQL has no pg_cron
            return pulumi.Output.from_input(service)
        jobs = Maintenance(
            "maintenance",
            # Not the schema's fingerprint, as above: who can do it is known before the schema is changed.
            url=owner.url,
            schema_name=settings.schema_name,
            wanted=settings.maintenance_by if settings.maintenance_seconds else "service",
            round_seconds=settings.maintenance_seconds,
            opts=pulumi.ResourceOptions(parent=self, deleted_with=owner.goes_with, depends_on=schema),
        )
        return jobs.by.apply(lambda by: by if by == "pg_cron" else service)


def _backup_command(settings: Settings) -> list[str]:
    """Return what has the job of the last update take a backup, wherever it lives; nothing where none is wanted."""
    if not settings.backup_before_loss:
        return []
    return ["env", f"{STACK_VARIABLE}={settings.stack}", "python", "-m", "infra.job_command", "run"]


def _seed_files(settings: Settings) -> list[Path]:
    ours = sorted(path.relative_to(PROJECT_FOLDER) for path in (PROJECT_FOLDER / SEED_FOLDER).glob("*.yaml"))
    return [*ours, *map(Path, settings.seeds)]


def _digest(rows: list[object]) -> str:
    return sha256(json.dumps(rows, sort_keys=True, default=str).encode()).hexdigest()[:16]
