"""The job's settings: a file, the environment, and what is wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyrage import x25519

from infra.backup_job import encryption
from infra.backup_job.errors import BackupError
from infra.backup_job.settings import load

VALUES: dict[str, Any] = {
    "stack": "dev",
    "database_url": "postgresql://backup:hunter2@127.0.0.1:5432/ecosystem",
    "s3_endpoint": "http://127.0.0.1:8333",
    "s3_bucket": "dev-backups",
    "s3_access_key": "AKIA",
    "s3_secret_key": "hunter3",
    "pg_bin": "/usr/lib/postgresql/18/bin",
}


def written(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "job.json"
    path.write_text(json.dumps({key: value for key, value in {**VALUES, **changes}.items() if value is not None}))
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"s3_bucket": None}, "s3_bucket in {path}: is missing"),
        ({"s3_bukket": "x"}, "s3_bukket in {path}: there is no such setting; there are stack, s3_endpoint"),
        ({"schedule": "every day"}, "schedule in {path}: 'every day' is not allowed: a cron expression of five fields"),
        ({"jitter_seconds": -1}, "jitter_seconds in {path}: -1 is not allowed"),
        ({"s3_endpoint": "localhost"}, "s3_endpoint in {path}: 'localhost' is not allowed"),
        ({"s3_endpoint": "http://"}, "s3_endpoint in {path}: 'http://' is not allowed: https://host/path, or http://"),
        ({"database_url": "mysql://hunter2@x"}, "database_url in {path}: allowed is: postgresql://user:password@"),
        ({"database_url": "postgresql://u:hunter2@h"}, "the database included"),
        (
            {"encryption_recipients": ["age1x"]},
            "encryption_recipients in {path}: ['age1x'] is not allowed: 'age1x' is not a recipient of age, age1 and 58",
        ),
        (
            {"encryption_recipients": ["AGE-SECRET-KEY-1hunter2"]},
            "encryption_recipients in {path}: allowed is: this is a private key: recipients are public",
        ),
        ({"failure_webhook": "https:hunter2"}, "failure_webhook in {path}: allowed is: https://host/path, or http://"),
        ({"encryption_identity": "# a comment\n"}, "encryption_identity in {path}: allowed is: there is no identity"),
        (
            {"second_endpoint": "https://s3.example"},
            "second_bucket in {path}: None is not allowed: the name of the bucket for second_endpoint; leave",
        ),
        ({"second_endpoint": "s3.example", "second_bucket": "other"}, "second_endpoint in {path}: 's3.example' is not"),
        ({"second_access_key": "AK", "second_bucket": "other"}, "second_access_key and second_secret_key together"),
        (
            {"second_secret_key": "hunter2", "second_bucket": "other"},
            "second_secret_key in {path}: allowed is: second_a",
        ),
        (
            {"second_bucket": "dev-backups", "second_endpoint": "http://127.0.0.1:8333/"},
            "second_bucket in {path}: 'dev-backups' is not allowed: another bucket than s3_bucket in the same store",
        ),
        (
            {"encryption_identity": "AGE-SECRET-KEY-1hunter2"},
            "encryption_identity in {path}: allowed is: line 1 is no identity of age (AGE-SECRET-KEY-1...,",
        ),
    ],
)
def test_a_wrong_value_names_key_value_and_what_is_allowed(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(BackupError) as raised:
        load(path, {})
    assert words.format(path=path) in str(raised.value)
    assert "hunter" not in str(raised.value)


def test_the_environment_wins_and_suffices(tmp_path: Path) -> None:
    assert load(written(tmp_path), {"BACKUP_STACK": "other"}).stack == "other"
    alone = {f"BACKUP_{key.upper()}": value for key, value in VALUES.items()}
    assert load(None, {**alone, "BACKUP_PG_ENVIRONMENT": '{"A": "b"}'}).pg_environment == {"A": "b"}
    with pytest.raises(BackupError, match=r"^wrong settings: \$BACKUP_JITTER_SECONDS: 'x' is not allowed"):
        load(None, {**alone, "BACKUP_JITTER_SECONDS": "x"})


def test_secrets_are_not_in_the_settings_text(tmp_path: Path) -> None:
    assert "hunter" not in repr(load(written(tmp_path), {}))
    settings = load(written(tmp_path, second_bucket="other", second_access_key="A", second_secret_key="hunter4"), {})
    assert "hunter" not in repr(settings) + repr(settings.second)


def test_the_second_destination_takes_the_place_of_the_first_and_nothing_else_changes(tmp_path: Path) -> None:
    found = load(written(tmp_path), {"BACKUP_SECOND_BUCKET": "other", "BACKUP_PRUNING": "true"})
    second = found.second
    assert second is not None
    assert (second.s3_bucket, second.s3_endpoint, second.s3_access_key, second.second) == ("other", None, None, None)
    assert second.database_url == found.database_url
    assert (found.pruning, second.pruning) == (True, False)
    assert load(written(tmp_path), {}).second is None


def test_without_a_file_the_only_stack_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    inside = tmp_path / "sql" / "schema"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    with pytest.raises(BackupError, match="run `make up` first"):
        load(None, {})
    written(tmp_path / ".state" / "dev" / "backup")
    assert load(None, {}).stack == "dev"
    written(tmp_path / ".state" / "other" / "backup")
    with pytest.raises(BackupError, match=r"\.state/dev/backup/job\.json, \.state/other/backup/job\.json"):
        load(None, {})


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="can not be read: No such file"):
        load(tmp_path / "none.json", {})
    (tmp_path / "job.json").write_bytes('{"stack": "für"}'.encode("latin-1"))
    with pytest.raises(BackupError, match=r"job\.json is not UTF-8 from byte 12 on: save it as UTF-8"):
        load(tmp_path / "job.json", {})
    (tmp_path / "job.json").write_text("{\n nonsense")
    with pytest.raises(BackupError, match=r"is not JSON: .* in line 2"):
        load(tmp_path / "job.json", {})


def test_recipients_are_words_in_the_environment(tmp_path: Path) -> None:
    one, two = (str(x25519.Identity.generate().to_public()) for _ in range(2))
    found = load(written(tmp_path), {"BACKUP_ENCRYPTION_RECIPIENTS": f"{one}, {two} {one}"})
    assert found.encryption_recipients == [one, two]


def test_private_keys_come_from_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    identity = x25519.Identity.generate()
    file = tmp_path / "key.txt"
    settings = load(written(tmp_path), {"BACKUP_ENCRYPTION_IDENTITY_FILE": str(file)})
    with pytest.raises(BackupError, match=r"key\.txt can not be read: No such file"):
        encryption.identities(settings)
    file.write_text(f"# created: today\n\n{identity}\n")
    file.chmod(0o644)
    with pytest.raises(BackupError, match=r"has mode 0644: run `chmod 600 .*key\.txt`"):
        encryption.identities(settings)
    file.chmod(0o600)
    assert list(encryption.identities(settings).by_recipient) == [str(identity.to_public())]
    file.write_text("hunter2\n")
    with pytest.raises(BackupError, match=r"key\.txt: line 1 is no identity of age") as raised:
        encryption.identities(settings)
    assert "hunter" not in str(raised.value)
