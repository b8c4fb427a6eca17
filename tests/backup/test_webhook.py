"""A failed backup is told to the webhook; a webhook that fails changes nothing."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import pytest

from tests.backup.conftest import Job
from tests.backup.held import held_dump
from tests.backup.test_schedule import stopped, until
from tests.conftest import Database

TOKEN = "T0ken-of-the-hook"


@dataclass
class Hook:
    """A server that notes what it is sent, and answers with `codes`, then with 200."""

    codes: list[int] = field(default_factory=list)
    seen: "Queue[tuple[str, str, dict[str, Any]]]" = field(default_factory=Queue)
    url: str = ""

    def calls(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [self.seen.get(timeout=60) for _ in range(self.seen.qsize())]


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.seen.put((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(made.codes.pop(0) if made.codes else 200)
            self.send_header("Location", made.url)
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/hooks/{TOKEN}?key={TOKEN}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_failed_run_is_told_once_and_without_secrets(job: Job, hook: Hook, database: Database) -> None:
    job.set(failure_webhook=hook.url, s3_secret_key="wrong-s3cret")
    refusal = job.refused("run")
    ((path, kind, said),) = hook.calls()
    assert path == f"/hooks/{TOKEN}?key={TOKEN}"
    assert kind == "application/json"
    assert said["event"] == "backup failed"
    assert said["stack"] == "test"
    assert f"error: {said['error']}" == refusal
    assert said["error"] in said["text"]
    for secret in (TOKEN, "wrong-s3cret", job.values["s3_access_key"], database.backup_url.split(":")[2].split("@")[0]):
        assert secret not in json.dumps(said)
    assert TOKEN not in refusal


@pytest.mark.parametrize("code", [500, 404, 302])
def test_a_refusing_webhook_is_asked_twice_and_logged_and_changes_nothing(
    job: Job, hook: Hook, database: Database, code: int
) -> None:
    job.set(failure_webhook=hook.url, s3_bucket="no-such-bucket")
    hook.codes[:] = [code]
    done = job.run("run")
    assert (done.returncode, len(hook.calls())) == (1, 2)
    assert "webhook failed" not in done.stderr
    hook.codes[:] = [code, code]
    done = job.run("run")
    assert (done.returncode, len(hook.calls())) == (1, 2)
    assert f"webhook failed: host 127.0.0.1, error it answered {code}, told backup failed" in done.stderr
    assert "correct s3_bucket" in done.stderr.splitlines()[-1]
    assert TOKEN not in done.stderr + done.stdout
    assert database


@pytest.mark.parametrize(("listening", "words"), [(False, "Connection refused"), (True, "TimeoutError")])
def test_a_webhook_that_does_not_answer_is_given_up(job: Job, database: Database, listening: bool, words: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listening:
            silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/{TOKEN}"
        job.set(failure_webhook=url, s3_bucket="no-such-bucket")
        done = job.run("run")
    assert done.returncode == 1
    assert f"webhook failed: host 127.0.0.1, error {words}" in done.stderr
    assert TOKEN not in done.stderr
    assert database


def test_the_schedule_tells_failures_in_a_row_once(job: Job, hook: Hook, database: Database) -> None:
    job.set(failure_webhook=hook.url, s3_bucket="no-such-bucket")
    hook.codes[:] = [500, 500]
    process = job.start("schedule")
    first = [line["event"] for line in until(process, "backup failed")]
    assert first[-2:] == ["webhook failed", "backup failed"]
    for _ in range(3):
        assert "webhook failed" not in [line["event"] for line in until(process, "backup failed")]
    stopped(process)
    assert len(hook.calls()) == 3  # twice in vain, then it knows
    assert database


def test_what_did_not_fail_is_not_told(job: Job, hook: Hook, big: Database) -> None:
    job.set(failure_webhook=hook.url)
    process = job.start("run")
    held_dump(process)
    job.refused("run", code=4)
    process.terminate()
    assert process.wait(timeout=60) == 128 + 15
    job.good("run")
    assert hook.calls() == []
    assert big
