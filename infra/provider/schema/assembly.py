"""From the rows of the catalog queries to a `Catalog`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from infra.provider.schema.identifiers import Part, home_in, named, quote
from infra.provider.schema.model import (
    MANAGED,
    TOP_LEVEL,
    WHOLE,
    Catalog,
    Composite,
    DefaultGrants,
    Domain,
    EnumType,
    Extension,
    Function,
    Publication,
    Schema,
    Sequence,
    Table,
    Unsupported,
    Whole,
)
from infra.provider.schema.relation_assembly import RelationAssembly, Rows, options

T = TypeVar("T")

SCHEMA_PLACEHOLDER = '"$schema"'
"""Stands for the main schema in a function's search_path."""


class Assembly(RelationAssembly):
    """Puts the rows of the catalog queries together into a `Catalog`; its arguments are those of `RelationAssembly`."""

    def catalog(self) -> Catalog:
        """Return the catalog."""
        relations = self.rows["relations"]
        tables = self.tables()
        wholes: dict[str, Any] = {TOP_LEVEL[kind]: self._wholes(kind) for kind in WHOLE}
        return Catalog(
            schemas={row["name"]: self._schema(row) for row in self.rows["schemas"]},
            extensions={row["name"]: self._extension(row) for row in self.rows["extensions"]},
            tables=tables,
            views=self.views(),
            functions={row["signature"]: self._function(row) for row in self.rows["functions"]},
            enums={row["name"]: self._enum(row) for row in self._types("e")},
            domains={row["name"]: self._domain(row) for row in self._types("d")},
            composites={row["name"]: self._composite(row) for row in self._types("c")},
            sequences=self._sequences(),
            **wholes,
            publications={row["name"]: self._publication(row) for row in self.rows["publications"]},
            grants=self._of_main({key: dict(held) for key, held in self.grants.items()}, "schema") or {},
            dependencies=tuple(self._dependencies(tables)),
            comment=self._of_main(self.comments, "pg_namespace"),
            default_grants=self._default_grants(in_schema=True),
            others=self.others,
            global_defaults=self._default_grants(in_schema=False),
            settable_defaults=tuple(
                sorted({row["owner"] for row in self.rows["default_privileges"] if row["settable"]})
            ),
            inherited_not_null={
                row["inherited"]: row["not_null_inherited"] for row in self.rows["columns"] if row["inherited"]
            },
            named_apart=tuple(row["name"] for row in relations if row["named_apart"]),
            shares=self.shares,
            extension_comments={
                row["name"]: row["packaged_comment"] or ""
                for row in self.rows["extensions"]
                if row["comment"] is not None
            },
            extension_names={row["name"]: tuple(row["names"]) for row in self.rows["extensions"]},
            extension_tables={row["name"]: dict(row["tables"]) for row in self.rows["extensions"] if row["tables"]},
            names_not_null=self.rows["reader"][0]["names_not_null"],
            reader=self.rows["reader"][0]["name"],
            unsupported=tuple(Unsupported(**row) for row in self.rows["unsupported"]),
        )

    def _dependencies(self, tables: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
        """Yield who needs what; who needs a partition's column needs its parents', with which it is changed."""
        for row in self.rows["dependencies"]:
            yield row["dependent"], row["referenced"]
            kind, _, name = row["referenced"].partition(" ")
            if kind != "column":
                continue
            table = home_in(name, self.others)
            column = name[len(table) + 1 :]
            while table in tables and (part := tables[table].partition):
                table = part.parent
                yield row["dependent"], f"column {table}.{column}"

    def _of_main(self, found: Mapping[tuple[str, int, int], T], kind: str) -> T | None:
        """Return what was found about the main schema itself."""
        beside = {row["oid"] for row in self.rows["schemas"]}
        return next((value for (what, oid, _), value in found.items() if what == kind and oid not in beside), None)

    def _schema(self, row: Mapping[str, Any]) -> Schema:
        return Schema(
            owner=row["owner"] if row["owner"] != self.rows["reader"][0]["name"] else "",
            grants=self.granted("schema", row["oid"]),
            default_grants=self._default_grants(in_schema=True, beside=row["name"]),
            comment=self.comment("pg_namespace", row["oid"]),
        )

    def _extension(self, row: Mapping[str, Any]) -> Extension:
        home = MANAGED if row["schema"] == self.schema else row["schema"]
        return Extension(home, row["version"], row["comment"])

    def _function(self, row: Mapping[str, Any]) -> Function:
        settings = options(row["settings"])
        if "search_path" in settings:
            settings["search_path"] = self._placeholder(settings["search_path"])
        plain = {name: value for name, value in row.items() if name not in ("oid", "signature", "settings")}
        return Function(
            **plain,
            settings=settings,
            grants=self.granted("function", row["oid"]),
            comment=self.comment("pg_proc", row["oid"]),
        )

    def _placeholder(self, path: str) -> str:
        ours = {self.schema, quote(self.schema), f'"{self.schema}"'}
        names = [name.strip() for name in path.split(",")]
        return ", ".join(SCHEMA_PLACEHOLDER if name in ours else name for name in names)

    def _types(self, kind: str) -> Rows:
        return [row for row in self.rows["types"] if row["kind"] == kind]

    def _enum(self, row: Mapping[str, Any]) -> EnumType:
        return EnumType(
            tuple(row["labels"]), row["owner"], self.granted("type", row["oid"]), self.comment("pg_type", row["oid"])
        )

    def _domain(self, row: Mapping[str, Any]) -> Domain:
        return Domain(
            base=row["base"],
            nullable=row["nullable"],
            default=row["default"],
            collation=row["collation"],
            constraints=self.constraints_among([c for c in self.rows["constraints"] if c["domain"] == row["oid"]]),
            owner=row["owner"],
            grants=self.granted("type", row["oid"]),
            comment=self.comment("pg_type", row["oid"]),
        )

    def _composite(self, row: Mapping[str, Any]) -> Composite:
        return Composite(
            columns=self.columns_of(row["relation"]),
            owner=row["owner"],
            grants=self.granted("type", row["oid"]),
            comment=self.comment("pg_type", row["oid"]),
        )

    def _sequences(self) -> dict[str, Sequence]:
        facts = {row["oid"]: row for row in self.rows["sequences"]}
        return {
            row["name"]: Sequence(
                settings=self.sequence_settings[row["oid"]],
                owned_by=Part(fact["owner_table"], fact["owner_column"]) if fact["owner_table"] else None,
                unlogged=row["persistence"] == "u",
                owner=row["owner"],
                grants=self.granted("relation", row["oid"]),
                comment=self.comment("pg_class", row["oid"]),
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
                grants=self.granted("type" if kind == "range" else "function", row["oid"]) if row["rights"] else {},
                comment=self.comment(row["class"], row["oid"]),
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
            tables={named(table, self.others): detail for table, detail in row["tables"]},
            all_tables=row["all_tables"],
            whole_schema=row["whole_schema"],
            whole_schemas=tuple(row["whole_schemas"]),
            options={name: value for name, value in given.items() if value is not None},
            owner=row["owner"],
            comment=self.comment("pg_publication", row["oid"]),
        )

    def _default_grants(self, *, in_schema: bool, beside: str | None = None) -> DefaultGrants:
        """Return the default privileges of a schema, or of every schema: there, an empty entry says nobody."""
        found: dict[str, dict[str, dict[str, tuple[str, ...]]]] = defaultdict(lambda: defaultdict(dict))
        for row in self.rows["default_privileges"]:
            if (row["in_schema"], row["beside"]) == (in_schema, beside):
                if in_schema and not row["privileges"]:
                    continue
                held = found[row["owner"]][row["kind"]]
                if row["privileges"]:
                    held[row["grantee"]] = tuple(row["privileges"])
        return {owner: {kind: dict(grants) for kind, grants in kinds.items()} for owner, kinds in found.items()}
