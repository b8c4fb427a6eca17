"""From the rows of the catalog queries to a `Catalog`."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from infra.provider.schema.identifiers import quote
from infra.provider.schema.index_names import is_chosen
from infra.provider.schema.model import (
    TOP_LEVEL,
    WHOLE,
    Catalog,
    Column,
    Composite,
    Constraint,
    DefaultGrants,
    Domain,
    EnumType,
    Function,
    Grants,
    Identity,
    Index,
    Partition,
    Policy,
    Publication,
    RowSecurity,
    Sequence,
    SequenceSettings,
    Share,
    Table,
    Trigger,
    Unsupported,
    View,
    Whole,
    plain,
)

SCHEMA_PLACEHOLDER = '"$schema"'
"""Stands for the managed schema in a function's search_path."""

Rows = list[dict[str, Any]]
ByRelation = Mapping[int, Rows]

CONSTRAINT_KINDS = {"p": "primary", "u": "unique", "c": "check", "f": "foreign", "x": "exclusion"}


class Assembly:
    """Puts the rows of the catalog queries together into a `Catalog`.

    Args:
        schema: the schema they are about.
        rows: name of a query -> its rows.
    """

    def __init__(self, schema: str, rows: Mapping[str, Rows]) -> None:
        self.schema = schema
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

    def catalog(self) -> Catalog:
        """Return the catalog."""
        relations = self.rows["relations"]
        tables = {row["name"]: self._table(row) for row in relations if row["kind"] in ("r", "p")}
        wholes: dict[str, Any] = {TOP_LEVEL[kind]: self._wholes(kind) for kind in WHOLE}
        return Catalog(
            tables={name: _own_columns(table, tables) for name, table in tables.items()},
            views={row["name"]: self._view(row) for row in relations if row["kind"] in ("v", "m")},
            functions={row["signature"]: self._function(row) for row in self.rows["functions"]},
            enums={row["name"]: self._enum(row) for row in self._types("e")},
            domains={row["name"]: self._domain(row) for row in self._types("d")},
            composites={row["name"]: self._composite(row) for row in self._types("c")},
            sequences=self._sequences(),
            **wholes,
            publications={row["name"]: self._publication(row) for row in self.rows["publications"]},
            grants=next((dict(held) for (kind, _, _), held in self.grants.items() if kind == "schema"), {}),
            dependencies=tuple(self._dependencies(tables)),
            comment=next((text for (kind, _, _), text in self.comments.items() if kind == "pg_namespace"), None),
            default_grants=self._default_grants(in_schema=True),
            global_defaults=self._default_grants(in_schema=False),
            settable_defaults=tuple(
                sorted({row["owner"] for row in self.rows["default_privileges"] if row["settable"]})
            ),
            inherited_not_null={
                row["inherited"]: row["not_null_inherited"] for row in self.rows["columns"] if row["inherited"]
            },
            named_apart=tuple(row["name"] for row in relations if row["named_apart"]),
            shares=self.shares,
            names_not_null=self.rows["reader"][0]["names_not_null"],
            reader=self.rows["reader"][0]["name"],
            unsupported=tuple(Unsupported(**row) for row in self.rows["unsupported"]),
        )

    def _comment(self, kind: str, oid: int, subid: int = 0) -> str | None:
        return self.comments.get((kind, oid, subid))

    def _granted(self, kind: str, oid: int, subid: int = 0) -> Grants:
        return dict(self.grants.get((kind, oid, subid), {}))

    def _table(self, row: Mapping[str, Any]) -> Table:
        oid = row["oid"]
        return Table(
            columns=self._columns(oid),
            constraints=self._constraints(self.constraints.get(oid, [])),
            indexes=self._indexes(oid),
            policies={item["name"]: self._policy(item) for item in self.policies.get(oid, [])},
            triggers=self._triggers(oid),
            rls=RowSecurity(row["rls_enabled"], row["rls_forced"]),
            owner=row["owner"],
            grants=self._granted("relation", oid),
            options=_options(row["options"]) | _options(row["toast_options"], "toast."),
            unlogged=row["persistence"] == "u",
            partition_key=row["partition_key"],
            partition=Partition(row["parent"], row["bound"]) if row["parent"] else None,
            part_names=self._part_names(row["name"]),
            replica_identity=row["replica_identity"],
            comment=self._comment("pg_class", oid),
        )

    def _view(self, row: Mapping[str, Any]) -> View:
        oid = row["oid"]
        return View(
            definition=row["view_definition"].strip().removesuffix(";"),
            columns=self._columns(oid),
            materialized=row["kind"] == "m",
            indexes=self._indexes(oid),
            triggers=self._triggers(oid),
            owner=row["owner"],
            grants=self._granted("relation", oid),
            options=_options(row["options"]),
            comment=self._comment("pg_class", oid),
        )

    def _columns(self, relation: int) -> dict[str, Column]:
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
            options=_options(row["options"]),
            not_null=row["not_null"],
            grants=self._granted("relation", row["relation"], row["number"]),
            comment=self._comment("pg_class", row["relation"], row["number"]),
            not_null_comment=row["not_null_comment"],
            sequence_grants=self._granted("relation", row["identity_sequence"]) if identity else {},
            sequence_comment=self._comment("pg_class", row["identity_sequence"]) if identity else None,
        )

    def _constraints(self, rows: Rows) -> dict[str, Constraint]:
        return {
            row["name"]: Constraint(
                kind=CONSTRAINT_KINDS[row["kind"]],
                definition=_with_parameters(row["definition"].removesuffix(" NOT VALID"), row["parameters"]),
                validated=row["validated"] or row["definition"].endswith(" NOT ENFORCED"),
                references=row["references"],
                comment=self._comment("pg_constraint", row["oid"]),
                index_comment=self._comment("pg_class", row["index"]) if row["index"] else None,
            )
            for row in rows
        }

    def _indexes(self, relation: int) -> dict[str, Index]:
        return {
            row["name"]: Index(row["definition"], row["valid"], self._comment("pg_class", row["oid"]))
            for row in self.indexes.get(relation, [])
        }

    def _dependencies(self, tables: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
        """Yield who needs what; who needs a partition's column needs its parents', with which it is changed."""
        for row in self.rows["dependencies"]:
            yield row["dependent"], row["referenced"]
            kind, _, name = row["referenced"].partition(" ")
            table, _, column = name.partition(".")
            while kind == "column" and table in tables and (part := tables[table].partition):
                table = part.parent
                yield row["dependent"], f"column {table}.{column}"

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
            comment=self._comment("pg_policy", row["oid"]),
        )

    def _triggers(self, relation: int) -> dict[str, Trigger]:
        return {
            row["name"]: Trigger(row["definition"], row["enabled"], self._comment("pg_trigger", row["oid"]))
            for row in self.triggers.get(relation, [])
        }

    def _function(self, row: Mapping[str, Any]) -> Function:
        settings = _options(row["settings"])
        if "search_path" in settings:
            settings["search_path"] = self._placeholder(settings["search_path"])
        plain = {name: value for name, value in row.items() if name not in ("oid", "signature", "settings")}
        return Function(
            **plain,
            settings=settings,
            grants=self._granted("function", row["oid"]),
            comment=self._comment("pg_proc", row["oid"]),
        )

    def _placeholder(self, path: str) -> str:
        ours = {self.schema, quote(self.schema), f'"{self.schema}"'}
        names = [name.strip() for name in path.split(",")]
        return ", ".join(SCHEMA_PLACEHOLDER if name in ours else name for name in names)

    def _types(self, kind: str) -> Rows:
        return [row for row in self.rows["types"] if row["kind"] == kind]

    def _enum(self, row: Mapping[str, Any]) -> EnumType:
        return EnumType(
            tuple(row["labels"]), row["owner"], self._granted("type", row["oid"]), self._comment("pg_type", row["oid"])
        )

    def _domain(self, row: Mapping[str, Any]) -> Domain:
        return Domain(
            base=row["base"],
            nullable=row["nullable"],
            default=row["default"],
            collation=row["collation"],
            constraints=self._constraints([c for c in self.rows["constraints"] if c["domain"] == row["oid"]]),
            owner=row["owner"],
            grants=self._granted("type", row["oid"]),
            comment=self._comment("pg_type", row["oid"]),
        )

    def _composite(self, row: Mapping[str, Any]) -> Composite:
        return Composite(
            columns=self._columns(row["relation"]),
            owner=row["owner"],
            grants=self._granted("type", row["oid"]),
            comment=self._comment("pg_type", row["oid"]),
        )

    def _sequences(self) -> dict[str, Sequence]:
        facts = {row["oid"]: row for row in self.rows["sequences"]}
        return {
            row["name"]: Sequence(
                settings=self.sequence_settings[row["oid"]],
                owned_by=f"{fact['owner_table']}.{fact['owner_column']}" if fact["owner_table"] else None,
                unlogged=row["persistence"] == "u",
                owner=row["owner"],
                grants=self._granted("relation", row["oid"]),
                comment=self._comment("pg_class", row["oid"]),
            )
            for row in self.rows["relations"]
            if row["kind"] == "S" and not (fact := facts[row["oid"]])["of_identity"]
        }

    def _wholes(self, kind: str) -> dict[str, Whole]:
        return {
            row["name"]: Whole(
                phrase=row["phrase"],
                definition=row["definition"],
                more=tuple(row["more"]),
                home=row["home"],
                rights=row["rights"],
                owner=row["owner"],
                grants=self._granted("type" if kind == "range" else "function", row["oid"]) if row["rights"] else {},
                comment=self._comment(row["class"], row["oid"]),
            )
            for row in self.rows["wholes"]
            if row["kind"] == kind
        }

    def _publication(self, row: Mapping[str, Any]) -> Publication:
        given = {
            "publish": row["publish"] if row["publish"] != "insert, update, delete, truncate" else None,
            "publish_via_partition_root": "true" if row["via_root"] else None,
            "publish_generated_columns": row["generated"],
        }
        return Publication(
            tables=dict(row["tables"]),
            all_tables=row["all_tables"],
            whole_schema=row["whole_schema"],
            options={name: value for name, value in given.items() if value is not None},
            owner=row["owner"],
            comment=self._comment("pg_publication", row["oid"]),
        )

    def _default_grants(self, *, in_schema: bool) -> DefaultGrants:
        """Return the default privileges of this schema, or of every schema: there, an empty entry says nobody."""
        found: dict[str, dict[str, dict[str, tuple[str, ...]]]] = defaultdict(lambda: defaultdict(dict))
        for row in self.rows["default_privileges"]:
            if row["in_schema"] == in_schema:
                if in_schema and not row["privileges"]:
                    continue
                held = found[row["owner"]][row["kind"]]
                if row["privileges"]:
                    held[row["grantee"]] = tuple(row["privileges"])
        return {owner: {kind: dict(grants) for kind, grants in kinds.items()} for owner, kinds in found.items()}


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


def _options(items: list[str] | None, prefix: str = "") -> dict[str, str]:
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
