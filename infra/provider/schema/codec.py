"""Frozen dataclasses to plain JSON values and back, driven by their type hints; defaults are left out.

A hint `Annotated[str, reader]` says how a name is read: `reader(text, schemas)`.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Return `value` as dicts, lists, strings, numbers and booleans; a field equal to its default is left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            name: to_json(item)
            for name, default in _defaults(type(value)).items()
            if (item := getattr(value, name)) != default
        }
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    return value


def from_json(cls: type[T], data: Any, schemas: tuple[str, ...] = ()) -> T:
    """Return the instance of dataclass `cls` that `to_json` turned into `data`.

    Args:
        cls: the dataclass.
        data: the JSON.
        schemas: those whose objects have qualified names in it.
    """
    result: T = _reader(typing.cast(Hashable, cls), schemas)(data)
    return result


_REQUIRED = object()


@cache
def _defaults(cls: type) -> dict[str, Any]:
    return {item.name: _default(item) for item in dataclasses.fields(cls)}


def _default(item: "dataclasses.Field[Any]") -> Any:
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return _REQUIRED if item.default is dataclasses.MISSING else item.default


@cache
def _reader(hint: Hashable, schemas: tuple[str, ...]) -> Callable[[Any], Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _dataclass_reader(typing.cast(type, hint), schemas)
    if origin is Annotated:
        read_name = arguments[1]
        return lambda data: read_name(data, schemas)
    if origin is Mapping:
        key, item = _key_reader(arguments[0], schemas), _reader(arguments[1], schemas)
        if key is None:
            return lambda data: {name: item(value) for name, value in data.items()}
        return lambda data: {key(name): item(value) for name, value in data.items()}
    if origin is tuple:
        items = [_reader(argument, schemas) for argument in arguments if argument is not Ellipsis]
        if len(items) == 1:
            return lambda data: tuple(items[0](value) for value in data)
        return lambda data: tuple(read(value) for read, value in zip(items, data, strict=True))
    if origin in (types.UnionType, typing.Union):
        inner = _reader(next(argument for argument in arguments if argument is not type(None)), schemas)
        return lambda data: None if data is None else inner(data)
    return int if hint is int else lambda data: data


def _key_reader(hint: Hashable, schemas: tuple[str, ...]) -> Callable[[Any], Any] | None:
    return _reader(hint, schemas) if schemas and typing.get_origin(hint) is Annotated else None


def _dataclass_reader(cls: type, schemas: tuple[str, ...]) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(cls, include_extras=True)
    readers = {name: _reader(hint, schemas) for name, hint in hints.items()}
    optional = {name for name, default in _defaults(cls).items() if default is None}

    def read(data: Mapping[str, Any]) -> Any:
        known = {name: readers[name](value) for name, value in data.items()}
        return cls(**known, **dict.fromkeys(_needed(cls) - known.keys() - optional))

    return read


@cache
def _needed(cls: type) -> frozenset[str]:
    """Return the fields without a default; one of them that is absent was null and lost on the way."""
    return frozenset(name for name, default in _defaults(cls).items() if default is _REQUIRED)
