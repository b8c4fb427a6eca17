"""Images of the containers, and what they may use."""

from pydantic import Field, ValidationInfo, field_validator

from infra.configuration import Keys, only_for
from infra.targets.docker.postgres_image import describe

DOCKER_KEYS = ("postgres_image", "postgres_major", "object_store_image", "backup_base_image", "limits")


class Limits(Keys):
    """What one container may use."""

    memory: int = Field(ge=64, description="megabytes; beyond them the kernel ends its largest process")
    cpus: float = Field(default=1.0, gt=0, description="how many processors' time, e.g. 0.5")


class AllLimits(Keys):
    """What the containers of the target `docker` may use."""

    postgres: Limits = Limits(memory=1024)
    object_store: Limits = Limits(memory=512)
    backup: Limits = Limits(memory=512)
    prune: Limits = Limits(memory=256)


class DockerKeys(Keys):
    """Keys of the target `docker` alone."""

    postgres_image: str = Field("pgvector/pgvector:pg17", min_length=1, description="image PostgreSQL runs out of")
    postgres_major: int | None = Field(
        None, ge=15, le=99, validate_default=True, description="its major version of PostgreSQL; unset: the tag tells"
    )
    object_store_image: str = Field("chrislusf/seaweedfs:4.48", min_length=1, description="image of SeaweedFS")
    backup_base_image: str = Field(
        "debian:trixie-slim", min_length=1, description="image the backup job's is built on: Debian trixie or newer"
    )
    limits: AllLimits = Field(
        AllLimits(), description="memory and cpus of the containers postgres, objectStore, backup, prune"
    )

    @field_validator(*DOCKER_KEYS)
    @classmethod
    def _only_for_docker(cls, value: object, info: ValidationInfo) -> object:
        if value is not None:
            only_for(("docker",), "containers", info)
        return value

    @field_validator("postgres_major")
    @classmethod
    def _major_is_known(cls, major: int | None, info: ValidationInfo) -> int | None:
        if image := info.data.get("postgres_image"):
            describe(image, major)
        return major
