"""The plan of every acceptance case is what its `plan.txt` says.

Regenerate the plans with REGENERATE=1 and read every line of the difference. test_cases applies them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.embedded.distribution import install
from infra.provider.schema.engine import CannotPlan, Catalog, Plan, Target, plan
from tests.conftest import Database
from tests.schema.engine.cases import case_folders, major_of, name_of, skip_unknown
from tests.schema.engine.conftest import Connection, read_in

REGENERATE = os.environ.get("REGENERATE") == "1"
pytestmark = pytest.mark.server


def render(planned: Plan) -> str:
    """Write a plan as its golden file has it; a plan of one phase needs no headings."""
    lines = []
    phases = planned.phases
    for number, phase in enumerate(phases, 1):
        if len(phases) > 1 or not phase[0].transactional:
            outside = "" if phase[0].transactional else ", outside a transaction"
            lines.append(f"---- phase {number} of {len(phases)}{outside}\n")
        for step in phase:
            hazards = "".join(f" !{hazard.name}" for hazard in step.hazards)
            lines.append(f"-- {step.operation} {step.object} [{step.lock}]{hazards}\n{step.sql};\n")
    return "\n".join(lines)


def planned(old: Catalog, new: Catalog, target: Target) -> str:
    try:
        return render(plan(old, new, target.schema))
    except CannotPlan as refusal:
        return f"refused: {refusal}\n"


@pytest.fixture(scope="module")
def reader(engine_database: Database) -> Iterator[Connection]:
    """The owner's connection, one for all: half the time of a new one each."""
    with psycopg.connect(engine_database.owner_url, autocommit=True) as owner:
        yield owner


@pytest.mark.parametrize("folder", case_folders(), ids=name_of)
def test_plan(folder: Path, reader: Connection, target: Target) -> None:
    if major_of(reader) != install().major:
        pytest.skip("the plans are in the embedded server's words: older ones print a view otherwise, name no NOT NULL")
    skip_unknown(reader, folder)
    old, new = (read_in(reader, target, (folder / name).read_text()) for name in ("old.sql", "new.sql"))
    text, golden = planned(old, new, target), folder / "plan.txt"
    if REGENERATE:
        golden.write_text(text)
    assert golden.exists(), f"{golden} is missing: run once with REGENERATE=1 and read it"
    assert text == golden.read_text()
