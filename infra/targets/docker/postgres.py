"""PostgreSQL as a container, reached through a port on 127.0.0.1."""

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
from infra.targets.docker.reach import require_local_engine

PASSWORD_FILE = "superuser.password"  # noqa: S105
STOP_SECONDS = 60
START_SECONDS = 300
"""How long a start may take, recovery after a crash included."""

# The file is the truth, also for a data volume that an earlier container made with another password.
START = f"""
if [ -s "$PGDATA/PG_VERSION" ]; then
    printf "ALTER ROLE %s PASSWORD '%s'\\n" "$POSTGRES_USER" "$(cat {FILES}/{PASSWORD_FILE})" |
        postgres --single -D "$PGDATA" postgres >/dev/null
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
    image = local_image(parent, POSTGRES, settings.postgres_image)
    password = Password("superuser-password", rotation=settings.password_rotation, opts=child).value
    port: pulumi.Input[int] = settings.postgres_port or Port("postgres-port", opts=child).port
    data = named_volume(parent, POSTGRES, settings)
    kept = [(data, known.data), *((named_volume(parent, name, settings), path) for name, path in known.state)]
    files, labels, carrier = private_files(parent, POSTGRES, image.image_id, {PASSWORD_FILE: password}, settings)
    container = docker.ContainerArgs(
        image=image.image_id,
        command=["postgres", *known.arguments, *_parameters(settings)],
        envs=[
            f"POSTGRES_USER={known.superuser}",
            "POSTGRES_DB=postgres",
            f"POSTGRES_PASSWORD_FILE={FILES}/{PASSWORD_FILE}",
            *([f"POSTGRES_INITDB_ARGS={known.initdb_arguments}"] if known.initdb_arguments else []),
        ],
        labels=labels,
        volumes=[
            files,
            *(docker.ContainerVolumeArgs(volume_name=volume.name, container_path=path) for volume, path in kept),
        ],
        tmpfs={"/tmp": "mode=1777", "/run/postgresql": "mode=1777"},  # noqa: S108
        shm_size=max(64, settings.limits.postgres.memory // 4),
        networks_advanced=[
            docker.ContainerNetworksAdvancedArgs(name=network(parent, POSTGRES, settings).name, aliases=[POSTGRES])
        ],
        ports=[docker.ContainerPortArgs(internal=POSTGRES_PORT, external=port, ip=LOOPBACK)],
        healthcheck=health(
            ["CMD", "pg_isready", "--quiet", "--host=127.0.0.1", f"--username={known.superuser}"],
            interval=3,
            patience=START_SECONDS,
        ),
        wait_timeout=START_SECONDS,
        destroy_grace_seconds=STOP_SECONDS,
    )
    if known.user:
        container.user = known.user
        container.read_only = True
        container.entrypoints = ["bash", "-c", START, "start"]
    else:
        container.capabilities = docker.ContainerCapabilitiesArgs(drops=["ALL"], adds=STEPPING_DOWN)
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


def _parameters(settings: Settings) -> list[str]:
    given = {"timezone": "UTC", "log_timezone": "UTC", **settings.postgres_settings}
    return [part for name, value in sorted(given.items()) for part in ("-c", f"{name}={value}")]
