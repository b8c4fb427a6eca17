"""One container as this stack runs all of them: no privileges, a read-only root, limits, secrets as files."""

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256

import pulumi
import pulumi_docker as docker

from infra.configuration.docker import Limits
from infra.settings import PROJECT_FOLDER, Settings
from infra.targets.docker.naming import STATE_LABEL, engine_name, state_place

FILES = "/run/agent-ecosystem"
"""Where a container finds its private files."""

LOOPBACK = "127.0.0.1"
LOG_DRIVER = "json-file"
LOG_OPTIONS = {"max-size": "10m", "max-file": "3"}
STACK_LABEL = "agent-ecosystem.stack"
DIGEST_LABEL = "agent-ecosystem.files"
BACKEND = "PULUMI_BACKEND_URL"


def run(
    parent: pulumi.Resource,
    service: str,
    own: docker.ContainerArgs,
    settings: Settings,
    limits: Limits,
    *,
    after: Sequence[pulumi.Resource] = (),
) -> docker.Container:
    """Run a service; it is up once its health check passes.

    Args:
        parent: the component it belongs to.
        service: its name, see naming.py.
        own: what sets it apart from the others; the rest is filled in.
        settings: the stack's.
        limits: what it may use.
        after: what has to stand before it starts.
    """
    own.name = engine_name(settings.stack, service)
    own.network_mode = "bridge"  # unset, it would differ from what the engine answers in every preview
    own.restart = "unless-stopped"
    own.security_opts = ["no-new-privileges:true"]
    if own.capabilities is None:
        own.capabilities = docker.ContainerCapabilitiesArgs(drops=["ALL"])
    own.memory = limits.memory
    own.memory_swap = limits.memory  # none: a server that swaps is slower than one that is started again
    own.cpus = str(limits.cpus)
    own.log_driver = LOG_DRIVER
    own.log_opts = LOG_OPTIONS
    own.wait = True
    return docker.Container(service, own, _in_place(parent, after))


def private_files(
    parent: pulumi.Resource,
    service: str,
    image: pulumi.Input[str],
    contents: Mapping[str, pulumi.Input[str]],
    settings: Settings,
    *,
    after: Sequence[pulumi.Resource],
) -> tuple[docker.ContainerVolumeArgs, list[docker.ContainerLabelArgs], docker.Container]:
    """Put files where `service` alone reads them: in a volume, filled by a container that is never started.

    An upload goes into a container's root, and the service's own is read-only.

    Args:
        parent: the component they belong to.
        service: whose files they are.
        image: any image that is in the engine.
        contents: the files, by name.
        settings: the stack's.
        after: what has to stand before.

    Returns:
        The mount for the service's container; its labels, which make it anew when a file changes; what it waits for.
    """
    volume = named_volume(parent, f"{service}-files", settings, after=after)
    carrier = docker.Container(
        f"{service}-files",
        docker.ContainerArgs(
            name=engine_name(settings.stack, f"{service}-files"),
            image=image,
            command=["true"],
            start=False,
            must_run=False,
            labels=[_label(settings), docker.ContainerLabelArgs(label=STATE_LABEL, value=_state_place())],
            network_mode="none",
            log_driver=LOG_DRIVER,
            volumes=[docker.ContainerVolumeArgs(volume_name=volume.name, container_path=FILES)],
            uploads=[
                # Readable by everybody in the container, where only the service is; nobody outside but root gets there.
                docker.ContainerUploadArgs(
                    file=f"{FILES}/{name}", content=pulumi.Output.secret(content), permissions="0444"
                )
                for name, content in contents.items()
            ],
        ),
        _in_place(parent),
    )
    mount = docker.ContainerVolumeArgs(volume_name=volume.name, container_path=FILES, read_only=True)
    labels = [_label(settings), docker.ContainerLabelArgs(label=DIGEST_LABEL, value=_digest(contents))]
    return mount, labels, carrier


def local_image(parent: pulumi.Resource, service: str, reference: str) -> docker.RemoteImage:
    """Have an image in the engine, pulled unless it is there; it stays when the stack goes: others may use it."""
    return docker.RemoteImage(service, name=reference, keep_locally=True, opts=pulumi.ResourceOptions(parent=parent))


def network(parent: pulumi.Resource, service: str, settings: Settings) -> docker.Network:
    """Make the network on which `service` is found under its name."""
    return docker.Network(
        service,
        name=engine_name(settings.stack, service),
        driver="bridge",
        labels=[docker.NetworkLabelArgs(label=STACK_LABEL, value=settings.stack)],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def named_volume(
    parent: pulumi.Resource,
    name: str,
    settings: Settings,
    *,
    after: Sequence[pulumi.Resource],
    keep: bool = False,
) -> docker.Volume:
    """Make a volume, or take over the stack's own that is there already; `keep`: it outlives the stack.

    A network of that name that is there already is refused: so volumes come `after` it, and a checkout that shares the
    engine with another, and the name of its stack, takes nothing over.
    """
    return docker.Volume(
        name,
        name=engine_name(settings.stack, name),
        labels=[docker.VolumeLabelArgs(label=STACK_LABEL, value=settings.stack)],
        # Another label would replace the volume, and with it the data.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after, retain_on_delete=keep, ignore_changes=["labels"]),
    )


def health(command: Sequence[str], *, interval: int, patience: int) -> docker.ContainerHealthcheckArgs:
    """Return a health check: `command` every `interval` seconds; failures count after `patience` seconds."""
    return docker.ContainerHealthcheckArgs(
        tests=list(command),
        interval=f"{interval}s",
        timeout=f"{min(interval * 10, 50)}s",
        retries=5,
        start_period=_go_duration(patience),
    )


def _in_place(parent: pulumi.Resource, after: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
    # Names, ports and data are taken while the old one stands.
    return pulumi.ResourceOptions(parent=parent, depends_on=after, delete_before_replace=True)


def _label(settings: Settings) -> docker.ContainerLabelArgs:
    return docker.ContainerLabelArgs(label=STACK_LABEL, value=settings.stack)


def _state_place() -> str:
    """Return where the state lies; a backend that nothing but `pulumi login` names stands for this checkout's."""
    return state_place(os.environ.get(BACKEND) or PROJECT_FOLDER.as_uri())


def _digest(contents: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """Return a hash of the files: it tells nothing of the random secrets in them, so it may be seen."""
    texts = pulumi.Output.all(*contents.values())
    digest = texts.apply(lambda all_: sha256("\0".join(map(str, all_)).encode()).hexdigest()[:16])
    return pulumi.Output.unsecret(digest)


def _go_duration(seconds: int) -> str:
    """Return a duration as the engine's client words it: another wording of the same would be a difference.

    >>> _go_duration(50), _go_duration(60), _go_duration(600)
    ('50s', '1m0s', '10m0s')
    """
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
