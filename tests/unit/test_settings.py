"""Every wrong configuration value has its own message: key, value, what is allowed."""

import json

import pytest
import yaml
from pyrage import x25519

from infra.configuration.external import ExternalKeys
from infra.settings import PROJECT_FOLDER, Settings, SettingsError

FIELDS = {field.alias or name: field for name, field in Settings.model_fields.items() if name != "stack"}


def parse(**values: str) -> Settings:
    return Settings.parse("agent-ecosystem", "dev", {f"agent-ecosystem:{key}": text for key, text in values.items()})


def test_defaults_work() -> None:
    settings = parse()
    assert (settings.target, settings.database, settings.schema_name) == ("embedded", "ecosystem", "public")
    assert settings.bucket_name == "agent-ecosystem-dev-backups"


def test_other_projects_keys_are_not_ours() -> None:
    settings = Settings.parse("agent-ecosystem", "dev", {"aws:region": "eu-central-1"})
    assert settings.target == "embedded"


def test_objects_lists_numbers_and_booleans_are_read_from_text() -> None:
    settings = parse(
        postgresSettings='{"work_mem":"64MB"}',
        allow='["DATA_LOSS:agent_registry.region"]',
        postgresPort="5433",
        keepBackupsOnDestroy="true",
    )
    assert settings.postgres_settings == {"work_mem": "64MB"}
    assert settings.allow == ["DATA_LOSS:agent_registry.region"]
    assert settings.postgres_port == 5433
    assert settings.keep_backups_on_destroy is True


WRONG = [
    ("target", "cloud", "Input should be 'embedded', 'docker' or 'external'"),
    ("environment", "prod", "Input should be 'development', 'staging' or 'production'"),
    ("protect", "perhaps", "Input should be a valid boolean"),
    ("postgresPort", "80", "Input should be greater than or equal to 1024"),
    ("postgresPort", "abc", "Input should be a valid integer"),
    ("postgresSettings", "{broken", "Input should be a valid dict"),
    ("extensionVersions", '{"postgis": "3"}', "postgis is none of uuid-ossp, vector, pg_trgm"),
    ("database", "My-DB", "String should match pattern"),
    ("schema", "1st", "String should match pattern"),
    ("allow", '["region"]', "'region' is not HAZARD:object, e.g. DATA_LOSS:agent_registry.region"),
    ("allow", "region", "Input should be a valid list"),
    ("adopt", "some", "Input should be a valid boolean"),
    ("lockTimeout", "50", "Input should be greater than or equal to 100"),
    ("backupBeforeLoss", "perhaps", "Input should be a valid boolean"),
    ("proof", "perhaps", "Input should be a valid boolean"),
    ("lockRetries", "-1", "Input should be greater than or equal to 0"),
    ("seeds", "ours.yaml", "Input should be a valid list"),
    ("objectStorePort", "70000", "Input should be less than or equal to 65535"),
    ("blockPublicAccess", "no way", "Input should be a valid boolean"),
    ("keepBackupsOnDestroy", "perhaps", "Input should be a valid boolean"),
    ("backupMaxAgeHours", "0", "Input should be greater than"),
    ("backupRunLimitHours", "0", "Input should be greater than or equal to 1"),
    ("backupSilenceSeconds", "5", "Input should be greater than or equal to 10"),
    ("backupStoreTimeoutSeconds", "none", "Input should be a valid integer"),
    ("backupPrune", "perhaps", "Input should be a valid boolean"),
    ("backupRetention", "7", "Input should be a valid dictionary"),
    ("backupLockDays", "-1", "Input should be greater than or equal to 0"),
    ("backupEncryptionRecipients", '["age1x"]', "'age1x' is not a recipient of age, age1 and 58 more characters"),
    ("backupEncryptionRecipients", "{}", "Input should be a valid list"),
    ("backupSecondBucket", "Elsewhere", "String should match pattern"),
    ("backupSecondEndpoint", "minio:9000", "String should match pattern"),
    ("maintenanceSeconds", "-1", "Input should be greater than or equal to 0"),
    ("maintenanceSeconds", "often", "Input should be a valid integer"),
    ("maintenanceBy", "cron", "Input should be 'auto', 'pg_cron' or 'service'"),
    ("maintenanceBy", "pg_cron", "only the targets docker and external have a PostgreSQL that may come with pg_cron"),
    ("sslMode", "on", "Input should be 'disable', 'allow'"),
    ("dropOnDestroy", "perhaps", "Input should be a valid boolean"),
    ("backups", "perhaps", "Input should be a valid boolean"),
    ("backupRunner", "nobody", "Input should be 'here' or 'elsewhere'"),
    ("s3Endpoint", "minio:9000", "String should match pattern"),
    ("s3JobPrincipal", "backup-job", "String should match pattern"),
    ("s3PrunePrincipal", "prune", "String should match pattern"),
    ("sslRootCertificate", "ca.crt", "only the target external has a database and a store that are there already"),
]
"""A key, a wrong value of it, and what is said."""

