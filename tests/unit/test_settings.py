"""Every wrong configuration value has its own message: key, value, what is allowed."""

import json

import pytest

from infra.settings import Settings, SettingsError

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
    ("target", "cloud", "Input should be 'embedded'"),
    ("environment", "prod", "Input should be 'development', 'staging' or 'production'"),
    ("protect", "perhaps", "Input should be a valid boolean"),
    ("postgresPort", "80", "Input should be greater than or equal to 1024"),
    ("postgresPort", "abc", "Input should be a valid integer"),
    ("postgresSettings", "{broken", "Input should be a valid dict"),
    ("database", "My-DB", "String should match pattern"),
    ("schema", "1st", "String should match pattern"),
    ("allow", '["region"]', "'region' is not HAZARD:object, e.g. DATA_LOSS:agent_registry.region"),
    ("allow", "region", "Input should be a valid list"),
    ("adopt", "some", "Input should be a valid boolean"),
    ("lockTimeout", "50", "Input should be greater than or equal to 100"),
    ("lockRetries", "-1", "Input should be greater than or equal to 0"),
    ("seeds", "ours.yaml", "Input should be a valid list"),
    ("objectStorePort", "70000", "Input should be less than or equal to 65535"),
    ("blockPublicAccess", "no way", "Input should be a valid boolean"),
    ("keepBackupsOnDestroy", "perhaps", "Input should be a valid boolean"),
    ("backupMaxAgeHours", "0", "Input should be greater than"),
]
"""A key, a wrong value of it, and what is said."""

FREE = {"stateFolder", "passwordRotation", "bucket", "backupSchedule"}
"""Any text is taken here; what the folder, the store or the schedule makes of it is told by them."""


@pytest.mark.parametrize(("key", "text", "said"), WRONG)
def test_a_wrong_value_is_named_with_its_key_what_is_allowed_and_what_it_is_for(key: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(**{key: text})
    (line,) = str(caught.value).splitlines()
    start = f"configuration key agent-ecosystem:{key} = {json.loads(text) if text[0] == '[' else text!r}: "
    assert line.startswith(start)
    assert said in line
    assert line.endswith(f"({FIELDS[key].description})")


def test_every_key_has_its_wrong_value_above() -> None:
    assert {key for key, _, _ in WRONG} | FREE == set(FIELDS)


@pytest.mark.parametrize("key", FREE)
def test_a_free_key_takes_any_text(key: str) -> None:
    assert "any text" in parse(**{key: "any text"}).model_dump(by_alias=True).values()


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
