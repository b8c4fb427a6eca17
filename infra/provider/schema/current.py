"""The live schemas as a plan starts from it: what there is, what of it counts as ours, and whether anything differs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import UnsupportedObject
from infra.provider.schema.introspect import read_catalog
from infra.provider.schema.ledger import Ledger, read_ledger
from infra.provider.schema.model import Catalog, ObjectId
from infra.provider.schema.ownership import cleared, foreign, managed, prunable, require_no_collision, schemas_beside

if TYPE_CHECKING:
    import psycopg

    from infra.provider.schema.target import Target


@dataclass(frozen=True)
class Found:
    """The live schemas beside the files.

    Args:
        live: everything it holds.
        ledger: what is remembered of earlier updates.
        ours: the objects that count as ours beside those the files name.
        current: what of it is ours.
        foreign: the objects that are not.
    """

    live: Catalog
    ledger: Ledger | None
    ours: frozenset[ObjectId]
    current: Catalog
    foreign: list[ObjectId]


def find(
    connection: "psycopg.Connection[Any]", target: "Target", desired: Catalog, *, adopt: bool, prune: bool
) -> Found:
    """Read the live schemas and tell what of it is ours.

    Args:
        connection: to the live database; reading is enough.
        target: names the schemas.
        desired: what the files describe.
        adopt: take over objects of our names that someone else made.
        prune: take everything in the schemas that are ours whole for ours, so that what the files do not name goes.

    Raises:
        Collision: names of ours are taken and `adopt` is off, or hold another kind of object.
        UnsupportedObject: something the engine does not model sits on one of our tables; with `prune`, anywhere.
    """
    ledger = read_ledger(connection, target.schema)
    ours = ledger.objects if ledger else frozenset()
    others = schemas_beside(target, desired, ours)
    live = read_catalog(connection, target.schema, target.extensions_schema, others)
    if prune:
        also = cleared(target, live, desired)
        if unknown := [item for item in live.unsupported if item.schema in (None, *also)]:
            raise UnsupportedObject(unknown, f"schema {target.schema}, which prune would clear of it,")
        ours |= prunable(live, desired, also)
    require_no_collision(live, ours, desired, target, adopt=adopt)
    return Found(live, ledger, ours, managed(live, ours, desired), foreign(live, ours, desired))
