"""Storage parameters of relations: how they are written, and what turns some into others."""

from collections.abc import Mapping

from infra.provider.schema.identifiers import literal, quote


def settings(options: Mapping[str, str]) -> str:
    """Return storage parameters as WITH and SET list them."""
    return ", ".join(f"{option_name(key)} = {literal(value)}" for key, value in options.items())


def option_name(key: str) -> str:
    """Return a storage parameter's name for SQL; `toast.` is a prefix of its own."""
    prefix, _, name = key.rpartition(".")
    return f"{prefix}.{quote(name)}" if prefix else quote(name)


def option_changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the SET and RESET actions that turn storage parameters `old` into `new`."""
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    removed = [key for key in old if key not in new]
    actions = [f"SET ({settings(changed)})"] if changed else []
    return actions + ([f"RESET ({', '.join(map(option_name, removed))})"] if removed else [])
