"""From the rows of the catalog queries to tables and views, and what lives on them."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra.provider.schema.index_names import is_chosen
from infra.provider.schema.model import (
    Column,
    Constraint,
    Grants,
    Identity,
    Index,
    Partition,
    Policy,
    RowSecurity,
    SequenceSettings,
    Share,
    Table,
    Trigger,
    View,
    plain,
)

Rows = list[dict[str, Any]]
ByRelation = Mapping[int, Rows]

CONSTRAINT_KINDS = {"p": "primary", "u": "unique", "c": "check", "f": "foreign", "x": "exclusion"}


class RelationAssembly:
    """Puts together the rows about relations.

    Args:
        schema: the main schema.
        others: the managed schemas beside it.
        rows: name of a query -> its rows.
    """

    def __init__(self, schema: str, others: tuple[str, ...], rows: Mapping[str, Rows]) -> None:
        self.schema = schema
        self.others = others
        self.rows = rows
        self.comments = {(row["class"], row["oid"], row["subid"]): row["comment"] for row in rows["comments"]}
        self.grants: dict[tuple[str, int, int], dict[str, tuple[str, ...]]] = defaultdict(dict)
        for row in rows["grants"]:
            self.grants[row["class"], row["oid"], row["subid"]][row["grantee"]] = tuple(row["privileges"])
        self.sequence_settings = {row["oid"]: _sequence_settings(row) for row in rows["sequences"]}
        self.columns = _by_relation(rows["columns"])
        self.constraints = _by_relation(rows["constraints"])
        self.indexes = _by_relation(rows["indexes"])
        self.shares = _shares(rows["shares"])
        self.policies = _by_relation(rows["policies"])
        self.triggers = _by_relation(rows["triggers"])

    def tables(self) -> dict[str, Table]:
        """Return the tables; a partition lists what differs from its parent."""
        found = {row["name"]: self._table(row) for row in self.rows["relations"] if row["kind"] in ("r", "p")}
        return {name: _own_columns(table, found) for name, table in found.items()}

    def views(self) -> dict[str, View]:
        """Return the views, materialized ones included."""
        return {row["name"]: self._view(row) for row in self.rows["relations"] if row["kind"] in ("v", "m")}

    def comment(self, kind: str, oid: int, subid: int = 0) -> str | None:
        """Return the comment on an object, by its catalog."""
        return self.comments.get((kind, oid, subid))

    def granted(self, kind: str, oid: int, subid: int = 0) -> Grants:
        """Return who may do what with an object."""
        return dict(self.grants.get((kind, oid, subid), {}))

    def _table(self, row: Mapping[str, Any]) -> Table:
        oid = row["oid"]
        return Table(
            columns=self.columns_of(oid),
            constraints=self.constraints_among(self.constraints.get(oid, [])),
            indexes=self._indexes(oid),
            policies={item["name"]: self._policy(item) for item in self.policies.get(oid, [])},
            triggers=self._triggers(oid),
            rls=RowSecurity(row["rls_enabled"], row["rls_forced"]),
            owner=row["owner"],
            grants=self.granted("relation", oid),
            options=options(row["options"]) | options(row["toast_options"], "toast."),
            unlogged=row["persistence"] == "u",
            partition_key=row["partition_key"],
            partition=Partition(row["parent"], row["bound"]) if row["parent"] else None,
            part_names=self._part_names(row["name"]),
            replica_identity=row["replica_identity"],
            comment=self.comment("pg_class", oid),
        )

    def _view(self, row: Mapping[str, Any]) -> View:
        oid = row["oid"]
        return View(
            definition=row["view_definition"].strip().removesuffix(";"),
            columns=self.columns_of(oid),
            materialized=row["kind"] == "m",
            indexes=self._indexes(oid),
            triggers=self._triggers(oid),
            owner=row["owner"],
            grants=self.granted("relation", oid),
            options=options(row["options"]),
            comment=self.comment("pg_class", oid),
        )

    def columns_of(self, relation: int) -> dict[str, Column]:
        """Return the columns of a relation, or the attributes of a composite type."""
        return {row["name"]: self._column(row) for row in self.columns.get(relation, [])}

    def _column(self, row: Mapping[str, Any]) -> Column:
        identity = None
        if row["identity"]:
            identity = Identity(row["identity"], self.sequence_settings[row["identity_sequence"]], row["identity_name"])
        return Column(
            type=row["type"],
            nullable=row["nullable"],
            default=row["default"],
            generated=row["generated"],
            virtual=row["virtual"],
            identity=identity,
            collation=row["collation"],
            storage=row["storage"],
            compression=row["compression"],
            statistics=row["statistics"],
            options=options(row["options"]),
            not_null=row["not_null"],
            grants=self.granted("relation", row["relation"], row["number"]),
            comment=self.comment("pg_class", row["relation"], row["number"]),
            not_null_comment=row["not_null_comment"],
            sequence_grants=self.granted("relation", row["identity_sequence"]) if identity else {},
            sequence_comment=self.comment("pg_class", row["identity_sequence"]) if identity else None,
        )

    def constraints_among(self, rows: Rows) -> dict[str, Constraint]:
        """Return the constraints of a table or a domain."""
        return {
            row["name"]: Constraint(
                kind=CONSTRAINT_KINDS[row["kind"]],
                definition=_with_parameters(row["definition"].removesuffix(" NOT VALID"), row["parameters"]),
                validated=row["validated"] or row["definition"].endswith(" NOT ENFORCED"),
                references=row["references"],
                comment=self.comment("pg_constraint", row["oid"]),
                index_comment=self.comment("pg_class", row["index"]) if row["index"] else None,
            )
            for row in rows
        }

    def _indexes(self, relation: int) -> dict[str, Index]:
        return {
            row["name"]: Index(row["definition"], row["valid"], self.comment("pg_class", row["oid"]))
            for row in self.indexes.get(relation, [])
        }

    def _part_names(self, partition: str) -> dict[str, str]:
        shares = self.shares.get(partition, ())
        return {share.parent: share.name for share in shares if not share.own and is_chosen(partition, share)}

    def _policy(self, row: Mapping[str, Any]) -> Policy:
        return Policy(
            command=row["command"],
            permissive=row["permissive"],
            roles=tuple(row["roles"]),
            using=row["using"],
            check=row["check"],
            comment=self.comment("pg_policy", row["oid"]),
        )

    def _triggers(self, relation: int) -> dict[str, Trigger]:
        return {
            row["name"]: Trigger(row["definition"], row["enabled"], self.comment("pg_trigger", row["oid"]))
            for row in self.triggers.get(relation, [])
        }


def _shares(rows: Rows) -> dict[str, tuple[Share, ...]]:
    found: dict[str, list[Share]] = defaultdict(list)
    for row in rows:
        kind = CONSTRAINT_KINDS[row["kind"]] if row["kind"] else None
        found[row["partition"]].append(Share(row["name"], row["parent"], row["definition"], kind, row["own"]))
    return {partition: tuple(shares) for partition, shares in found.items()}


def _by_relation(rows: Rows) -> ByRelation:
    found: dict[int, Rows] = defaultdict(list)
    for row in rows:
        found[row["relation"]].append(row)
    return found


def options(items: list[str] | None, prefix: str = "") -> dict[str, str]:
    """Return what the catalog keeps as `name=value`."""
    pairs = (item.partition("=") for item in items or ())
    return {prefix + name: value for name, _, value in sorted(pairs)}


_AFTER_PARAMETERS = re.compile(r" (WHERE \(|DEFERRABLE|INITIALLY )")


def _with_parameters(definition: str, parameters: str | None) -> str:
    """Put the parameters of a key's index where the definition of the key takes them."""
    if not parameters:
        return definition
    found = _AFTER_PARAMETERS.search(definition)
    place = found.start() if found else len(definition)
    return f"{definition[:place]} WITH ({parameters}){definition[place:]}"


def _sequence_settings(row: Mapping[str, Any]) -> SequenceSettings:
    names = ("type", "start", "increment", "minimum", "maximum", "cache", "cycle")
    return SequenceSettings(**{name: row[name] for name in names})


def _own_columns(table: Table, tables: Mapping[str, Table]) -> Table:
    """Leave out a partition's columns that are as its parent has them."""
    if table.partition is None or table.partition.parent not in tables:
        return table
    inherited = tables[table.partition.parent].columns
    own = {name: column for name, column in table.columns.items() if column != plain(inherited.get(name))}
    return replace(table, columns=own)
