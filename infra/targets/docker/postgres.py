"""PostgreSQL as a container, reached through a port on 127.0.0.1."""

from collections.abc import Sequence
from dataclasses import replace

import pulumi
import pulumi_docker as docker

from infra.endpoint import ClientPrograms, Endpoint, Postgres
from infra.resources import Password, Port
from infra.settings import Settings
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
from infra.targets.docker.naming import POSTGRES, POSTGRES_PORT
from infra.targets.docker.postgres_image import PostgresImage
from infra.targets.docker.reach import require_local_engine

PASSWORD_FILE = "superuser.password"  # noqa: S105
STOP_SECONDS = 60
START_SECONDS = 300
"""How long a start may take, recovery after a crash included."""

# The file is the truth, also for a data volume that an earlier container made with another password. An image that
# begins as root has what its own entrypoint steps down with. The settings are the server's: with slots of logical
# replication it starts with no less. The statement reads the file: what statements say is kept in logs and statistics.
START = f"""
if [ "$(id -u)" = 0 ]; then stepping_down="$(command -v gosu || command -v su-exec) postgres"; fi
if [ -s "$PGDATA/PG_VERSION" ]; then
    $stepping_down postgres --single "${{@:2}}" -c log_error_verbosity=terse postgres >/dev/null <<'SQL'
DO $do$BEGIN EXECUTE format('ALTER ROLE CURRENT_USER PASSWORD %L', pg_read_file('{FILES}/{PASSWORD_FILE}')); END$do$
SQL
fi
exec docker-entrypoint.sh "$@"
"""

STEPPING_DOWN = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETGID", "CAP_SETUID"]
"""What an entrypoint needs that begins as root, makes the data directory its user's, and becomes that user."""


def postgres(parent: pulumi.Resource, settings: Settings) -> Postgres:
    """Run PostgreSQL out of the configured image; its client programs are in the backup job's image."""
    require_local_engine()
    known = settings.image
    child = pulumi.ResourceOptions(parent=parent)
    image = local_image(parent, POSTGRES, settings.postgres_image).image_id
    own_network = network(parent, POSTGRES, settings)
    data = named_volume(parent, POSTGRES, settings, after=[own_network])
    password = Password("superuser-password", rotation=settings.password_rotation, opts=child).value
    contents = {PASSWORD_FILE: password}
    files, labels, carrier = private_files(parent, POSTGRES, image, contents, settings, after=[own_network])
    port: pulumi.Input[int] = settings.postgres_port or Port("postgres-port", opts=child).port

    container = _container(known, image, settings)
    container.labels = labels
    container.volumes = [
        files,
        docker.ContainerVolumeArgs(volume_name=data.name, container_path=known.data),
        *_state(parent, known, settings, after=[own_network]),
    ]
    container.networks_advanced = [docker.ContainerNetworksAdvancedArgs(name=own_network.name, aliases=[POSTGRES])]
    container.ports = [docker.ContainerPortArgs(internal=POSTGRES_PORT, external=port, ip=LOOPBACK)]
    server = run(parent, POSTGRES, container, settings, settings.limits.postgres, after=[carrier])

    superuser = Endpoint(
        host=LOOPBACK,
        port=port,
        user=known.superuser,
        password=password,
        database="postgres",
        goes_with=data,
        ready=server,
        roles=known.roles,
    )
    endpoint = replace(superuser, superuser_url=superuser.url)
    return Postgres(endpoint, ClientPrograms(folder=f"/usr/lib/postgresql/{known.major}/bin", library_path=""))


def _container(known: PostgresImage, image: pulumi.Input[str], settings: Settings) -> docker.ContainerArgs:
    """Return how the image is started, as far as no other resource decides it."""
    environment = {
        "POSTGRES_USER": known.superuser,
        "POSTGRES_DB": "postgres",
        "POSTGRES_PASSWORD_FILE": f"{FILES}/{PASSWORD_FILE}",
    }
    if known.initdb_arguments:
        environment["POSTGRES_INITDB_ARGS"] = known.initdb_arguments
    ready = ["CMD", "pg_isready", "--quiet", "--host=127.0.0.1", f"--username={known.superuser}"]
    container = docker.ContainerArgs(
        image=image,
        entrypoints=["bash", "-c", START, "start"],
        command=["postgres", *known.arguments, *_parameters(settings)],
        envs=[f"{name}={value}" for name, value in environment.items()],
        tmpfs={"/tmp": "mode=1777", "/run/postgresql": "mode=1777"},  # noqa: S108
        shm_size=max(64, settings.limits.postgres.memory // 4),
        healthcheck=health(ready, interval=3, patience=START_SECONDS),
        wait_timeout=START_SECONDS,
        destroy_grace_seconds=STOP_SECONDS,
    )
    if known.user:
        container.user = known.user
        container.read_only = True
    else:
        container.capabilities = docker.ContainerCapabilitiesArgs(drops=["ALL"], adds=STEPPING_DOWN)
    return container


def _state(
    parent: pulumi.Resource, known: PostgresImage, settings: Settings, after: Sequence[pulumi.Resource]
) -> list[docker.ContainerVolumeArgs]:
    return [
        docker.ContainerVolumeArgs(
            volume_name=named_volume(parent, name, settings, after=after).name, container_path=path
        )
        for name, path in known.state
    ]


def _parameters(settings: Settings) -> list[str]:
    given = {"timezone": "UTC", "log_timezone": "UTC", **settings.postgres_settings}
    return [part for name, value in sorted(given.items()) for part in ("-c", f"{name}={value}")]
