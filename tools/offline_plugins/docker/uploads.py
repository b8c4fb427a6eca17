"""Files written into a container before it starts: how a secret reaches it without its environment."""

import base64
import binascii
import io
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from infra.plugin import UserError
from tools.offline_plugins.docker.container_inputs import Upload

if TYPE_CHECKING:
    from docker import APIClient


def upload(client: "APIClient", container_id: str, files: list[Upload]) -> None:
    """Write the files, with mode and owner.

    Raises:
        UserError: a source can not be read, or a content is not base64.
    """
    for file in files:
        content = _content(file)
        member = tarfile.TarInfo(file.file.lstrip("/"))
        member.size = len(content)
        member.mode = int(file.permissions, 8) if file.permissions else 0o744 if file.executable else 0o644
        member.uid, member.gid = int(file.owner or 0), int(file.group or 0)
        member.mtime = int(time.time())
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.addfile(member, io.BytesIO(content))
        client.put_archive(container_id, "/", archive.getvalue())


def _content(file: Upload) -> bytes:
    if file.content is not None:
        return file.content.encode()
    if file.content_base64 is not None:
        try:
            return base64.b64decode(file.content_base64, validate=True)
        except binascii.Error:
            raise UserError(f"the content of {file.file} is not base64") from None
    try:
        return Path(file.source or "").read_bytes()
    except OSError as error:
        raise UserError(f"{file.file} can not be uploaded from {file.source}: {error.strerror}") from None
