"""Backups encrypted for a recipient: what lies in the store, what proves it, who can read it again."""

import io
import json
import random
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pyrage
import pytest
import zstandard
from pyrage import x25519

from infra import store_policies
from infra.backup_job import catalog, encryption
from infra.backup_job.database import Programs
from infra.backup_job.encryption import Seal, Source, decrypted
from infra.backup_job.errors import DamagedError, Stopped, StoreError
from infra.backup_job.report import as_text
from infra.backup_job.restore import Restorer
from infra.backup_job.store import ObjectStore
from infra.backup_job.streams import MIB
from infra.backup_job.verify import verify
from tests.backup.conftest import PROJECT, Job
from tests.backup.held import held_dump, held_restore
from tests.backup.s3_server import BUCKET, S3Server
from tests.backup.test_damage import body_of, flip, restored_databases
from tests.backup.test_round_trip import content
from tests.conftest import Database, Server

FLIPS = 60


@pytest.fixture
def identity() -> x25519.Identity:
    return x25519.Identity.generate()


@pytest.fixture
def encrypting(job: Job, identity: x25519.Identity) -> Job:
    """A job that knows the public key alone."""
    job.set(encryption_recipients=[str(identity.to_public())])
    return job


def key_file(folder: Path, *identities: x25519.Identity, mode: int = 0o600) -> str:
    """Write a file as age-keygen does."""
    path = folder / "key.txt"
    path.write_text("".join(f"# public key: {one.to_public()}\n{one}\n" for one in identities))
    path.chmod(mode)
    return str(path)


def test_what_is_stored_opens_with_the_private_key_alone(
    encrypting: Job, identity: x25519.Identity, filled: Database
) -> None:
    printed = encrypting.good("run").strip()
    assert printed.endswith(".dump.zst.age")
    stamp = encrypting.manifest().stamp
    assert encrypting.objects() == [
        f"data/distributed_data_backup_{stamp}.dump.zst.age",
        "data/latest_data_backup.dump.zst.age",
        f"globals/distributed_globals_backup_{stamp}.json.age",
        "latest.json",
        f"manifests/distributed_backup_{stamp}.json",
        f"schema/distributed_schema_backup_{stamp}.sql.age",
        "schema/latest_schema_backup.sql.age",
    ]
    for key in encrypting.objects():
        body = body_of(encrypting, f"{encrypting.values['prefix']}/{key}")
        assert body.startswith(b"age-encryption.org/v1\n") == key.endswith(".age")
    schema = pyrage.decrypt(body_of(encrypting, encrypting.names.latest_schema + ".age"), [identity]).decode()
    assert "CREATE TABLE public.secretive" in schema
    assert schema.splitlines()[-1] == (
        f"-- End of distributed_schema_backup_{stamp}.sql: without this line the file is not complete."
    )
    dump = pyrage.decrypt(body_of(encrypting, encrypting.manifest().data.key), [identity])
    assert zstandard.ZstdDecompressor().decompressobj().decompress(dump).startswith(b"PGDMP")
    assert filled


def test_the_proof_restores_the_encrypted_object_without_the_private_key(
    encrypting: Job, identity: x25519.Identity, filled: Database
) -> None:
    encrypting.good("run")
    manifest = json.loads(encrypting.good("list", "--json"))[0]
    assert manifest["proof"]["method"] == "restore"
    assert manifest["encryption"]["recipients"] == [str(identity.to_public())]
    assert manifest["encryption"]["proven_with"] == "run"
    assert manifest["encryption"]["run_recipient"].startswith("age1")
    assert filled


def test_a_proof_that_only_reads_reads_the_encrypted_object(encrypting: Job, filled: Database) -> None:
    encrypting.set(proof="read")
    encrypting.good("run")
    manifest = encrypting.manifest()
    assert manifest.proof is not None
    assert manifest.proof.method == "read"
    assert manifest.data.key.endswith(".dump.zst.age")
    assert filled


def test_with_the_private_key_at_hand_the_proof_is_one_of_that_key(
    encrypting: Job, identity: x25519.Identity, filled: Database, tmp_path: Path
) -> None:
    former = x25519.Identity.generate()  # as after a change of keys: it opens older backups
    encrypting.set(encryption_identity_file=key_file(tmp_path, former, identity))
    encrypting.good("run")
    manifest = encrypting.manifest().encryption
    assert manifest is not None
    assert manifest.proven_with == "identity"
    encrypting.set(encryption_identity_file=key_file(tmp_path, former))
    refusal = encrypting.refused("run")
    assert f"the identity at hand is that of {former.to_public()}, backups are encrypted for" in refusal
    assert filled


