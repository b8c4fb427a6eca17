"""Every wrong configuration value has its own message: key, value, what is allowed."""

import pytest

from infra.settings import Settings, SettingsError


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


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("target", "cloud", "agent-ecosystem:target = 'cloud': Input should be 'embedded'"),
        ("postgresPort", "80", "agent-ecosystem:postgresPort = '80': Input should be greater than or equal to 1024"),
        ("postgresPort", "abc", "agent-ecosystem:postgresPort = 'abc': Input should be a valid integer"),
        ("database", "My-DB", "agent-ecosystem:database = 'My-DB': String should match pattern"),
        ("allow", '["region"]', "'region' is not HAZARD:object, e.g. DATA_LOSS:agent_registry.region"),
        ("allow", "region", "agent-ecosystem:allow = 'region': Input should be a valid list"),
        ("keepBackupsOnDestroy", "perhaps", "Input should be a valid boolean"),
        ("backupMaxAgeHours", "0", "agent-ecosystem:backupMaxAgeHours = '0': Input should be greater than"),
        ("postgresSettings", "{broken", "agent-ecosystem:postgresSettings = '{broken': Input should be a valid dict"),
    ],
)
def test_a_wrong_value_is_named(key: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(**{key: text})
    assert said in str(caught.value)
    assert key in str(caught.value)


def test_an_unknown_key_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"agent-ecosystem:databse is unknown; known keys: .*database"):
        parse(databse="x")


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse(target="cloud", postgresPort="1")
    assert len(str(caught.value).splitlines()) == 2


def test_every_key_is_described() -> None:
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description and name != "stack"]
    assert undescribed == []


def test_a_bucket_name_fits_s3_whatever_the_stack_is_called() -> None:
    assert Settings.parse("p", "My_Stack", {}).bucket_name == "agent-ecosystem-my-stack-backups"
