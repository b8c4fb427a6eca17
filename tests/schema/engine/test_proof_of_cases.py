"""Every case's plan passes its proof, on live schemas of every kind: the proof cries no wolf."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from infra.provider.schema.desired import Desired
from infra.provider.schema.engine import CannotPlan, Catalog, fingerprint, preview_changes, read_catalog
from infra.provider.schema.proof import prove
from infra.provider.schema.surroundings import dump_schemas
from infra.provider.schema.target import live_target
from tests.conftest import Database
from tests.full_run import FULL
from tests.schema.engine.cases import case_folders, case_text, name_of
from tests.schema.engine.conftest import drop_schemas, fill, others_in

pytestmark = pytest.mark.server
CHOSEN = case_folders()[:: 1 if FULL else 8]
"""Each makes three databases: all of them in a full run, some otherwise."""
REFUSED_ON_THE_COPY = {"rename/composite_and_attribute"}
"""Read without their directives, these renames are casts that there are not, which only the copy tells."""


@pytest.mark.parametrize("folder", CHOSEN, ids=name_of)
def test_the_plan_of_a_case_is_proven(folder: Path, database: Database, tmp_path: Path) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as live:
        target = live_target(live, database.admin_url, "app")
        others = others_in(case_text(folder), target)
        fill(live, target, new := (folder / "new.sql").read_text())
        desired = described(live, database.admin_url, tmp_path, others_in(new, target))
        drop_schemas(live)
        for (name,) in live.execute("SELECT pubname FROM pg_publication").fetchall():  # they outlive what they publish
            live.execute(sql.SQL("DROP PUBLICATION {}").format(sql.Identifier(name)))
        fill(live, target, (folder / "old.sql").read_text())
        target = live_target(live, database.admin_url, "app", others)
        try:
            preview = preview_changes(live, target, desired.catalog, ["all"], adopt=True, prune=True)
        except CannotPlan:
            return

        def proven() -> object:
            return prove(target, preview.plan, desired, preview.ours, tmp_path / "cache", "target").missing

        if name_of(folder) in REFUSED_ON_THE_COPY:
            with pytest.raises(CannotPlan, match="cannot cast type"):
                proven()
        else:
            assert proven() is None


def described(
    live: "psycopg.Connection[tuple[object, ...]]", url: str, folder: Path, others: tuple[str, ...]
) -> Desired:
    """Return what the schema `app` and others hold as if files had described it."""
    catalog: Catalog = read_catalog(live, "app", others=others)
    entry = folder / "desired-of-the-case.json"
    entry.with_suffix(".dump.sql").write_text(dump_schemas(url, "app", *others))
    return Desired(catalog.to_json(), fingerprint(catalog), "target", entry)