def test_a_restore_takes_the_key_from_a_file_or_from_the_settings(
    encrypting: Job, identity: x25519.Identity, filled: Database, server: Server, restored: list[str], tmp_path: Path
) -> None:
    encrypting.good("run")
    before = content(filled.admin_url)
    for place in ({"encryption_identity_file": key_file(tmp_path, identity)}, {"encryption_identity": str(identity)}):
        encrypting.set(**{"encryption_identity": None, "encryption_identity_file": None, **place})
        assert "TABLE DATA public secretive" in encrypting.good("restore", "--list")
        assert "is whole: 4 objects" in encrypting.good("verify")
    restored.append(encrypting.good("restore").strip().rpartition("/")[2])
    assert content(server.url(restored[0])) == before


@pytest.mark.parametrize("held", [False, True], ids=["none", "another"])
def test_without_the_key_nothing_is_read_and_the_refusal_says_what_to_do(
    encrypting: Job, identity: x25519.Identity, filled: Database, server: Server, tmp_path: Path, held: bool
) -> None:
    encrypting.good("run")
    other = x25519.Identity.generate()
    if held:
        encrypting.set(encryption_identity_file=key_file(tmp_path, other))
    manifest = encrypting.manifest()
    have = f"the identity at hand is that of {other.to_public()}" if held else "no identity is at hand"
    for arguments, key in (
        (("restore",), manifest.globals.key),
        (("restore", "--list"), manifest.data.key),
        (("verify",), manifest.schema_sql.key),
    ):
        refusal = encrypting.refused(*arguments, code=3)
        assert f"{key} is encrypted for {identity.to_public()}, and {have}" in refusal
        assert "$BACKUP_ENCRYPTION_IDENTITY_FILE" in refusal
        assert str(other) not in refusal
    assert restored_databases(server) == []
    assert "good: last backup" in encrypting.good("status")
    assert filled


def test_backups_of_before_and_after_stay_readable(
    job: Job, identity: x25519.Identity, filled: Database, tmp_path: Path
) -> None:
    job.good("run")
    plain = job.manifest().stamp
    job.set(encryption_recipients=f"{identity.to_public()} {x25519.Identity.generate().to_public()}")
    job.good("run")
    job.set(encryption_identity_file=key_file(tmp_path, identity))
    assert json.loads(job.good("verify", "--all", "--json"))["good"] is True
    assert plain in job.good("list")
    assert filled


def test_prune_takes_away_the_copies_that_are_not_the_latest_any_more(
    job: Job, s3_server: S3Server, identity: x25519.Identity, database: Database
) -> None:
    """They stay as plain as they were, and the job may not delete them."""
    pruner = s3_server.keys(store_policies.PRUNER)
    job.set(prune_access_key=pruner.access_key, prune_secret_key=pruner.secret_key)
    job.good("run")
    job.set(encryption_recipients=[str(identity.to_public())])
    job.good("run")
    copies = {key for key in job.objects() if "latest_" in key}
    assert len(copies) == 4
    job.good("prune")
    left = {key for key in job.objects() if "latest_" in key}
    assert left == {"data/latest_data_backup.dump.zst.age", "schema/latest_schema_backup.sql.age"}
    assert len(json.loads(job.good("list", "--json"))) == 2
    assert database


def test_every_flipped_bit_of_an_encrypted_object_is_named(
    encrypting: Job, identity: x25519.Identity, filled: Database, tmp_path: Path
) -> None:
    encrypting.good("run")
    encrypting.set(encryption_identity_file=key_file(tmp_path, identity))
    settings = encrypting.settings
    store, programs = ObjectStore(settings), Programs(settings.pg_bin, settings.pg_environment)
    manifest = catalog.find(store, encrypting.names, "latest")
    restorer = Restorer(store, programs, manifest, as_text, encryption.identities(settings))
    keys = [manifest.data.key, manifest.schema_sql.key, manifest.globals.key]
    bodies = {key: body_of(encrypting, key) for key in keys}
    chance = random.Random(11)  # noqa: S311
    for number in range(FLIPS):
        key = keys[number % len(keys)]
        end = 500 if number % 2 else len(bodies[key])  # every other one in the header, which holds the key
        wrong = flip(bodies[key], chance.randrange(min(end, len(bodies[key])) * 8))
        encrypting.client.put_object(Bucket=BUCKET, Key=key, Body=wrong)
        with pytest.raises(DamagedError, match=re.escape(key)):
            verify(restorer, encrypting.names)
        encrypting.client.put_object(Bucket=BUCKET, Key=key, Body=bodies[key])
    for size in (0, 100, len(bodies[manifest.data.key]) - 1):
        cut = bodies[manifest.data.key][:size]
        encrypting.client.put_object(Bucket=BUCKET, Key=manifest.data.key, Body=cut)
        with pytest.raises(DamagedError, match=re.escape(manifest.data.key)):
            verify(restorer, encrypting.names)
    assert filled


def test_a_run_that_is_stopped_leaves_no_upload(encrypting: Job, big: Database) -> None:
    process = encrypting.start("run")
    held_dump(process)
    process.terminate()
    assert process.wait(timeout=60) == 128 + 15
    assert encrypting.open_uploads() == 0
    assert encrypting.objects() == []
    assert big


