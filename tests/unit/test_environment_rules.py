"""What staging and production refuse: each rule with its one message."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra import environment_rules
from infra.environment_rules import Run, broken, unverified
from infra.settings import PROJECT_FOLDER, Settings

STRONG = "a8Hq0dV2mPz7TtRw"
OWN = PROJECT_FOLDER / ".state" / "passphrase"


def settings(environment: str, **values: str) -> Settings:
    config = {"environment": environment, **values}
    return Settings.parse("agent-ecosystem", "live", {f"agent-ecosystem:{key}": text for key, text in config.items()})


UP = Run(preview=False, passphrase=STRONG)
GOOD = settings("production", protect="true")


def test_a_production_that_keeps_every_rule_is_let_through() -> None:
    assert broken(GOOD, UP) == []


def test_development_has_no_rules() -> None:
    assert broken(settings("development", blockPublicAccess="false"), Run(preview=False, passphrase="")) == []


def test_production_without_protect() -> None:
    (message,) = broken(settings("production"), UP)
    assert message == (
        "production: configuration key agent-ecosystem:protect = False: what holds data could be deleted by one "
        "command. Set it: pulumi config set protect true"
    )
    assert broken(settings("staging"), UP) == []


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_a_public_bucket(environment: str) -> None:
    (message,) = broken(settings(environment, protect="true", blockPublicAccess="false"), UP)
    assert message.startswith(f"{environment}: configuration key agent-ecosystem:blockPublicAccess = False: ")
    assert "pulumi config rm blockPublicAccess" in message


GUESSABLE = [
    "",
    "test",
    "password",
    "Password123456",
    "short",
    "live",
    "live-live-live",
    "agent-ecosystem-live",
    "welcome12345",
    "1" * 20,
]


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("passphrase", GUESSABLE)
def test_a_well_known_passphrase(environment: str, passphrase: str) -> None:
    (message,) = broken(settings(environment, protect="true"), Run(preview=True, passphrase=passphrase))
    assert message.startswith(f"{environment}: the passphrase of PULUMI_CONFIG_PASSPHRASE encrypts every password")
    assert "pulumi stack change-secrets-provider passphrase" in message


def test_a_refused_passphrase_is_not_shown() -> None:
    (message,) = broken(GOOD, Run(preview=False, passphrase="tEsT-pAsSwOrD-1"))
    assert "tEsT" not in message


def test_a_well_known_passphrase_in_a_file_names_the_file(tmp_path: Path) -> None:
    (message,) = broken(GOOD, Run(preview=False, passphrase="changeme", passphrase_file=tmp_path / "passphrase"))
    assert str(tmp_path / "passphrase") in message
    assert "changeme" not in message


def test_production_is_not_encrypted_with_what_one_folder_alone_has() -> None:
    (message,) = broken(GOOD, Run(preview=False, passphrase=STRONG, passphrase_file=OWN))
    assert message.startswith(f"production: the stack's passphrase is that of this checkout, {OWN}: ")
    assert broken(GOOD, Run(preview=True, passphrase=STRONG, passphrase_file=OWN)) == []
    assert broken(settings("staging"), Run(preview=False, passphrase=STRONG, passphrase_file=OWN)) == []


def test_every_broken_rule_is_told_at_once() -> None:
    worst = settings("production", blockPublicAccess="false")
    assert len(broken(worst, Run(preview=False, passphrase="test", passphrase_file=OWN))) == 4


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("postgresql://u:p@db.example.com/d", True),
        ("postgresql://u:p@db.example.com:6543/d?sslmode=require", True),
        ("postgresql://u:p@10.0.0.1/d?sslmode=verify-ca", True),
        ("postgresql://u:p@db.example.com/d?sslmode=verify-full&connect_timeout=3", False),
        ("postgresql://u:p@127.0.0.1:5432/d", False),
        ("postgresql://u:p@[::1]:5432/d", False),
        ("postgresql://u:p@localhost/d?sslmode=disable", False),
        ("postgresql:///d?host=/run/postgresql", False),
        ("postgresql:///d?host=db.example.com", True),
        ("postgresql://u:p@localhost/d?host=db.example.com", True),
        ("postgresql://u:p@localhost/d?hostaddr=10.0.0.1", True),
        ("postgresql://u:p@localhost,db.example.com/d", True),
    ],
)
def test_a_remote_server_has_to_prove_who_it_is(url: str, refused: bool) -> None:
    assert unverified(url) is refused


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_an_existing_database_without_verify_full(environment: str) -> None:
    elsewhere = {"target": "external", "databaseUrl": "postgresql://u:S3cret@db.example.com/d"}
    (message,) = broken(settings(environment, protect="true", **elsewhere), UP)
    assert message.startswith(f"{environment}: the connection of databaseUrl does not check")
    assert "pulumi config set sslRootCertificate FILE" in message
    assert "S3cret" not in message
    proven = {**elsewhere, "sslRootCertificate": "system"}
    assert broken(settings(environment, protect="true", **proven), UP) == []


def test_the_login_for_backups_has_to_check_the_server_as_well() -> None:
    elsewhere = {"target": "external", "databaseUrl": "postgresql://u:S3cret@db.example.com/d?sslmode=verify-full"}
    for host, refused in (("replica.example.com", True), ("127.0.0.1", False)):
        urls = {**elsewhere, "backupDatabaseUrl": f"postgresql://b:S3cret@{host}/d"}
        found = broken(settings("production", protect="true", **urls), UP)
        assert [message.split(":")[1].split(" does")[0] for message in found] == (
            [" the connection of backupDatabaseUrl"] if refused else []
        )


def test_production_without_backups() -> None:
    elsewhere = {"target": "external", "databaseUrl": "postgresql://u:p@127.0.0.1/d", "backups": "false"}
    (message,) = broken(settings("production", protect="true", **elsewhere), UP)
    assert message.startswith("production: configuration key agent-ecosystem:backups = False: ")
    assert broken(settings("staging", **elsewhere), UP) == []


# -- how the run was started


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.live.yaml").write_text("config: {}\n")
    return tmp_path


def run_of(project: Path, **environment: str) -> Run:
    return Run.of("live", environment, preview=False, project=project)


def test_the_passphrase_comes_from_the_environment_or_from_a_file(project: Path) -> None:
    file = project / "passphrase"
    file.write_text(f"{STRONG}\n")
    in_file = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}
    assert run_of(project, **in_file) == Run(preview=False, passphrase=STRONG, passphrase_file=file)
    assert run_of(project, PULUMI_CONFIG_PASSPHRASE="", **in_file) == Run(preview=False, passphrase="")


@pytest.mark.parametrize(
    ("content", "backend", "used"),
    [
        ("config: {}\n", "file:///state", True),
        ("config: {}\n", "s3://state", True),
        ("config: {}\n", "", True),
        ("", "", True),
        ("config: {}\n", "https://api.pulumi.com", False),
        ("secretsprovider: passphrase\n", "https://api.pulumi.com", True),
        ("encryptionsalt: v1:abc\n", "https://api.pulumi.com", True),
        ("secretsprovider: awskms://alias/stack\nencryptedkey: abc\n", "s3://state", False),
    ],
)
def test_a_passphrase_counts_where_it_encrypts(project: Path, content: str, backend: str, used: bool) -> None:
    (project / "Pulumi.live.yaml").write_text(content)
    found = run_of(project, PULUMI_CONFIG_PASSPHRASE="test", PULUMI_BACKEND_URL=backend)
    assert found.passphrase == ("test" if used else None)


def test_a_preview_warns_of_what_would_stop_an_up(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    log: Callable[[str], None] = warned.append
    monkeypatch.setattr("pulumi.log.warn", log)
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: True)
    monkeypatch.setattr(Run, "of", lambda *_, preview: Run(preview, STRONG, OWN))
    environment_rules.keep(GOOD)
    assert len(warned) == 1
    assert str(OWN) in warned[0]
