"""What an image's name tells."""

import pytest

from infra.targets.docker.postgres_image import describe


@pytest.mark.parametrize(
    ("reference", "major"),
    [
        ("pgvector/pgvector:pg17", 17),
        ("pgvector/pgvector:0.8.1-pg18-trixie", 18),
        ("postgres:16.4", 16),
        ("registry.example:5000/mirror/pgvector/pgvector:pg15@sha256:0123", 15),
        ("supabase/postgres:17.4.1.048", 17),
    ],
)
def test_the_tag_tells_the_major_version(reference: str, major: int) -> None:
    assert describe(reference, None).major == major


@pytest.mark.parametrize("reference", ["postgres", "postgres:latest", "registry.example:5000/postgres", "x:0.8.1"])
def test_a_tag_that_does_not_tell_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="does not tell PostgreSQL's major version"):
        describe(reference, None)
    assert describe(reference, 17).major == 17


def test_from_18_on_the_volume_holds_the_folders_of_all_major_versions() -> None:
    assert describe("postgres:17", None).data == "/var/lib/postgresql/data"
    assert describe("postgres:18", None).data == "/var/lib/postgresql"


def test_the_builtin_locale_provider_is_asked_for_where_it_exists() -> None:
    assert "builtin" in describe("postgres:17", None).initdb_arguments
    assert "builtin" not in describe("postgres:16", None).initdb_arguments


@pytest.mark.parametrize("reference", ["supabase/postgres:15.8.1.060", "mirror.example/supabase/postgres:15.8.1.060"])
def test_supabases_image_is_known_wherever_it_comes_from(reference: str) -> None:
    assert describe(reference, None).superuser == "supabase_admin"
    assert describe("other/postgres:15", None).superuser == "postgres"
