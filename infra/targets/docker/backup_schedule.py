"""The backup job as a container, out of an image that is built from infra/backup_job."""

import platform
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pulumi
import pulumi_docker as docker

from infra.endpoint import BucketAccess, Endpoint
from infra.settings import PROJECT_FOLDER, Settings
from infra.targets.docker.container import FILES, health, private_files, run
from infra.targets.docker.naming import (
    BACKUP,
    OBJECT_STORE,
    OBJECT_STORE_PORT,
    POSTGRES,
    POSTGRES_PORT,
    PRUNE,
    engine_name,
)

CONTEXT = "infra/backup_job"
CONFIGURATION = "job.json"
PRUNER_CONFIGURATION = "prune.json"
FIRST_BACKUP_SECONDS = 600
"""How long an update waits for the first backup; later ones do not hold it up."""
PRUNER_SECONDS = 120
STOP_SECONDS = 30

ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}


def database_inside(reader: Endpoint) -> Endpoint:
    """Return where containers of the stack find the database."""
    return replace(reader, host=POSTGRES, port=POSTGRES_PORT)


def bucket_inside(bucket: BucketAccess) -> BucketAccess:
    """Return where containers of the stack find the bucket."""
    return replace(bucket, endpoint=f"http://{OBJECT_STORE}:{OBJECT_STORE_PORT}")


def backup_schedule(
    parent: pulumi.Resource,
    configuration: pulumi.Output[str],
    settings: Settings,
    *,
    after: Sequence[pulumi.Resource],
) -> tuple[docker.Container, docker.RemoteImage]:
    """Run the job's schedule; it is healthy, and the update done, once a good backup lies in the bucket.

    Returns:
        Its container, and the image that others of the job run out of.
    """
    image = _image(parent, settings)
    contents = {CONFIGURATION: configuration}
    command = docker.ContainerArgs(
        image=image.image_id,
        command=["schedule"],
        healthcheck=health(["CMD", "healthcheck", "status", "--healthy"], interval=5, patience=FIRST_BACKUP_SECONDS),
        wait_timeout=FIRST_BACKUP_SECONDS,
    )
    return _job(parent, BACKUP, command, contents, (POSTGRES, OBJECT_STORE), settings, after=after), image


def prune_schedule(
    parent: pulumi.Resource,
    image: docker.RemoteImage,
    configuration: pulumi.Output[str],
    settings: Settings,
    *,
    after: Sequence[pulumi.Resource],
) -> None:
    """Prune after each backup, in a container of its own that sees the store alone; healthy once it reads the bucket.

    Args:
        parent: the component it belongs to.
        image: the job's.
        configuration: what it reads.
        settings: the stack's.
        after: what has to stand before.
    """
    contents = {PRUNER_CONFIGURATION: configuration}
    command = docker.ContainerArgs(
        image=image.image_id,
        command=["prune-schedule"],
        envs=[f"BACKUP_CONFIG={FILES}/{PRUNER_CONFIGURATION}"],
        healthcheck=health(["CMD", "healthcheck", "prune-schedule", "--check"], interval=5, patience=PRUNER_SECONDS),
        wait_timeout=PRUNER_SECONDS,
    )
    _job(parent, PRUNE, command, contents, (OBJECT_STORE,), settings, after=after)


def _job(
    parent: pulumi.Resource,
    name: str,
    command: docker.ContainerArgs,
    contents: dict[str, pulumi.Output[str]],
    sees: Sequence[str],
    settings: Settings,
    *,
    after: Sequence[pulumi.Resource],
) -> docker.Container:
    """Run one of the job's long-running commands in a container that sees the networks of the services `sees` alone."""
    files, labels, carrier = private_files(parent, name, command.image, contents, settings, after=after)
    command.read_only = True
    command.labels = labels
    command.volumes = [files]
    command.tmpfs = {"/tmp": "mode=1777"}  # noqa: S108
    command.networks_advanced = [
        docker.ContainerNetworksAdvancedArgs(name=engine_name(settings.stack, service)) for service in sees
    ]
    command.destroy_grace_seconds = STOP_SECONDS
    limits = settings.limits.backup if name == BACKUP else settings.limits.prune
    return run(parent, name, command, settings, limits, after=[carrier, *after])


def _image(parent: pulumi.Resource, settings: Settings) -> docker.RemoteImage:
    """Build the job's image under a tag that names its content, and remove it when no container needs it any more.

    Pulumi's Image builds but never removes; RemoteImage removes what it finds under its name.
    """
    arguments = {"BASE": settings.backup_base_image, "POSTGRES_MAJOR": str(settings.image.major)}
    built = docker.Image(
        BACKUP,
        image_name=f"{engine_name(settings.stack, BACKUP)}:{_digest(arguments)}",
        build=docker.DockerBuildArgs(
            context=CONTEXT,
            dockerfile=f"{CONTEXT}/Dockerfile",
            platform=f"linux/{ARCHITECTURES.get(platform.machine(), platform.machine())}",
            args=arguments,
        ),
        build_on_preview=False,
        skip_push=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return docker.RemoteImage(BACKUP, name=built.image_name, opts=pulumi.ResourceOptions(parent=parent))


def _digest(arguments: dict[str, str]) -> str:
    """Return a hash of what the image is built from."""
    digest = sha256(repr(sorted(arguments.items())).encode())
    folder = PROJECT_FOLDER / CONTEXT
    for file in sorted(_sources(folder)):
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _sources(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