WRONG_FOR_DOCKER = [
    ("postgresImage", "postgres", "postgresMajor = None: 'postgres' does not tell PostgreSQL's major version"),
    ("postgresMajor", "9", "postgresMajor = '9': Input should be greater than or equal to 15"),
    ("objectStoreImage", "", "objectStoreImage = '': String should have at least 1 character"),
    ("backupBaseImage", "", "backupBaseImage = '': String should have at least 1 character"),
    ("limits", '{"postgres":{"memory":10}}', "limits.postgres.memory = 10: Input should be greater than or equal"),
    ("limits", '{"backup":{"memory":512,"cpus":0}}', "limits.backup.cpus = 0: Input should be greater than 0"),
    ("backupMirror", ".", "backupMirror = '.': the job of the target docker runs in a container that sees no folder"),
    ("limits", '{"redis":{}}', "limits.redis = {}: Extra inputs are not permitted (memory and cpus"),
    ("postgresSettings", '{"port":"1"}', "postgresSettings = {'port': '1'}: port can not be set: the image and"),
    (
        "postgresSettings",
        '{"hba_file":"x"}',
        "postgresSettings = {'hba_file': 'x'}: hba_file can not be set: the image",
    ),
]
"""The same for the target docker, with the whole beginning of what is said."""

FREE = {
    *("stateFolder", "passwordRotation", "bucket", "backupSchedule", "backupMirror", "s3Region"),
    "backupSecondRegion",
}
"""Any text is taken here; what the folder, the store or the schedule makes of it is told by them."""

EXTERNAL = {"target": "external", "databaseUrl": "postgresql://u:p@db.example/app"}

SECRET = {
    *("databaseUrl", "backupDatabaseUrl", "s3AccessKey", "s3SecretKey", "s3JobAccessKey", "s3JobSecretKey"),
    *("backupEncryptionIdentity", "backupFailureWebhook", "s3PruneAccessKey", "s3PruneSecretKey"),
    *("backupSecondAccessKey", "backupSecondSecretKey"),
}
"""Their values are never shown: tests/external/test_database_url.py, and below."""


@pytest.mark.parametrize(("key", "text", "said"), WRONG)
def test_a_wrong_value_is_named_with_its_key_what_is_allowed_and_what_it_is_for(key: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(**{key: text})
    (line,) = str(caught.value).splitlines()
    start = f"configuration key agent-ecosystem:{key} = {_read(text)!r}: "
    assert line.startswith(start)
    assert said in line
    assert line.endswith(f"({FIELDS[key].description})")


@pytest.mark.parametrize("key", ["backupEncryptionIdentity", "backupEncryptionRecipients"])
def test_a_private_key_is_not_shown_wherever_it_is_put(key: str) -> None:
    private = "age-secret-key-1hunter2"
    with pytest.raises(SettingsError) as caught:
        parse(**{key: private})
    assert f"configuration key agent-ecosystem:{key}: " in str(caught.value)
    assert private not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["hooks.example.org/hunter2", "ftp://h/hunter2", "https://h/ hunter2", "https://[hunter2"]
)
def test_a_webhook_is_a_url_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(backupFailureWebhook=url)
    assert "agent-ecosystem:backupFailureWebhook: https://host/path, or http://, in ASCII" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"Endpoint": "https://s3.eu.example"},
            "backupSecondBucket is missing: name the bucket that backupSecondEndpoint",
        ),
        ({"Region": "eu-west-1"}, "backupSecondBucket is missing: name the bucket that backupSecondRegion leads to"),
        (
            {"AccessKey": "AK", "SecretKey": "hunter2"},
            "backupSecondBucket is missing: name the bucket that backupSecondAccessKey, backupSecondSecretKey lead to",
        ),
        ({"Bucket": "elsewhere", "AccessKey": "AK"}, "backupSecondSecretKey is missing: give both keys"),
        ({"Bucket": "elsewhere", "SecretKey": "hunter2"}, "backupSecondAccessKey is missing: give both keys"),
        ({"Bucket": "elsewhere", "Endpoint": "https://:80"}, "backupSecondEndpoint = 'https://:80': it is no URL of a"),
        ({"Bucket": "elsewhere", "Endpoint": "https://h:x"}, "backupSecondEndpoint = 'https://h:x': it is no URL of a"),
    ],
)
def test_half_a_second_destination_is_refused_and_the_key_named(config: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(**{f"backupSecond{key}": text for key, text in config.items()})
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"configuration key agent-ecosystem:{said}")
    assert "hunter2" not in line


