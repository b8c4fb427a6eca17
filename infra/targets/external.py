"""A PostgreSQL and an S3 store that are there already: Supabase, RDS, AWS, servers of one's own."""

from collections.abc import Sequence
from dataclasses import replace

import pulumi
from pydantic import SecretStr

from infra import external_settings
from infra.endpoint import ClientPrograms, Endpoint, Keys, ObjectStore, Postgres
from infra.resources import Preflight
from infra.roles import BACKUP, EXTENSION_SCHEMA, EXTENSIONS, GROUPS
from infra.schema import SCHEMA_FOLDER
from infra.settings import Settings
from infra.targets import embedded


def postgres(parent: pulumi.Resource, settings: Settings) -> Postgres:
    """Check the database before anything is changed; its client programs are the embedded ones, which read 15 to 18."""
    url = external_settings.database(settings)
    reader = external_settings.backup_database(settings)
    preflight = Preflight(
        "preflight",
        url=pulumi.Output.secret(url.text),
        schema_name=settings.schema_name,
        directory=SCHEMA_FOLDER,
        groups=GROUPS,
        extensions=EXTENSIONS,
        extensions_schema=EXTENSION_SCHEMA,
        backup_role=BACKUP if settings.backups and reader is None else "",
        backup_url=pulumi.Output.secret(reader.text) if settings.backups and reader else None,
        adopt=settings.adopt,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    # Through the preflight, so that nothing reaches the database before it has passed.
    name = preflight.role.apply(lambda _: url.database)
    return Postgres(Endpoint.at(url, name, preflight.role), _programs(settings), checked=[preflight])


def object_store(settings: Settings) -> ObjectStore | None:
    """Return the store that is configured, None where there are to be no backups."""
    if not settings.backups:
        return None
    administrator = _keys(settings.s3_access_key, settings.s3_secret_key)
    job = _keys(settings.s3_job_access_key, settings.s3_job_secret_key) if settings.s3_job_access_key else administrator
    return ObjectStore(
        endpoint=settings.s3_endpoint or None,
        region=settings.s3_region,
        administrator=administrator,
        job=replace(job, principal=settings.s3_job_principal or None),
        pruner=_pruner(settings),
    )


def _pruner(settings: Settings) -> Keys | None:
    if settings.s3_prune_access_key is None:
        return None
    keys = _keys(settings.s3_prune_access_key, settings.s3_prune_secret_key)
    return replace(keys, principal=settings.s3_prune_principal or None)


def _keys(access_key: SecretStr | None, secret_key: SecretStr | None) -> Keys:
    return Keys(
        access_key=pulumi.Output.secret(access_key.get_secret_value()) if access_key else None,
        secret_key=pulumi.Output.secret(secret_key.get_secret_value()) if secret_key else None,
    )


def backup_schedule(
    parent: pulumi.Resource,
    configuration: pulumi.Output[str],
    settings: Settings,
    *,
    after: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """Run the job's schedule on this machine."""
    return embedded.backup_schedule(parent, configuration, settings, after=after)


def prune_schedule(
    parent: pulumi.Resource,
    configuration: pulumi.Output[str],
    settings: Settings,
    *,
    after: Sequence[pulumi.Resource],
) -> None:
    """Prune after each backup, on this machine."""
    embedded.prune_schedule(parent, configuration, settings, after=after)


def _programs(settings: Settings) -> ClientPrograms:
    if not settings.backups:
        return ClientPrograms("", "")
    from infra.embedded.distribution import DistributionError, install  # noqa: PLC0415 - other targets need it not here

    try:
        distribution = install()
    except (DistributionError, LookupError) as error:
        raise pulumi.RunError(f"no client programs for backups: {error}") from None
    return ClientPrograms(str(distribution.root / "bin"), distribution.library_path)
