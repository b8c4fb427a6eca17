"""SeaweedFS as a container: S3 on 127.0.0.1 and for the backup job, everything else inside the container alone."""

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from infra import store_identities, store_policies
from infra.endpoint import Keys, ObjectStore
from infra.resources import Password, Port, Seal
from infra.settings import Settings
from infra.store_identities import ADMINISTRATOR, Identity
from infra.targets.docker.container import (
    FILES,
    LOOPBACK,
    health,
    local_image,
    named_volume,
    network,
    private_files,
    run,
)
from infra.targets.docker.naming import OBJECT_STORE, OBJECT_STORE_PORT

REGION = "us-east-1"
SECRETS = {
    ADMINISTRATOR: "object-store-key",
    store_policies.JOB: "object-store-backup-key",
    store_policies.PRUNER: "object-store-prune-key",
}
"""The resource that holds each identity's secret key."""
USER = "seaweed"
CONFIGURATION = "s3.json"
START_SECONDS = 120
STOP_SECONDS = 20

COMMAND = (
    "-logtostderr=true",
    "server",
    "-dir=/data",
    # Master, volume server and filer trust whoever reaches them: nobody does, on this container's own loopback.
    f"-ip={LOOPBACK}",
    f"-ip.bind={LOOPBACK}",
    "-filer",
    "-filer.disableHttp",
    "-filer.localSocket=/tmp/filer.sock",
    "-s3",
    "-s3.ip.bind=0.0.0.0",
    f"-s3.port={OBJECT_STORE_PORT}",
    f"-s3.config={FILES}/{CONFIGURATION}",
    "-s3.localSocket=/tmp/s3.sock",
    "-s3.iam=false",
    "-s3.autoCreateBucket=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-volume.max=0",
    "-volume.minFreeSpace=200MiB",
    "-volume.preStopSeconds=0",
    "-master.volumeSizeLimitMB=1024",
    "-master.telemetry=false",
    "-master.electionTimeout=1s",
    "-master.heartbeatInterval=100ms",
)

SECURITY = f"""
[grpc]
ca = "{FILES}/seal-authority.crt"

[grpc.s3]
cert = "{FILES}/seal.crt"
key = "{FILES}/seal.key"
"""
"""S3's second port, for gRPC, is bound where S3 is and hands out keys to whoever asks: it gets a seal."""

READY = (
    f"wget -q -O /dev/null http://{LOOPBACK}:{OBJECT_STORE_PORT}/healthz"
    f" && wget -q -O - http://{LOOPBACK}:9333/dir/status | grep -q DataCenters"
)
"""S3 answers, and the volume server has joined: before that, reads of old objects fail."""


def object_store(parent: pulumi.Resource, settings: Settings) -> ObjectStore:
    """Run SeaweedFS out of the configured image."""
    child = pulumi.ResourceOptions(parent=parent)
    image = local_image(parent, OBJECT_STORE, settings.object_store_image).image_id
    own_network = network(parent, OBJECT_STORE, settings)
    data = named_volume(parent, OBJECT_STORE, settings, after=[own_network], keep=settings.keep_backups_on_destroy)
    secrets = {
        name: Password(resource, rotation=settings.password_rotation, opts=child).value
        for name, resource in SECRETS.items()
    }
    contents = _files(secrets, settings.bucket_name, Seal("object-store-seal", opts=child))
    files, labels, carrier = private_files(parent, OBJECT_STORE, image, contents, settings, after=[own_network])
    port: pulumi.Input[int] = settings.object_store_port or Port("object-store-port", opts=child).port
    container = docker.ContainerArgs(
        image=image,
        entrypoints=["/usr/bin/weed"],
        command=list(COMMAND),
        envs=["WEED_MASTER_VOLUME_GROWTH_COPY_1=1"],
        user=USER,
        working_dir=FILES,  # where it looks for security.toml
        read_only=True,
        labels=labels,
        volumes=[files, docker.ContainerVolumeArgs(volume_name=data.name, container_path="/data")],
        tmpfs={"/tmp": "mode=1777"},  # noqa: S108
        networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=own_network.name, aliases=[OBJECT_STORE])],
        ports=[docker.ContainerPortArgs(internal=OBJECT_STORE_PORT, external=port, ip=LOOPBACK)],
        healthcheck=health(["CMD-SHELL", READY], interval=3, patience=START_SECONDS),
        wait_timeout=START_SECONDS,
        destroy_grace_seconds=STOP_SECONDS,
    )
    server = run(parent, OBJECT_STORE, container, settings, settings.limits.object_store, after=[carrier])
    return ObjectStore(
        endpoint=pulumi.Output.from_input(port).apply(lambda number: f"http://{LOOPBACK}:{int(number)}"),
        region=REGION,
        administrator=Keys(ADMINISTRATOR, secrets[ADMINISTRATOR]),
        job=_keys(store_policies.JOB, secrets),
        pruner=_keys(store_policies.PRUNER, secrets),
        goes_with=data,
        ready=server,
    )


def _keys(identity: str, secrets: Mapping[str, pulumi.Output[str]]) -> Keys:
    return Keys(identity, secrets[identity], store_policies.seaweedfs_principal(identity))


def _files(secrets: Mapping[str, pulumi.Output[str]], bucket: str, seal: Seal) -> dict[str, pulumi.Input[str]]:
    return {
        CONFIGURATION: pulumi.Output.all(**secrets).apply(lambda known: _identities(known, bucket)),
        "security.toml": SECURITY,
        "seal.crt": seal.certificate,
        "seal.key": seal.key,
        "seal-authority.crt": seal.authority,
    }


def _identities(secrets: Mapping[str, str], bucket: str) -> str:
    """Return the store's file of identities; the access key of each is its name."""
    policies = store_policies.identities(bucket)
    return store_identities.written(
        Identity(name, name, secret, policies.get(name)) for name, secret in secrets.items()
    )
