"""A stack of the target docker in a checkout of its own, and what the engine says of it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker
import docker.errors
from docker.models.containers import Container

from infra.targets.docker.naming import engine_name
from tests.e2e.project import Project

SERVICES = ("postgres", "object-store", "backup", "prune")
FILES = "/run/agent-ecosystem"


@dataclass(frozen=True)
class ContainerStack:
    """The stack `name` of `project`, in `engine`; everything of it there begins with `prefix`."""

    project: Project
    name: str
    engine: docker.DockerClient

    @classmethod
    def prepare(cls, project: Project, name: str, engine: docker.DockerClient, **config: str) -> "ContainerStack":
        """Give `project` a stack that is configured as the stack `docker` is, and by `config`."""
        lines = (project.folder / "Pulumi.docker.yaml").read_text().splitlines(keepends=True)
        ours = [line for line in lines if not line.startswith("encryptionsalt")]  # a developer's own stack has one
        (project.folder / f"Pulumi.{name}.yaml").write_text("".join(ours))
        stack = cls(project, name, engine)
        if config:
            project.pulumi("stack", "init", name, "--no-select")
        for key, value in config.items():
            project.pulumi("config", "set", key, value, stack=name)
        return stack

    @property
    def prefix(self) -> str:
        return engine_name(self.name, "")

    def container(self, service: str) -> Container:
        return self.engine.containers.get(self.prefix + service)

    def containers(self) -> list[Container]:
        """Return every container of the engine, others' too, which may go while they are listed."""
        return self.engine.containers.list(all=True, ignore_removed=True)

    def read(self, service: str, file: str) -> str:
        """Return one of a service's private files."""
        return self.run(service, "cat", f"{FILES}/{file}")

    def run(self, service: str, *command: str, expect: int = 0) -> str:
        """Run a command in a container and return what it says."""
        result = self.container(service).exec_run(list(command))
        assert isinstance(result.output, bytes)
        said = result.output.decode()
        assert result.exit_code == expect, f"{command} exited with {result.exit_code}: {said}"
        return said

    def make(self, target: str, *arguments: str, expect: int | None = 0) -> str:
        return self.project.make(target, f"STACK={self.name}", *arguments, expect=expect)

    def pulumi(self, *arguments: str, expect: int = 0) -> str:
        return self.project.pulumi(*arguments, stack=self.name, expect=expect)

    def up(self, expect: int = 0) -> str:
        return self.project.up(stack=self.name, expect=expect)

    def preview(self, *arguments: str, expect: int = 0) -> str:
        return self.project.preview(*arguments, stack=self.name, expect=expect)

    def query(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        return self.project.query(statement, *parameters, stack=self.name)

    def outputs(self) -> dict[str, Any]:
        return self.project.outputs(stack=self.name)

    @contextmanager
    def configured(self, key: str, value: str) -> Iterator[None]:
        """Change a configuration key for the length of a block, and bring the stack back afterwards."""
        self.pulumi("config", "set", "--path", key, value)
        try:
            yield
        finally:
            self.pulumi("config", "rm", key.partition(".")[0])
            self.up()

    def names(self) -> set[str]:
        """Everything of the stack in the engine, images included: what is left when it should be nothing."""
        things = [
            *(container.name for container in self.containers()),
            *(volume.name for volume in self.engine.volumes.list()),
            *(network.name for network in self.engine.networks.list()),
            *(tag for image in self.engine.images.list() for tag in image.tags),
        ]
        return {name for name in things if name and name.startswith(self.prefix)}

    def remove(self) -> None:
        """Take away what is left in the engine, however a test ended."""
        for container in self.containers():
            if str(container.name).startswith(self.prefix):
                container.remove(force=True, v=True)
        for volume in self.engine.volumes.list():
            if str(volume.name).startswith(self.prefix):
                volume.remove(force=True)
        for network in self.engine.networks.list():
            if str(network.name).startswith(self.prefix):
                network.remove()
        for image in self.engine.images.list():
            for tag in image.tags:
                if tag.startswith(self.prefix):
                    self.engine.images.remove(tag, force=True)


def inspected(container: Container) -> dict[str, Any]:
    """What `docker inspect` says now."""
    container.reload()
    attributes: dict[str, Any] = json.loads(json.dumps(container.attrs))
    return attributes


def changed_rows(said: str) -> set[str]:
    """Return what of Docker's a preview or an update changes, by type and name."""
    return {
        f"{kind} {name}"
        for kind, name in re.findall(r"^ *(?:[~+-]{1,2}) +docker:index:(\w+) ([\w-]+) ", said, re.MULTILINE)
    }