def test_a_restore_that_is_stopped_while_it_decrypts_ends_and_leaves_no_database(
    encrypting: Job, identity: x25519.Identity, big: Database, server: Server, tmp_path: Path
) -> None:
    encrypting.good("run")
    encrypting.set(encryption_identity_file=key_file(tmp_path, identity))
    process = encrypting.start("restore")
    held_restore(process)
    process.terminate()
    assert process.wait(timeout=60) == 128 + 15
    assert restored_databases(server) == []
    assert big


def test_no_key_is_in_arguments_output_or_objects(
    encrypting: Job, identity: x25519.Identity, big: Database, tmp_path: Path
) -> None:
    encrypting.set(encryption_identity=str(identity))
    process = encrypting.start("run", "--json")
    dump = held_dump(process)
    seen = " ".join([*dump.cmdline(), *psutil.Process(process.pid).cmdline()])
    dump.resume()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    seen += (
        out + err + encrypting.good("list", "--json") + encrypting.good("status", "--json") + repr(encrypting.settings)
    )
    encrypting.set(encryption_identity=None, encryption_identity_file=key_file(tmp_path, identity))
    done = encrypting.run("verify")
    seen += done.stdout + done.stderr
    for key in encrypting.objects():
        if key.endswith(".json"):
            seen += body_of(encrypting, f"{encrypting.values['prefix']}/{key}").decode()
    assert str(identity.to_public()) in seen
    assert "AGE-SECRET-KEY-" not in seen.upper()
    with psycopg.connect(big.admin_url) as admin:
        rows = admin.execute("SELECT body FROM big LIMIT 3").fetchall()
    stored = body_of(encrypting, encrypting.manifest().data.key)
    assert [body for (body,) in rows if body[:64] in stored] == []


# The streams alone.


class Failing:
    """A stream that gives some blocks, or takes as many, and then fails, as the store's or pg_dump's may."""

    def __init__(self, blocks: list[bytes], error: BaseException) -> None:
        self.blocks, self.error = list(blocks), error

    def read(self, _size: int = MIB) -> bytes:
        if not self.blocks:
            raise self.error
        return self.blocks.pop(0)

    def write(self, _block: bytes) -> None:
        self.read()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.read()


def read_all(stream: Source) -> int:
    return sum(map(len, iter(stream.read, b"")))


def sealed(seal: Seal, blocks: list[bytes]) -> io.BytesIO:
    made = io.BytesIO()
    seal.write(blocks, made)
    made.seek(0)
    return made


@pytest.mark.parametrize("error", [StoreError("lost"), Stopped(15)], ids=["store", "stopped"])
@pytest.mark.parametrize("count", [0, 2])
def test_what_fails_beside_the_library_is_raised_as_it_was(
    identity: x25519.Identity, count: int, error: BaseException
) -> None:
    seal, blocks = Seal((str(identity.to_public()),)), [b"x" * MIB] * 4
    with pytest.raises(type(error)):
        seal.write(Failing(blocks[:count], error), io.BytesIO())
    with pytest.raises(type(error)):
        seal.write(blocks, Failing(blocks[:count], error))
    body = sealed(seal, blocks).getvalue()
    source = Failing([body[:MIB], body[MIB : 2 * MIB]][:count], error)
    with decrypted(source, [identity], "key") as stream, pytest.raises(type(error)):
        read_all(stream)


def test_a_failure_of_the_last_write_is_not_lost(identity: x25519.Identity) -> None:
    """The library looks at it nowhere: an artefact without its end would have counted as written."""
    with pytest.raises(StoreError):
        Seal((str(identity.to_public()),)).write([b"little"], Failing([], StoreError("full")))


def test_a_stream_that_nobody_reads_to_its_end_leaves_no_thread(identity: x25519.Identity) -> None:
    body = sealed(Seal((str(identity.to_public()),)), [b"x" * MIB] * 8)
    before = threading.active_count()
    with decrypted(body, [identity], "key") as stream:
        assert stream.read(10) == b"x" * 10
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    assert body.tell() < 3 * MIB


MEMORY = """
import resource, sys, tempfile
from pyrage import x25519
from infra.backup_job.encryption import Seal, decrypted
identity = x25519.Identity.generate()
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
with tempfile.TemporaryFile() as file:
    before = peak()
    Seal((str(identity.to_public()),)).write((bytes([number % 256]) * 2**20 for number in range(400)), file)
    file.seek(0)
    size = 0
    with decrypted(file, [identity], "key") as stream:
        while block := stream.read():
            size += len(block)
    print(size, peak() - before)
"""


def test_memory_is_bounded_however_long_the_stream() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY], cwd=PROJECT, capture_output=True, text=True, check=True)
    size, grown = map(int, done.stdout.split())
    assert size == 400 * MIB
    assert grown < 16
