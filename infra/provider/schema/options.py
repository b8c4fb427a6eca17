"""The command line's arguments."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from infra.provider.schema.hazards import HazardName
from infra.provider.schema.lock_rules import LOCK_RETRIES, LOCK_TIMEOUT

COMMANDS = {
    "plan": "say what would make the schema what the files describe; change nothing",
    "apply": "make the schema what the files describe",
    "drift": "say where the schema differs from the files, object by object",
    "dump": "write the schema as a tree of files; the folder must hold no .sql files",
}
EXIT_CODES = """\
exit codes:
  0  nothing to do, or applied
  2  changes or drift found
  1  an error, or the plan is refused; nothing was changed
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints end with 1: 2 means that there are changes."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the parsed arguments; ends the program on --help and on mistakes."""
    parser = _Parser(
        prog="python -m infra.provider.schema",
        description="Make a PostgreSQL schema what a folder of CREATE statements describes, and say beforehand how.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(COMMANDS), parser_class=_Parser)
    for name, words in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=words,
            description=f"{words[0].upper()}{words[1:]}.",
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _everywhere(command)
        if name in ("plan", "apply", "drift"):
            _what_is_ours(command)
        if name in ("plan", "apply"):
            _what_may_pass(command)
    options = parser.parse_args(arguments)
    options.schema = options.schema or ["public"]
    return options


def _everywhere(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--url",
        help="connection string; default $DATABASE_URL, then libpq's variables. "
        "Leave the password out: libpq takes it from PGPASSWORD or ~/.pgpass",
    )
    command.add_argument(
        "--schema",
        action="append",
        metavar="NAME",
        help="the schema that bare names mean (default: public); given again, another one that is yours whole. "
        "Schemas that the files create are managed anyway; --prune clears another role's only if they are named here",
    )
    command.add_argument("--dir", required=True, type=Path, metavar="DIR", help="the folder of .sql files")
    command.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    command.add_argument(
        "--scratch",
        default="auto",
        metavar="WHERE",
        help="where files are read: embedded, target (a database beside), or the URL of another server of the same "
        "major version; default: embedded where it fits, else target",
    )


def _what_is_ours(command: argparse.ArgumentParser) -> None:
    command.add_argument("--prune", action="store_true", help="also drop what the files do not name")
    command.add_argument(
        "--no-adopt",
        dest="adopt",
        action="store_false",
        help="stop if objects of these names exist that this tool did not make",
    )


def _what_may_pass(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--allow",
        nargs="+",
        action="extend",
        default=[],
        type=_permission,
        metavar="HAZARD:OBJECT",
        help="let a refused hazard pass for one object, e.g. DATA_LOSS:agents.region; or all",
    )
    command.add_argument(
        "--lock-timeout",
        type=_positive,
        default=LOCK_TIMEOUT,
        metavar="MS",
        help=f"milliseconds to wait for a lock, and to hold one that others wait for (default: {LOCK_TIMEOUT})",
    )
    command.add_argument(
        "--lock-retries",
        type=_positive,
        default=LOCK_RETRIES,
        metavar="N",
        help=f"how often a phase that could not have its locks is tried again (default: {LOCK_RETRIES})",
    )
    command.add_argument("--no-proof", dest="proof", action="store_false", help="skip the proof on a copy")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _permission(text: str) -> str:
    name, colon, subject = text.partition(":")
    if text != "all" and (not subject or not colon or name not in list(HazardName)):
        known = ", ".join(HazardName)
        raise argparse.ArgumentTypeError(f"{text!r} is neither all nor HAZARD:OBJECT with a hazard of: {known}")
    return text
