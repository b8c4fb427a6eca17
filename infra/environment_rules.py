"""What staging and production have to keep to: checked before anything is registered, so that a preview tells it, too.

Why these rules, and why they are part of the program: docs/adr/0012-rules-built-in.md.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pulumi

from infra import external_settings, passphrases
from infra.settings import PROJECT_FOLDER, Settings, SettingsError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Run:
    """How this run was started, as far as a rule asks.

    Args:
        preview: nothing is changed.
        passphrase: encrypts the secrets in the state; None where another secrets provider does.
        passphrase_file: where it was read, None where the environment holds the passphrase itself.
    """

    preview: bool
    passphrase: str | None = None
    passphrase_file: Path | None = None

    @classmethod
    def of(cls, stack: str, environment: Mapping[str, str], *, preview: bool, project: Path = PROJECT_FOLDER) -> "Run":
        """Return how the present run of `stack` was started.

        Args:
            stack: the stack's name.
            environment: the process's variables.
            preview: whether it is a preview.
            project: the folder of the stack's file, which names another secrets provider where there is one.
        """
        if not _uses_passphrase(project / f"Pulumi.{stack}.yaml", environment.get("PULUMI_BACKEND_URL", "")):
            return cls(preview)
        if "PULUMI_CONFIG_PASSPHRASE" in environment:
            return cls(preview, environment["PULUMI_CONFIG_PASSPHRASE"])
        named = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
        file = Path(named).expanduser() if named else None
        return cls(preview, file.read_text().strip() if file and file.is_file() else None, file)


Rule = Callable[[Settings, Run], str | None]
"""Returns what is wrong and what to do, or None."""


def keep(settings: Settings) -> None:
    """Stop this run where the stack's environment does not allow it; warn of what would only stop an `up`.

    Raises:
        SettingsError: which rules are broken, each with what to do.
    """
    if not RULES[settings.environment]:
        return
    run = Run.of(settings.stack, os.environ, preview=pulumi.runtime.is_dry_run())
    if found := broken(settings, run):
        raise SettingsError("\n".join(found))
    for message in broken(settings, replace(run, preview=False)):
        pulumi.log.warn(message)


def broken(settings: Settings, run: Run) -> list[str]:
    """Return one message for each rule of the stack's environment that is broken."""
    return [
        f"{settings.environment}: {message}"
        for rule in RULES[settings.environment]
        if (message := rule(settings, run)) is not None
    ]


def unverified(url: str) -> bool:
    """Say whether a connection string reaches another machine without proof that it is the one meant.

    Args:
        url: postgresql://user:password@host:port/database?sslmode=...; a socket's folder counts as this machine.
    """
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - libpq costs 0.13 s

    parts = conninfo_to_dict(url)
    hosts = [host for key in ("host", "hostaddr") for host in str(parts.get(key) or "").split(",") if host]
    remote = any(host not in LOOPBACK and not host.startswith("/") for host in hosts)
    return remote and parts.get("sslmode") != "verify-full"


def _protected(settings: Settings, run: Run) -> str | None:  # noqa: ARG001
    if settings.protect:
        return None
    return (
        "configuration key agent-ecosystem:protect = False: what holds data could be deleted by one command. "
        "Set it: pulumi config set protect true"
    )


def _private_bucket(settings: Settings, run: Run) -> str | None:  # noqa: ARG001
    if settings.block_public_access:
        return None
    return (
        "configuration key agent-ecosystem:blockPublicAccess = False: a policy could open the backups to everybody. "
        "Take it away: pulumi config rm blockPublicAccess"
    )


def _proven_server(settings: Settings, run: Run) -> str | None:  # noqa: ARG001
    if settings.target != "external":
        return None
    connections = {
        "databaseUrl": external_settings.database(settings),
        "backupDatabaseUrl": external_settings.backup_database(settings),
    }
    unproven = [key for key, url in connections.items() if url is not None and unverified(url.text)]
    if not unproven:
        return None
    return (
        f"the connection of {' and of '.join(unproven)} does not check that the server is the one meant: somebody in "
        "between could read it. Set its certificate authority, and sslMode is verify-full: pulumi config set "
        "sslRootCertificate FILE"
    )


def _backed_up(settings: Settings, run: Run) -> str | None:  # noqa: ARG001
    if settings.backups:
        return None
    return (
        "configuration key agent-ecosystem:backups = False: no change could be held to a recent backup. Take it away: "
        "pulumi config rm backups"
    )


def _strong_passphrase(settings: Settings, run: Run) -> str | None:
    if run.passphrase is None or not passphrases.guessable(run.passphrase, settings.stack):
        return None
    source = "PULUMI_CONFIG_PASSPHRASE" if run.passphrase_file is None else str(run.passphrase_file)
    return (
        f"the passphrase of {source} encrypts every password of the stack, and is well known, one short word with "
        f"digits, or shorter than {passphrases.SHORTEST} characters. Change it: pulumi stack change-secrets-provider "
        "passphrase"
    )


def _passphrase_of_its_own(settings: Settings, run: Run) -> str | None:  # noqa: ARG001
    """A checkout's own passphrase is random, but lies in its `.state` alone: it does for a look, not for what lasts."""
    if run.preview or run.passphrase_file != PROJECT_FOLDER / ".state" / "passphrase":
        return None
    return (
        f"the stack's passphrase is that of this checkout, {run.passphrase_file}: it goes with the folder, and nobody "
        "else has it. Copy it to where you keep such secrets, and give it to the command in PULUMI_CONFIG_PASSPHRASE "
        "or PULUMI_CONFIG_PASSPHRASE_FILE"
    )


RULES: Mapping[str, tuple[Rule, ...]] = {
    "development": (),
    "staging": (_private_bucket, _proven_server, _strong_passphrase),
    "production": (
        _protected,
        _private_bucket,
        _proven_server,
        _backed_up,
        _strong_passphrase,
        _passphrase_of_its_own,
    ),
}


def _uses_passphrase(stack_file: Path, backend_url: str) -> bool:
    """Say whether the state's secrets are encrypted with a passphrase: not with a cloud's key, nor by Pulumi Cloud."""
    import yaml  # noqa: PLC0415 - no preview of a development stack pays for it

    content = yaml.safe_load(stack_file.read_text()) if stack_file.is_file() else None
    keys = content or {}
    if keys.get("secretsprovider", "passphrase") != "passphrase":
        return False
    return not {"secretsprovider", "encryptionsalt"}.isdisjoint(keys) or not backend_url.startswith(
        ("https://", "http://")
    )
