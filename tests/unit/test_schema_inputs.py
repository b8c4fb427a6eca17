"""What a schema's inputs hold of its catalog."""

from dataclasses import fields
from typing import Any

from infra.provider.postgres.schema_inputs import CATALOG, SchemaInputs, objects, stored
from infra.provider.postgres.schema_texts import digested, restored
from infra.provider.schema.model import Catalog, fingerprint

BODY = "BEGIN RETURN 1; END"
FUNCTIONS: dict[str, dict[str, Any]] = {
    "f()": {"language": "plpgsql", "body": BODY},
    "g()": {"language": "sql", "body": None, "sql_body": "RETURN 1"},
}


def test_every_part_of_a_catalog_that_counts_is_an_input_of_its_own() -> None:
    assert set(CATALOG.values()) == {field.name for field in fields(Catalog) if field.compare}
    aliases = {field.alias for field in SchemaInputs.model_fields.values()}
    assert aliases >= CATALOG.keys()


def test_what_is_stored_is_what_the_files_said() -> None:
    said = {"functions": FUNCTIONS, "statistics": {"s": {"definition": "CREATE STATISTICS s"}}, "comment": "ours"}
    assert stored(objects(said)) == objects(said)
    assert objects({}) != objects({"comment": "ours"})
    assert objects({}) != objects({"publications": {"p": {}}})


def test_a_state_that_holds_bodies_is_the_same_as_one_that_holds_their_digests() -> None:
    assert stored({"functions": FUNCTIONS}) == stored({"functions": digested(FUNCTIONS)})
    changed = {**FUNCTIONS, "f()": {**FUNCTIONS["f()"], "body": BODY + " "}}
    assert stored({"functions": FUNCTIONS}) != stored({"functions": changed})


def test_bodies_come_back_from_the_rows() -> None:
    assert restored(digested(FUNCTIONS), FUNCTIONS) == FUNCTIONS


def test_without_its_row_or_with_another_body_in_it_a_digest_stays() -> None:
    other = {"f()": {"body": "something else"}}
    assert restored(digested(FUNCTIONS), {}) == digested(FUNCTIONS)
    assert restored(digested(FUNCTIONS), other) == digested(FUNCTIONS)


def test_an_empty_catalog_has_one_fingerprint_however_it_is_written() -> None:
    parts = {part: value for name, part in CATALOG.items() if (value := objects({})[name]) is not None}
    assert fingerprint(Catalog.from_json(parts)) == fingerprint(Catalog())