def test_the_second_destination_is_not_the_container_itself_nor_the_first() -> None:
    with pytest.raises(
        SettingsError, match="backupSecondEndpoint = 'http://localhost:9000': the job of the target docker"
    ):
        parse(target="docker", backupSecondBucket="elsewhere", backupSecondEndpoint="http://localhost:9000")
    assert parse(backupSecondBucket="elsewhere", backupSecondEndpoint="http://localhost:9000")
    external = {**EXTERNAL, "bucket": "backups-of-ours"}
    with pytest.raises(
        SettingsError, match="backupSecondBucket = 'backups-of-ours': that is the bucket of the backups"
    ):
        parse(**external, backupSecondBucket="backups-of-ours")
    assert parse(**external, backupSecondBucket="backups-of-ours", backupSecondEndpoint="https://s3.example")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"maintenanceBy": "service", "maintenanceSeconds": "0"}, "'service': maintenanceSeconds is 0, which leaves"),
        (
            {**EXTERNAL, "maintenanceBy": "pg_cron", "maintenanceSeconds": "0"},
            "'pg_cron': maintenanceSeconds is 0, which leaves",
        ),
        (
            {**EXTERNAL, "maintenanceBy": "service", "backups": "false"},
            "'service': without backups there is no schedule service: pg_cron, or backups",
        ),
    ],
)
def test_nobody_is_to_do_maintenance_who_can_not(config: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(**config)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"configuration key agent-ecosystem:maintenanceBy = {said}")


def test_recipients_are_a_list_or_words() -> None:
    one, two = (str(x25519.Identity.generate().to_public()) for _ in range(2))
    for text in (json.dumps([one, two]), f"{one} {two}", f"{one},{two}"):
        assert parse(backupEncryptionRecipients=text).backup_encryption_recipients == [one, two]
    assert parse().backup_encryption_recipients == []


def _read(text: str) -> object:
    try:
        return json.loads(text) if text[0] in "[{" else text
    except ValueError:
        return text


def test_every_key_has_its_wrong_value_above() -> None:
    shown = {key for key, _, _ in [*WRONG, *WRONG_FOR_DOCKER]}
    assert shown | FREE | SECRET == set(FIELDS)


@pytest.mark.parametrize("key", sorted(FREE))
def test_a_free_key_takes_any_text(key: str) -> None:
    beside = {
        "backupSecondRegion": {"backupSecondBucket": "elsewhere"},
        "s3Region": EXTERNAL,
    }.get(key, {})
    assert "any text" in parse(**{key: "any text"}, **beside).model_dump(by_alias=True).values()


