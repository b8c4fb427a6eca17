"""Property values on the wire and in Python: secrets are `Secret`, what is not known yet is `UNKNOWN`.

The marks are Pulumi's, the same in all its SDKs (`pulumi.runtime.rpc`); a test compares them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from google.protobuf import struct_pb2

_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark, not a secret
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


class Unknown:
    """A value the engine will only know after other resources were made."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, repr=False)
class Secret:
    """A value that is encrypted in the state and masked wherever the engine shows it."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(...)"


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return a request's properties as plain values, with `Secret` and `UNKNOWN` where the engine says so."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return `properties` as the engine wants them; the inverse of `decode`."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        struct.fields[key].CopyFrom(_encode(value))
    return struct


def reveal(value: Any) -> Any:
    """Return `value` without its `Secret` wrappers, at every depth."""
    match value:
        case Secret():
            return reveal(value.value)
        case dict():
            return {key: reveal(item) for key, item in value.items()}
        case list():
            return [reveal(item) for item in value]
        case _:
            return value


def has_unknown(value: Any) -> bool:
    """Say whether `UNKNOWN` stands anywhere in `value`."""
    match value:
        case Unknown():
            return True
        case Secret():
            return has_unknown(value.value)
        case dict():
            return any(map(has_unknown, value.values()))
        case list():
            return any(map(has_unknown, value))
        case _:
            return False


def holds_secret(value: Any) -> bool:
    """Say whether a `Secret` stands anywhere in `value`."""
    match value:
        case Secret():
            return True
        case dict():
            return any(map(holds_secret, value.values()))
        case list():
            return any(map(holds_secret, value))
        case _:
            return False


def conceal(properties: Mapping[str, Any], secret_names: Collection[str]) -> dict[str, Any]:
    """Wrap the top-level properties of these names as secrets."""
    return {
        name: Secret(value) if name in secret_names and _can_be_secret(value) else value
        for name, value in properties.items()
    }


def _can_be_secret(value: Any) -> TypeGuard[Any]:
    return value is not None and not isinstance(value, Secret)


def _decode(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value == _UNKNOWN else value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "struct_value":
            return _decode_object(value.struct_value)
        case _:
            return None


def _decode_object(struct: struct_pb2.Struct) -> Any:
    match struct.fields[_SIGNATURE].string_value if _SIGNATURE in struct.fields else None:
        case str(mark) if mark == _SECRET:
            return Secret(_decode(struct.fields["value"]))
        case str(mark) if mark == _OUTPUT:
            inner = _decode(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
            return Secret(inner) if struct.fields["secret"].bool_value else inner
        case _:
            return decode(struct)


def _encode(value: Any) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case Unknown():
            return struct_pb2.Value(string_value=_UNKNOWN)
        case Secret():
            return struct_pb2.Value(struct_value=encode({_SIGNATURE: _SECRET, "value": value.value}))
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case Mapping():
            return struct_pb2.Value(struct_value=encode(value))
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_encode(item) for item in value]))
        case _:
            raise TypeError(f"{type(value).__name__} is no property value")
