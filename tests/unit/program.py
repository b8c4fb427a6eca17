"""The program, run against a monitor that writes down what is registered instead of making it.

Each run is a process of its own, as it is under the engine: the SDK keeps its state, and leaves its event loops, in the
process that it was imported into.
"""

import asyncio
import json
import os
import pickle
import runpy
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import mocks, set_all_config
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import wait_for_rpcs

from infra.plugin.values import Secret, decode, encode
from infra.settings import PROJECT_FOLDER

PROJECT = "agent-ecosystem"
KEY_KINDS = ("AccessKey", "SecretKey")
OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    "pgstack:local:Service": {
        "port": 15432,
        "credentials": Secret(
            {
                "user": "postgres",
                "password": "pw",
                "accessKey": "AK",
                "secretKey": "SK",
                **{f"{name}{kind}": f"{name}-{kind[0]}K" for name in ("backup", "prune") for kind in KEY_KINDS},
            }
        ),
        "details": {"programs": "/pg/bin", "libraries": "/pg/lib"},
    },
    "pgstack:random:Password": {"value": Secret("generated")},
    "pgstack:postgres:Preflight": {"role": "postgres", "serverVersion": 180001},
    "pgstack:postgres:Preparation": {"made": ["role agent"]},
    "pgstack:postgres:Schema": {"fingerprint": "f1"},
    "pgstack:postgres:Seed": {"rows": {}},
    "pgstack:postgres:Verification": {"report": ["fine"]},
    "pgstack:local:Port": {"port": 15433},
    "pgstack:tls:Seal": {"certificate": "certificate", "key": Secret("key"), "authority": "authority"},
    "docker:index/remoteImage:RemoteImage": {"imageId": "sha256:0123"},
}
"""What a provider adds to the inputs; secret is what pgstack's handlers say is secret."""


@dataclass(frozen=True)
class Registration:
    """One resource as the engine is told of it; others are named `Type name`, e.g. `Role agent`."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    """Secret ones are `Secret`."""
    dependencies: frozenset[str]
    parent: str | None
    provider: str | None
    deleted_with: str | None
    protect: bool
    retain: bool


@dataclass(frozen=True)
class Graph:
    """All of a program's resources by `Type name`, and its outputs."""

    resources: Mapping[str, Registration]
    outputs: Mapping[str, Any]

    def __getitem__(self, name: str) -> Registration:
        return self.resources[name]

    def comes_after(self, name: str) -> frozenset[str]:
        """Return all that has to be there before `name` can be made."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            resource = self.resources[waiting.pop()]
            around = {other for other in (resource.parent, resource.provider) if other}
            new = (resource.dependencies | around) - found
            found |= new
            waiting += [one for one in new if one in self.resources]
        return frozenset(found)


class _Monitor(mocks.MockMonitor):
    """Keeps each request whole."""

    def __init__(self) -> None:
        super().__init__(_Provider())
        self.requests: list[Any] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's own name
        self.requests.append(request)
        response: Any = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            known = decode(request.object)
            if request.type == "pgstack:postgres:Maintenance":  # on a server that has no pg_cron unless it is demanded
                known["by"] = "pg_cron" if known["wanted"] == "pg_cron" else "service"
            response.object.CopyFrom(encode({**known, **OUTPUTS.get(request.type, {})}))
        return response


class _Provider(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id" if args.custom else None, {}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program calls no function, but {args.token}")


class Refused(Exception):  # noqa: N818 - named for what was found
    """The program stopped with this message."""


def run(stack: str = "dev", *, preview: bool = False, environment: str = "", **config: object) -> Graph:
    """Run __main__.py as stack `stack` with these configuration keys.

    Raises:
        Refused: the program refuses to go on.
    """
    if environment:
        config["environment"] = environment
    command = [sys.executable, "-m", "tests.unit.program", stack, json.dumps(preview), json.dumps(config)]
    done = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()
    answer = pickle.loads(done.stdout)  # noqa: S301 - our own process's
    if isinstance(answer, str):
        raise Refused(answer)
    assert isinstance(answer, Graph)
    return answer


def main(stack: str, preview: str, config: str) -> None:
    """Run the program in this process and write its graph, or its refusal, to standard output."""
    try:
        answer: Graph | str = asyncio.run(_run(stack, json.loads(preview), json.loads(config)))
    except pulumi.RunError as error:
        answer = str(error)
    sys.stdout.buffer.write(pickle.dumps(answer))
    sys.stdout.flush()
    os._exit(0)  # at once: the SDK's threads hold an ordinary exit up


async def _run(stack: str, preview: bool, config: Mapping[str, object]) -> Graph:
    monitor = _Monitor()
    mocks.set_mocks(monitor.mocks, project=PROJECT, stack=stack, preview=preview, monitor=monitor)
    set_all_config(
        {f"{PROJECT}:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    )
    runpy.run_path(str(PROJECT_FOLDER / "__main__.py"))
    await wait_for_rpcs()
    root: Any = get_root_resource()
    outputs = {name: await _resolved(value) for name, value in root.outputs.items()}
    found = [_registration(request) for request in monitor.requests if request.type != "pulumi:pulumi:Stack"]
    names = [_short(resource.type, resource.name) for resource in found]
    assert len(names) == len(set(names))
    return Graph(dict(zip(names, found, strict=True)), outputs)


async def _resolved(value: object) -> object:
    output = pulumi.Output.from_input(value)
    resolved = await output.future()
    return Secret(resolved) if await output.is_secret() else resolved


def _registration(request: Any) -> Registration:
    return Registration(
        type=request.type,
        name=request.name,
        inputs=decode(request.object),
        dependencies=frozenset(_of_urn(urn) for urn in request.dependencies),
        parent=None if "pulumi:pulumi:Stack::" in request.parent else _of_urn(request.parent),
        provider=_of_urn(request.provider.rpartition("::")[0]) if request.provider else None,
        deleted_with=_of_urn(request.deletedWith) if request.deletedWith else None,
        protect=request.protect,
        retain=request.retainOnDelete,
    )


def _of_urn(urn: str) -> str:
    _, _, types, name = urn.split("::", 3)
    return _short(types.rpartition("$")[2], name)


def _short(type_name: str, name: str) -> str:
    return f"{type_name.rpartition(':')[2]} {name}"


if __name__ == "__main__":
    from tests.unit import program  # what is pickled must be importable by this name

    program.main(*sys.argv[1:])
