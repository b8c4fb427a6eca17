"""Which table refers to which: by foreign keys, and by name where a hot table has none."""

from dataclasses import dataclass

from tools.database_docs.catalog import Catalog


@dataclass(frozen=True, order=True)
class Reference:
    """A column of `table` that names a row of `other`; `enforced` by a foreign key, or by the functions alone."""

    table: str
    column: str
    other: str
    other_column: str
    enforced: bool


def references(catalog: Catalog) -> list[Reference]:
    """Return every reference between tables, in a fixed order.

    A foreign key is shown at its last column: the ones before it are those that both tables share. Hot tables have no
    foreign keys, on purpose; there, a column that is called like the one-column primary key of a table, or ends in its
    name after an underscore, and has its type, or the one which that is a domain over, refers to it.
    """
    found = [
        Reference(each.owner, each.columns[-1], each.other, each.other_columns[-1], enforced=True)
        for each in catalog.constraints
        if each.kind == "f" and each.other
    ]
    known = {(each.table, each.column) for each in found}
    for other in catalog.tables:
        match catalog.primary_key(other.name):
            case [key]:
                found += _by_name(catalog, other.name, key, known)
    return sorted(found)


def _by_name(catalog: Catalog, other: str, key: str, known: set[tuple[str, str]]) -> list[Reference]:
    (kind,) = [column.type for column in catalog.columns_of(other) if column.name == key]
    kinds = {kind, *(each.base for each in catalog.types if each.name == kind)}
    tables = {table.name for table in catalog.tables}
    return [
        Reference(column.owner, column.name, other, key, enforced=False)
        for column in catalog.columns
        if column.owner in tables
        and (column.owner, column.name) not in known
        and (column.owner, column.name) != (other, key)
        and column.type in kinds
        and (column.name == key or column.name.endswith("_" + key))
    ]
