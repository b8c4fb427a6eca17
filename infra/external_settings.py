"""The configuration keys of `target: external` together: what one alone can not say, and the connections they make."""

from typing import TYPE_CHECKING

from infra.database_url import SYSTEM_CERTIFICATES, DatabaseUrl, DatabaseUrlError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from infra.settings import Settings


def problems(settings: "Settings") -> list[str]:
    """Return what is wrong, each line beginning with the key; no line holds a secret."""
    return [*_certificate(settings), *_urls(settings), *_keys(settings), *_versions(settings), *_maintenance(settings)]


def database(settings: "Settings") -> DatabaseUrl:
    """Return the database of `databaseUrl`, with TLS as configured."""
    return _parsed(settings, settings.database_url)


def backup_database(settings: "Settings") -> DatabaseUrl | None:
    """Return the login of `backupDatabaseUrl`, None where the stack makes one."""
    return _parsed(settings, settings.backup_database_url) if settings.backup_database_url else None


def _parsed(settings: "Settings", url: "SecretStr | None") -> DatabaseUrl:
    text = url.get_secret_value() if url else ""
    return DatabaseUrl.parse(text, settings.ssl_mode, settings.ssl_root_certificate)


def _certificate(settings: "Settings") -> list[str]:
    from infra.settings import PROJECT_FOLDER  # noqa: PLC0415 - settings import this module

    name = settings.ssl_root_certificate
    if name in ("", SYSTEM_CERTIFICATES) or (PROJECT_FOLDER / name).is_file():
        return []
    return [f"sslRootCertificate = {name!r}: there is no file {PROJECT_FOLDER / name}"]


def _urls(settings: "Settings") -> list[str]:
    if settings.database_url is None:
        command = "pulumi config set --secret databaseUrl"
        return [f"databaseUrl is missing, which target external needs: `{command}` asks for it without showing it"]
    found = []
    for key, url in (("databaseUrl", settings.database_url), ("backupDatabaseUrl", settings.backup_database_url)):
        try:
            if url is not None:
                _parsed(settings, url)
        except DatabaseUrlError as error:
            found.append(f"{key} {error}")
    return found


def _keys(settings: "Settings") -> list[str]:
    found = []
    for given, neither in (
        (
            {"s3AccessKey": settings.s3_access_key, "s3SecretKey": settings.s3_secret_key},
            "to use the surroundings' credentials",
        ),
        (
            {"s3JobAccessKey": settings.s3_job_access_key, "s3JobSecretKey": settings.s3_job_secret_key},
            "to let the job use those of the bucket's administrator",
        ),
        (
            {"s3PruneAccessKey": settings.s3_prune_access_key, "s3PruneSecretKey": settings.s3_prune_secret_key},
            "to have nothing deleted by itself",
        ),
    ):
        missing = [name for name, value in given.items() if value is None]
        if len(missing) == 1:
            found.append(f"{missing[0]} is missing: give both keys of the store, or neither {neither}")
    if settings.s3_job_principal and settings.s3_job_access_key is None:
        found.append(
            "s3JobAccessKey is missing: the bucket's policy would deny deletion to s3JobPrincipal, and the job still "
            "have the keys of the bucket's administrator"
        )
    if settings.s3_prune_principal and settings.s3_prune_access_key is None:
        found.append("s3PruneAccessKey is missing: s3PrunePrincipal says whose it is")
    return found


def _versions(settings: "Settings") -> list[str]:
    if not settings.extension_versions:
        return []
    return [f"extensionVersions = {settings.extension_versions!r}: on this server that is ALTER EXTENSION ... UPDATE"]


def _maintenance(settings: "Settings") -> list[str]:
    if settings.backups or settings.maintenance_by != "service":
        return []
    return ["maintenanceBy = 'service': without backups there is no schedule service: pg_cron, or backups"]
