"""The embedded object store: closed but for S3, and keeping what it acknowledged."""

import os
import socket
import ssl
import stat
import subprocess
import tempfile
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from infra.embedded.account import Account
from infra.embedded.object_store import ObjectStore, ObjectStoreError, weed_program
from infra.embedded.ports import PortTakenError
from tests.backup.s3_server import BUCKET, S3Server, client_of


def running(server: S3Server) -> psutil.Process:
    pid = server.store.alive()
    assert pid is not None
    return psutil.Process(pid)


def status_of(port: int, path: str, method: str = "GET") -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 (a literal http URL)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_every_port_is_on_loopback(s3_server: S3Server) -> None:
    listening = [c.laddr for c in running(s3_server).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert len(listening) == 8
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_the_other_servers_give_and_take_nothing_unsigned(s3_server: S3Server) -> None:
    command = running(s3_server).cmdline()
    ports = {
        name: int(argument.partition("=")[2])
        for name in ("filer", "volume")
        for argument in command
        if argument.startswith(f"-{name}.port=")
    }
    s3_server.client.put_object(Bucket=BUCKET, Key="locked/one", Body=b"x")
    assert status_of(ports["filer"], f"/buckets/{BUCKET}/locked/one") == 404
    assert status_of(ports["filer"], f"/buckets/{BUCKET}/locked/one", "DELETE") == 404
    assert status_of(ports["volume"], "/1,01000000aa", "DELETE") == 401
    assert s3_server.client.get_object(Bucket=BUCKET, Key="locked/one")["Body"].read() == b"x"


def talk_without_certificate(port: int) -> None:
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw, anybody.wrap_socket(raw) as sealed:
        sealed.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        sealed.recv(1)


def test_another_user_of_this_machine_can_do_nothing_by_any_port(s3_server: S3Server, account: Account) -> None:
    """Over HTTP the master deletes whole buckets for whoever asks, over gRPC `weed shell` deletes anything."""
    ports = s3_server.store.ports()
    key = "locked/two"
    s3_server.client.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    for name in ("master", "volume", "filer", "s3"):
        for method in ("POST", "DELETE", "GET"):
            for path in (f"/col/delete?collection={BUCKET}", f"/buckets/{BUCKET}/{key}", "/dir/assign", "/vol/vacuum"):
                assert status_of(getattr(ports, name), path, method) in {400, 401, 403, 404, 405}, (name, method, path)
    deleting = f"collection.delete -collection={BUCKET} -force\nfs.rm -rf /buckets/{BUCKET}\ns3.configure\n"
    for name in ("master", "volume", "filer", "s3"):
        grpc = getattr(ports, f"{name}_grpc")
        command = [str(weed_program()), "shell", f"-master=127.0.0.1:{getattr(ports, name)}.{grpc}"]
        options: dict[str, Any] = {**account.process_options(), "cwd": "/", "capture_output": True}
        with pytest.raises(subprocess.TimeoutExpired):  # it tries for ever to be let in
            subprocess.run(command, input=deleting, text=True, timeout=4, check=True, **options)
        with pytest.raises(ssl.SSLError):
            talk_without_certificate(grpc)
    for name in ("grpc.key", "s3.json", "filer.sock"):
        reading = ["test", "-w" if name.endswith("sock") else "-r", str(s3_server.store.folder / name)]
        done = subprocess.run(reading, cwd="/", check=False, **account.process_options())
        assert done.returncode == 1 or account.uid == os.getuid()
    for sock in Path("/tmp").glob("seaweedfs-*-grpc-*.sock"):  # noqa: S108 (SeaweedFS' own place)
        assert not sock.stat().st_mode & (stat.S_IWOTH | stat.S_IWGRP)
    assert s3_server.client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"x"


@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_wrong_keys_are_refused(s3_server: S3Server, wrong: str) -> None:
    stranger = replace(s3_server.identity, **{wrong: "WRONG"})  # type: ignore[arg-type]
    with pytest.raises(ClientError, match=r"InvalidAccessKeyId|SignatureDoesNotMatch"):
        client_of(s3_server.endpoint, stranger).list_objects_v2(Bucket=BUCKET)


def test_its_keys_are_in_files_of_its_owner_alone(s3_server: S3Server) -> None:
    for name in ("s3.json", "security.toml", "grpc.crt", "grpc.key"):
        assert stat.S_IMODE((s3_server.store.folder / name).stat().st_mode) == 0o600
    assert s3_server.identity.secret_key not in " ".join(running(s3_server).cmdline())


def test_what_it_acknowledged_survives_kill_and_other_ports() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = ObjectStore(Path(folder) / "store")
        identity = store.init()
        assert store.init() == identity
        try:
            for number in range(2):
                ports = store.start()
                s3 = client_of(f"http://127.0.0.1:{ports.s3}", identity)
                if number == 0:
                    s3.create_bucket(Bucket="kept")
                    s3.put_object(Bucket="kept", Key="key", Body=b"value")
                assert s3.get_object(Bucket="kept", Key="key")["Body"].read() == b"value"
                store.stop(grace=0)
                assert store.alive() is None
        finally:
            store.remove()
        assert not store.folder.exists()


def test_a_taken_port_and_a_failed_start_are_told(s3_server: S3Server, tmp_path: Path) -> None:
    taken = int(s3_server.endpoint.rpartition(":")[2])
    store = ObjectStore(tmp_path / "store")
    store.init()
    with pytest.raises(PortTakenError, match=f"port {taken} on 127.0.0.1 is taken"):
        store.start(taken)
    os.truncate(store.folder / "s3.json", 0)
    with pytest.raises(ObjectStoreError, match="did not come up"):
        store.start(timeout=20)
    assert store.alive() is None
