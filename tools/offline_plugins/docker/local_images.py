"""Images as the engine has them, pulled where it has not."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infra.plugin import UserError
from tools.offline_plugins.docker.engine import found

if TYPE_CHECKING:
    from docker import APIClient

PULL_SECONDS = 1800
"""How long the engine may be silent while it pulls an image."""


def image_for(client: "APIClient", name: str, platform: str | None = None) -> Mapping[str, Any]:
    """Return the image of this name or id; pull it when the engine does not have it.

    Raises:
        UserError: it is neither here nor to be had.
    """
    image = found(client.inspect_image, name)
    if image is None:
        _pull(client, name, platform)
        image = found(client.inspect_image, name)
    if image is None:
        raise UserError(f"image {name} was pulled and is not there")
    return image


def repo_digest(image: Mapping[str, Any], name: str) -> str:
    """Return the registry's digest of the image under `name`, empty for one that never saw a registry."""
    repository = name.split("@", maxsplit=1)[0]
    if ":" in repository.rsplit("/", 1)[-1]:
        repository = repository.rsplit(":", 1)[0]
    for digest in image.get("RepoDigests") or ():
        if digest.split("@")[0] in (repository, f"docker.io/{repository}", f"docker.io/library/{repository}"):
            return str(digest)
    return ""


def _pull(client: "APIClient", name: str, platform: str | None) -> None:
    from docker.errors import APIError  # noqa: PLC0415
    from docker.utils import parse_repository_tag  # noqa: PLC0415

    if name.startswith("sha256:"):
        raise UserError(f"the engine has no image {name}, and an id can not be pulled")
    repository, tag = parse_repository_tag(name)
    try:
        for event in client.pull(repository, tag=tag or "latest", platform=platform, stream=True, decode=True):
            if "error" in event:
                raise _neither(name, str(event["error"]))
    except APIError as error:
        raise _neither(name, str(error.explanation or error)) from None


def _neither(name: str, reason: str) -> UserError:
    said = reason.strip().splitlines()[0] if reason.strip() else "no reason given"
    return UserError(
        f"image {name} is neither in the engine nor can it be pulled ({said}); "
        "check the name, or make the image under it (`docker build`, `docker load`)"
    )
