"""A file of sql/seeds: YAML whose values reach PostgreSQL as they were written."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Row = dict[str, Any]

LARGEST_EXACT_INTEGER = 2**53
"""Pulumi keeps numbers as doubles."""


class SeedFileError(Exception):
    """The file can not be used; the message names it, and the row."""


class _Loader(yaml.SafeLoader):
    """YAML's own types, but for times: PostgreSQL reads those better, and JSON has none."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class SeedFile(BaseModel):
    """The table, the columns of its natural key, and the rows."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    table: str
    key: list[str] = Field(min_length=1)
    rows: list[Row]

    @classmethod
    def read(cls, file: str) -> "SeedFile":
        """Read `file`, whose rows all have a key of their own and hold nothing but what JSON can say.

        Raises:
            SeedFileError: it can not be read, or breaks one of these rules.
        """
        try:
            seed = cls.model_validate(_load(Path(file).read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise SeedFileError(f"{file}: {getattr(error, 'strerror', None) or error}") from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
            raise SeedFileError(f"{file}: {where}{error.problem}") from error
        except yaml.YAMLError as error:
            raise SeedFileError(f"{file}: {' '.join(str(error).split())}") from error
        except ValidationError as error:
            details = error.errors(include_url=False)
            raise SeedFileError(f"{file}: {'; '.join(_where(d['loc']) + d['msg'] for d in details)}") from error
        problems = [
            f"row {number} {problem}" for number, row in enumerate(seed.rows, 1) for problem in _problems(seed.key, row)
        ]
        names = Counter(seed.name(row) for row in seed.rows if not problems)
        problems += [f"{name} stands there {times} times" for name, times in names.items() if times > 1]
        if problems:
            raise SeedFileError(f"{file}: {'; '.join(problems)}")
        return seed

    def name(self, row: Mapping[str, Any]) -> str:
        """Return the natural key of a row as one text, e.g. `executor 1.8.3`."""
        parts = [str(row[column]) for column in self.key]
        return " ".join(json.dumps(part) if len(parts) > 1 and " " in part else part for part in parts)

    def by_name(self) -> dict[str, Row]:
        """Return the rows by natural key."""
        return {self.name(row): row for row in self.rows}


def _load(text: str) -> Any:
    return yaml.load(text, _Loader)  # noqa: S506 - derived from SafeLoader


def _where(location: tuple[str | int, ...]) -> str:
    match location:
        case ("rows", int(index), *rest):
            return f"row {index + 1}: " + "".join(f"{part}: " for part in rest)
        case _:
            return "".join(f"{part}: " for part in location)


def _problems(key: list[str], row: Row) -> list[str]:
    missing = [column for column in key if row.get(column) is None]
    nothing = [f"has no {', '.join(missing)}, which the key needs"] if missing else []
    return nothing + [f"has in {column} {problem}" for column, value in row.items() if (problem := _unfit(value))]


def _unfit(value: Any) -> str | None:
    """Say why the state could not hold `value` exactly, None when it can."""
    match value:
        case None | bool() | str():
            return None
        case int() if abs(value) > LARGEST_EXACT_INTEGER:
            return f"{value}, too large to be kept exactly as a number: put it in quotes"
        case int():
            return None
        case float():
            return None if abs(value) < float("inf") else f"{value}, which JSON has not: put it in quotes"
        case list():
            return next((problem for item in value if (problem := _unfit(item))), None)
        case dict():
            odd = next((name for name in value if not isinstance(name, str)), None)
            if odd is not None:
                return f"the name {odd!r}, which is no text: put it in quotes"
            return next((problem for item in value.values() if (problem := _unfit(item))), None)
        case _:
            return f"a {type(value).__name__}, which has no place in a row"
