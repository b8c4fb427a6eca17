"""The command line: `check`, `up`, `images`, `down`."""

import argparse
import sys

from tools.docker_engine import connection, daemon, stand_ins
from tools.docker_engine.failure import NoEngineError


def main() -> int:
    """Run one command. Standard output is the engine's address, or the one line that says why there is none."""
    parser = argparse.ArgumentParser(prog="python -m tools.docker_engine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_ in (
        ("check", "say where an engine answers"),
        ("up", "start one where none answers, and make the base images"),
        ("images", "make the base images in the engine that answers"),
        ("down", "stop the engine that `up` started"),
    ):
        commands.add_parser(name, help=help_)
    try:
        _run(parser.parse_args().command)
    except NoEngineError as error:
        print(error)
        return 1
    return 0


def _run(command: str) -> None:
    match command:
        case "check":
            with connection.connected():
                print(connection.address())
        case "up":
            there = connection.why_none() is None
            address = daemon.start()
            try:
                _provide(address)
            except NoEngineError:
                if not there:
                    daemon.stop()
                raise
            print(address)
        case "images":
            _provide(connection.address())
            print(connection.address())
        case "down":
            print("stopped" if daemon.stop() else "no engine of ours runs")


def _provide(address: str) -> None:
    with connection.connected(address) as client:
        for reference in stand_ins.provide(client, _say):
            _say(f"{reference} is there")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
