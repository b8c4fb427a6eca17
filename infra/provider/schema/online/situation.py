"""What online planning must know of the live database beyond its catalog."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import ObjectId
from infra.provider.schema.nodes import Node

OURS = "pgstack_"
"""What the names of objects begin with that live during an update only."""


@dataclass(frozen=True)
class Leaf:
    """A partition as the live database has it, at any depth; `sql_name` as SQL writes it, `indexes` by their names."""

    sql_name: str
    name: str
    partitioned: bool = False
    indexes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Situation:
    """Live facts.

    Args:
        small: relations so small that a plain statement over all of their rows is over at once.
        drops_concurrently: whether DROP INDEX CONCURRENTLY works; an event trigger before each command can prevent it.
        partitions: partitioned table -> every partition below it, also those that are not ours.
    """

    small: frozenset[str] = frozenset()
    drops_concurrently: bool = True
    partitions: Mapping[str, tuple[Leaf, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """The comparison a plan was made from, and the live facts."""

    comparison: Comparison
    situation: Situation

    def node(self, item: ObjectId) -> Node | None:
        """Return the object on the desired side, or else on the current one."""
        return self.comparison.new_nodes.get(item) or self.comparison.old_nodes.get(item)

    def home(self, item: ObjectId) -> ObjectId | None:
        """Return the relation an object lives on, itself if it is one; None for what lives on none."""
        node = self.node(item)
        if node is None:
            return None
        home = node.inside or node.id
        return home if home.kind in ("table", "view") else None

    def exists(self, relation: ObjectId) -> bool:
        """Say whether users have the relation before, during and after the plan."""
        comparison = self.comparison
        stays = relation in comparison.old_nodes and relation in comparison.new_nodes
        return stays and relation not in comparison.rebuilt

    @cached_property
    def large(self) -> frozenset[str]:
        """The relations, quoted for SQL, that exist and are not small."""
        relations = (item.name for item in self.comparison.old_nodes if item.kind in ("table", "view"))
        return frozenset(quote(name) for name in relations if name not in self.situation.small)

    def in_use(self, relation: ObjectId) -> bool:
        """Say whether work over all rows of a relation must not keep its users waiting."""
        return self.exists(relation) and relation.name not in self.situation.small

    def tables_with(self, domain: ObjectId) -> list[ObjectId]:
        """Return the tables that exist and have a column of a domain; none for any other object."""
        names = self.comparison.dependents.get(str(domain), ()) if domain.kind == "domain" else ()
        columns = (ObjectId.parse(name) for name in names)
        homes = {home for column in columns if column.kind == "column" and (home := self.home(column))}
        return sorted(home for home in homes if self.exists(home))

    def is_partitioned(self, relation: ObjectId) -> bool:
        """Say whether a relation is a partitioned table."""
        table = self.comparison.new.tables.get(relation.name)
        return table is not None and table.partition_key is not None


def passing_name(what: str, item: ObjectId) -> str:
    """Return the name of an object that lives during an update only: the same in every run, so that it is found."""
    return f"{OURS}{what}_{sha256(str(item).encode()).hexdigest()[:12]}"
