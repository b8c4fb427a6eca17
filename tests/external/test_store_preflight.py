"""What the preflight says of a store: a real one in several states, and two that real ones can not be brought into."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra import store_policies
from infra.preflight.__main__ import second_wanted, store_wanted
from infra.preflight.finding import Finding
from infra.preflight.store import Login, StoreWanted, check_second, check_store
from infra.preflight.store_probe import START
from infra.provider.s3 import settings, store
from infra.settings import Settings
from infra.store_identities import Identity
from tests.backup.s3_server import S3Server, running_store

BUCKET = "preflight-bucket"
OURS = "agent-ecosystem/dev/backups"
POLICY = store_policies.of_bucket(
    BUCKET, {name: store_policies.seaweedfs_principal(name) for name in (store_policies.JOB, store_policies.PRUNER)}
)
UNLOCKED = (
    "`make up` asks for one, and not every store locks a bucket that is there already. If it warns then: name another "
    "bucket, which is made with a lock; backupLockDays 0 asks for none"
)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_store(BUCKET) as server:
        store.make(server.client, BUCKET, "us-east-1", OURS, lockable=True)
        wanted = settings.Settings(
            versioning=True, object_lock_days=7, abort_multipart_days=7, block_public_access=True, policy=POLICY
        )
        settings.apply(server.client, BUCKET, wanted)
        yield server


def login(key: str, identity: Identity) -> Login:
    return Login(identity.access_key, identity.secret_key, key, "administrator.json")


def wanted(server: S3Server, **changes: Any) -> StoreWanted:
    administrator = login("s3AccessKey", server.identity)
    values: dict[str, Any] = {
        "endpoint": server.endpoint,
        "region": "us-east-1",
        "bucket": BUCKET,
        "identity": OURS,
        "administrator": administrator,
        "job": login("s3JobAccessKey", server.keys(store_policies.JOB)),
        "lock_days": 7,
    }
    return StoreWanted(**{**values, **changes})


def said(asked: StoreWanted) -> list[str]:
    return [f"{finding.level} {finding}" for finding in check_store(asked)]


def only(asked: StoreWanted) -> Finding:
    (finding,) = check_store(asked)
    return finding


def left(server: S3Server, bucket: str) -> list[Any]:
    page = server.client.list_object_versions(Bucket=bucket, Prefix=START)
    return [*page.get("Versions", []), *page.get("DeleteMarkers", [])]


def test_a_bucket_as_a_stack_makes_it_has_everything_and_is_left_as_it_was(s3: S3Server) -> None:
    assert said(wanted(s3)) == [
        "ok store's clock: agrees with this machine's",
        f"ok store: bucket {BUCKET} at {s3.endpoint} is there, s3AccessKey opens it",
        "ok bucket: versions are on",
        "ok bucket: objects can be locked",
        "ok store: s3JobAccessKey opens it, too",
        "ok conditional writes: If-Match and If-None-Match are kept",
        "ok job's key: it writes, and can not delete",
    ]
    assert left(s3, BUCKET) == []


def test_a_plain_bucket_is_told_what_it_lacks(s3: S3Server) -> None:
    s3.client.create_bucket(Bucket="plain-bucket")
    same = login("s3AccessKey", s3.identity)
    assert said(wanted(s3, bucket="plain-bucket", job=same))[2:] == [
        "ok bucket: versions are off: `make up` switches them on",
        f"warning bucket: it has no object lock; {UNLOCKED}",
        "ok conditional writes: If-Match and If-None-Match are kept",
    ]
    assert s3.client.list_objects_v2(Bucket="plain-bucket")["KeyCount"] == 0
    assert not any("object lock" in line for line in said(wanted(s3, bucket="plain-bucket", job=same, lock_days=0)))


def test_the_second_destination_is_asked_and_its_own_keys_are_named(s3: S3Server) -> None:
    keys = s3.keys(store_policies.JOB)

    def said_of(**changes: str) -> str:
        config = {
            "backupSecondBucket": BUCKET,
            "backupSecondEndpoint": s3.endpoint,
            "backupSecondAccessKey": keys.access_key,
            "backupSecondSecretKey": keys.secret_key,
            **changes,
        }
        prefixed = {f"agent-ecosystem:{key}": value for key, value in config.items()}
        (asked,) = second_wanted(Settings.parse("agent-ecosystem", "dev", prefixed))
        (finding,) = check_second(asked)
        return f"{finding.level} {finding}"

    place = f"bucket {BUCKET} at {s3.endpoint}"
    assert said_of() == f"ok store: {place} is there, backupSecondAccessKey opens it; whether it may write is not tried"
    assert "backupSecondSecretKey is not the secret of backupSecondAccessKey" in said_of(backupSecondSecretKey="x" * 40)
    assert said_of(backupSecondBucket="not-made").startswith("failure store: bucket not-made at ")
    assert "or correct backupSecondEndpoint" in said_of(backupSecondEndpoint="http://127.0.0.1:9")
    assert second_wanted(Settings.parse("agent-ecosystem", "dev", {})) == []


def test_a_bucket_that_is_to_be_made_is_not_made(s3: S3Server) -> None:
    found = said(wanted(s3, bucket="none-yet"))
    assert found[2].startswith("warning bucket: none-yet does not exist yet, so that versions, lock and conditional")
    assert "none-yet" not in [entry["Name"] for entry in s3.client.list_buckets()["Buckets"]]


def test_a_job_that_can_delete_is_told(s3: S3Server) -> None:
    found = said(wanted(s3, job=login("s3JobAccessKey", s3.identity)))
    assert [line for line in found if "it can delete" in line]
    assert left(s3, BUCKET) == []


def test_where_a_probe_would_stay_none_is_written(s3: S3Server) -> None:
    store.make(s3.client, "for-ever", "us-east-1", OURS, lockable=True)
    rule: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}}
    s3.client.put_object_lock_configuration(Bucket="for-ever", ObjectLockConfiguration=rule)
    found = said(wanted(s3, bucket="for-ever", job=login("s3AccessKey", s3.identity)))
    assert found[-1].startswith("warning conditional writes: not tried: this bucket locks each object")
    assert left(s3, "for-ever") == []


def test_a_strangers_bucket_is_refused_as_the_update_would(s3: S3Server) -> None:
    finding = list(check_store(wanted(s3, identity="another/stack/backups")))[-1]
    assert finding.level == "failure"
    assert f"bucket {BUCKET} exists and is not ours" in str(finding)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"access_key": "AKIA0000"}, "it does not know s3AccessKey. Correct s3AccessKey: `pulumi config set --secret"),
        (
            {"secret_key": "S3cret-of-nobody"},
            "s3SecretKey is not the secret of s3AccessKey. Correct it: `pulumi config",
        ),
    ],
)
def test_wrong_keys_are_named_and_not_shown(s3: S3Server, changes: dict[str, str], words: str) -> None:
    keys = {"access_key": s3.identity.access_key, "secret_key": s3.identity.secret_key, **changes}
    finding = only(wanted(s3, administrator=Login(**keys, key="s3AccessKey", policy="administrator.json")))
    assert finding.level == "failure"
    assert words in str(finding)
    assert "S3cret" not in str(finding)


def test_the_jobs_wrong_keys_are_told_apart(s3: S3Server) -> None:
    job = Login("AKIA0000", "S3cret", "s3JobAccessKey", "job.json")
    finding = list(check_store(wanted(s3, job=job)))[-1]
    assert finding.level == "failure"
    assert "it does not know s3JobAccessKey" in str(finding)


def test_no_keys_at_all(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    finding = only(wanted(s3, administrator=Login(None, None, "s3AccessKey", "administrator.json")))
    assert "there are no keys: neither s3AccessKey nor credentials of the surroundings" in str(finding)


def test_nobody_there(s3: S3Server) -> None:
    finding = only(wanted(s3, endpoint="http://127.0.0.1:9"))
    assert finding.level == "failure"
    assert "it does not answer" in str(finding)
    assert "correct s3Endpoint" in str(finding)


@contextmanager
def naive_store(hours: int) -> Iterator[str]:
    """A store that knows no conditions, and whose clock is off: no real one is brought into either state here."""
    held: set[str] = set()
    versions = "<ListVersionsResult>{}</ListVersionsResult>"
    entry = "<Version><Key>{}</Key><VersionId>null</VersionId></Version>"

    class Handler(BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + hours * 3600)

        def do_GET(self) -> None:
            if "versions" in self.path:
                return self.answer(versions.format("".join(entry.format(key) for key in held)))
            if "tagging" in self.path:
                owner = f"<Tag><Key>{store.OWNER_TAG}</Key><Value>{OURS}</Value></Tag>"
                return self.answer(f"<Tagging><TagSet>{owner}</TagSet></Tagging>")
            return self.answer("<ListBucketResult></ListBucketResult>")

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            held.add(self.key())
            self.answer("")

        def do_DELETE(self) -> None:
            held.discard(self.key())
            self.answer("")

        def key(self) -> str:
            return self.path.partition("?")[0].removeprefix(f"/{BUCKET}/")

        def answer(self, body: str) -> None:
            self.send_response(200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
        assert held == set()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("hours", "words"), [(-2, "7200 s behind this machine's"), (2, "7200 s ahead of")])
def test_a_store_without_conditions_and_with_another_clock(s3: S3Server, hours: int, words: str) -> None:
    same = login("s3AccessKey", s3.identity)
    with naive_store(hours) as endpoint:
        found = said(wanted(s3, endpoint=endpoint, job=same))
    assert found[0].startswith("failure store's clock: it is 7")
    assert words.partition(" ")[2] in found[0]
    assert "warning conditional writes: the store takes If-None-Match and If-Match and does not heed them" in found[-1]


def test_a_stack_asks_with_its_own_keys() -> None:
    config = {
        "target": "external",
        "databaseUrl": "postgresql://u:p@h/d",
        "s3Endpoint": "https://s3.example.com",
        "s3AccessKey": "A",
        "s3SecretKey": "S3cret",
    }
    alone = Settings.parse("agent-ecosystem", "dev", {f"agent-ecosystem:{key}": text for key, text in config.items()})
    asked = store_wanted(alone)
    assert (asked.bucket, asked.identity, asked.job) == ("agent-ecosystem-dev-backups", OURS, asked.administrator)
    assert "S3cret" not in repr(asked)