@pytest.mark.parametrize(("key", "text", "said"), WRONG_FOR_DOCKER)
def test_a_wrong_value_of_the_docker_target_is_named(key: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(target="docker", **{key: text})
    assert f"configuration key agent-ecosystem:{said}" in str(caught.value)


@pytest.mark.parametrize("key", ["postgresImage", "postgresMajor", "objectStoreImage", "backupBaseImage", "limits"])
def test_a_key_of_the_docker_target_means_nothing_elsewhere(key: str) -> None:
    text = {"postgresMajor": "17", "limits": "{}"}.get(key, "postgres:17")
    with pytest.raises(SettingsError, match=rf"{key} = .*: only the target docker has containers.* embedded"):
        parse(**{key: text})


OF_SERVERS_OF_OURS = {
    "postgresPort": "15432",
    "postgresSettings": '{"work_mem":"64MB"}',
    "database": "elsewhere",
    "objectStorePort": "18333",
}
OF_EXTERNAL = {
    "databaseUrl": "postgresql://u:hunter2@h/d",
    "sslMode": "require",
    "sslRootCertificate": "system",
    "dropOnDestroy": "true",
    "backups": "false",
    "backupDatabaseUrl": "postgresql://u:hunter2@h/d",
    "s3Endpoint": "https://s3.example",
    "s3Region": "eu-central-1",
    "s3AccessKey": "hunter2",
    "s3SecretKey": "hunter2",
    "s3JobAccessKey": "hunter2",
    "s3JobSecretKey": "hunter2",
    "backupRunner": "elsewhere",
    "s3JobPrincipal": "arn:aws:iam::1:user/job",
    "s3PruneAccessKey": "hunter2",
    "s3PruneSecretKey": "hunter2",
    "s3PrunePrincipal": "arn:aws:iam::1:user/prune",
}


@pytest.mark.parametrize("target", ["embedded", "docker"])
@pytest.mark.parametrize("key", OF_EXTERNAL)
def test_a_key_of_the_external_target_means_nothing_elsewhere(key: str, target: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(target=target, **{key: OF_EXTERNAL[key]})
    (line,) = str(caught.value).splitlines()
    shown = "" if key in SECRET else f" = {OF_EXTERNAL[key]!r}"
    assert line == (
        f"configuration key agent-ecosystem:{key}{shown}: only the target external has a database and a store that are "
        f"there already, and this stack's is {target} ({FIELDS[key].description})"
    )
    assert "hunter2" not in line


def test_the_keys_above_are_all_that_the_external_target_has() -> None:
    assert {field.alias for field in ExternalKeys.model_fields.values()} == OF_EXTERNAL.keys()
    assert parse(target="external", **OF_EXTERNAL)


@pytest.mark.parametrize("key", OF_SERVERS_OF_OURS)
def test_a_key_of_servers_that_the_stack_makes_means_nothing_without_them(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(**EXTERNAL, **{key: OF_SERVERS_OF_OURS[key]})
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"configuration key agent-ecosystem:{key} = ")
    assert ": only the targets embedded and docker have servers that the stack makes, and this stack's is ext" in line


def test_containers_keep_nothing_in_a_folder() -> None:
    with pytest.raises(SettingsError, match="stateFolder = '/data': only the targets embedded and external have serv"):
        parse(target="docker", stateFolder="/data")


def test_what_the_database_of_others_has_installed_is_not_changed() -> None:
    with pytest.raises(SettingsError) as caught:
        parse(**EXTERNAL, extensionVersions='{"vector": "0.8.5"}')
    assert str(caught.value) == (
        "configuration key agent-ecosystem:extensionVersions = {'vector': '0.8.5'}: on this server that is ALTER "
        "EXTENSION ... UPDATE"
    )


@pytest.mark.parametrize("stack", ["dev", "docker", "staging", "production"])
def test_the_files_that_come_with_the_project_are_right(stack: str) -> None:
    written = yaml.safe_load((PROJECT_FOLDER / f"Pulumi.{stack}.yaml").read_text())["config"]
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in written.items()}
    settings = Settings.parse("agent-ecosystem", stack, texts)
    assert settings.environment == (stack if stack in ("staging", "production") else "development")
    # What lasts says itself how long its backups do, whatever the default becomes.
    assert ("backup_retention" in settings.model_fields_set) == (settings.environment != "development")


def test_an_unknown_key_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"agent-ecosystem:databse is unknown; known keys: .*database"):
        parse(databse="x")


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse(target="cloud", postgresPort="1")
    assert len(str(caught.value).splitlines()) == 2


def test_every_key_is_described() -> None:
    assert [key for key, field in FIELDS.items() if not field.description] == []


def test_a_bucket_name_fits_s3_whatever_the_stack_is_called() -> None:
    assert Settings.parse("p", "My_Stack", {}).bucket_name == "agent-ecosystem-my-stack-backups"
