"""Connection strings as people paste them; errors that tell and never quote the password."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from infra.database_url import DatabaseUrl, DatabaseUrlError, SslMode
from infra.roles import login_beside
from infra.settings import Settings, SettingsError

PASSWORD = "S3cret/w#rd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "postgresql://postgres.abc:pa%2Fss@aws-0-eu.pooler.supabase.com:5432/postgres",
            {"host": "aws-0-eu.pooler.supabase.com", "user": "postgres.abc", "password": "pa/ss", "port": "5432"},
        ),
        ("postgres://u:p@h/d?sslmode=verify-full", {"host": "h", "port": "5432", "sslmode": "verify-full"}),
        ("postgresql://u:p%40@[2001:db8::1]:6000/d", {"host": "2001:db8::1", "port": "6000", "password": "p@"}),
        ("postgresql://u:p@a:1,b:2/d?target_session_attrs=read-write", {"host": "a,b", "port": "1,2"}),
        ("postgresql://u:p@ss@h/d%20e", {"password": "p@ss", "dbname": "d e"}),
        ("postgresql://u@h/d", {"user": "u", "host": "h", "dbname": "d"}),
    ],
)
def test_libpq_reads_what_we_compose_as_the_user_wrote_it(text: str, expected: dict[str, str]) -> None:
    read = conninfo_to_dict(DatabaseUrl.parse(text).text)
    assert expected.items() <= read.items()


@pytest.mark.parametrize(
    ("text", "mode", "certificate", "expected"),
    [
        ("postgresql://u:p@h/d", None, "", {"sslmode": "require"}),
        ("postgresql://u:p@h/d", None, "ca.crt", {"sslmode": "verify-full", "sslrootcert": "ca.crt"}),
        ("postgresql://u:p@h/d", "disable", "", {"sslmode": "disable"}),
        ("postgresql://u:p@h/d?sslmode=verify-ca", None, "ca.crt", {"sslmode": "verify-ca", "sslrootcert": "ca.crt"}),
        ("postgresql://u:p@h/d?sslrootcert=own.crt", None, "", {"sslmode": "verify-full", "sslrootcert": "own.crt"}),
    ],
)
def test_tls_is_never_left_to_chance(
    text: str, mode: SslMode | None, certificate: str, expected: dict[str, str]
) -> None:
    assert dict(DatabaseUrl.parse(text, mode, certificate).parameters) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"mysql://u:{PASSWORD}@h/d", "must be postgresql://"),
        (f"u:{PASSWORD}@h/d", "must be postgresql://"),
        ("postgresql://u:[YOUR-PASSWORD]@h/d", "still holds [YOUR-PASSWORD]"),
        (f"postgresql://u:{PASSWORD}@h/d", "must name a user, a host and a database"),
        ("postgresql://u:S3cret@h", "a database"),
        ("postgresql://h/d", "must name a user"),
        ("postgresql://u:S3cret@h:port/d", "has no host with a port"),
        ("postgresql://u:S3cret@h:99999/d", "has no host with a port"),
    ],
)
def test_what_can_not_be_used_is_said_without_the_password(text: str, said: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        DatabaseUrl.parse(text)
    assert said in str(caught.value)
    assert "S3cret" not in str(caught.value)


def test_the_password_is_not_in_the_repr() -> None:
    assert "S3cret" not in repr(DatabaseUrl.parse("postgresql://u:S3cret@h/d"))


def parse(**values: str) -> Settings:
    return Settings.parse("agent-ecosystem", "prod", {f"agent-ecosystem:{key}": text for key, text in values.items()})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "databaseUrl is missing, which target external needs: `pulumi config set --secret databaseUrl`"),
        ({"databaseUrl": "S3cret"}, "databaseUrl must be postgresql://"),
        (
            {"databaseUrl": "postgresql://u:S3cret@h/d?sslmode=require", "sslMode": "verify-full"},
            "databaseUrl says sslmode=require, and sslMode says verify-full: keep one of them",
        ),
        ({"databaseUrl": "postgresql://u:S3cret@h/d", "sslMode": "on"}, "sslMode = 'on': Input should be 'disable'"),
        (
            {"databaseUrl": "postgresql://u:S3cret@h/d", "sslRootCertificate": "nowhere.crt"},
            "sslRootCertificate = 'nowhere.crt': there is no file",
        ),
        (
            {"databaseUrl": "postgresql://u:S3cret@h/d", "backupDatabaseUrl": "S3cret"},
            "backupDatabaseUrl must be postgresql://",
        ),
        (
            {"databaseUrl": "postgresql://u:S3cret@h/d", "s3AccessKey": "S3cret"},
            "s3SecretKey is missing: give both keys of the store, or neither",
        ),
        (
            {"databaseUrl": "postgresql://u:S3cret@h/d", "s3JobSecretKey": "S3cret"},
            "s3JobAccessKey is missing: give both keys of the store, or neither to let the job use",
        ),
        (
            {"databaseUrl": "postgresql://u:S3cret@h/d", "s3JobPrincipal": "arn:aws:iam::1:user/job"},
            "s3JobAccessKey is missing: the bucket's policy would deny deletion to s3JobPrincipal",
        ),
        (
            {"databaseUrl": "postgresql://u:S3cret@h/d", "s3PruneSecretKey": "S3cret"},
            "s3PruneAccessKey is missing: give both keys of the store, or neither to have nothing deleted by itself",
        ),
        (
            {"databaseUrl": "postgresql://u:S3cret@h/d", "s3PrunePrincipal": "arn:aws:iam::1:user/prune"},
            "s3PruneAccessKey is missing: s3PrunePrincipal says whose it is",
        ),
        (
            {"databaseUrl": "postgresql://u:S3cret@h/d", "s3JobPrincipal": "backup-job"},
            "s3JobPrincipal = 'backup-job': String should match pattern",
        ),
        (
            {"databaseUrl": "postgresql://u:S3cret@h/d", "s3Endpoint": "minio:9000"},
            "s3Endpoint = 'minio:9000': String should match pattern",
        ),
        ({"databaseUrl": '{"S3cret": 1}'}, "databaseUrl: Input should be a valid string"),
    ],
)
def test_each_wrong_key_has_its_message_and_no_secret_is_in_it(values: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(target="external", **values)
    assert f"configuration key agent-ecosystem:{said}" in str(caught.value)
    assert "S3cret" not in str(caught.value)


def test_behind_supabases_pooler_every_login_names_its_project() -> None:
    pooler = "aws-0-eu-central-1.pooler.supabase.com"
    assert login_beside("postgres.abcdefgh", pooler, "backup") == "backup.abcdefgh"
    assert login_beside("postgres", "db.abcdefgh.supabase.co", "backup") == "backup"
    assert login_beside("first.last", "db.example.com", "backup") == "backup"
