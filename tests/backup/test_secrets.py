"""Private keys of encryption, the webhook's URL, the keys of pruning: in no argument, log or object of the bucket."""

import psutil
from pyrage import x25519

from tests.backup.s3_server import S3Server
from tests.backup.test_pruner import BUCKET, Pruner, pruned, pruner
from tests.backup.test_schedule import until
from tests.conftest import Database

__all__ = ["pruned", "pruner"]

TOKEN = "T0ken-of-the-hook"
PASSWORD = "Pr00f-passw0rd"
HOOK = f"http://127.0.0.1:9/hooks/{TOKEN}"


def arguments(process: psutil.Popen | psutil.Process) -> str:
    """Return the command lines of a process and of all it started."""
    family = [process, *process.children(recursive=True)]
    return " ".join(word for member in family for word in member.cmdline())


def test_what_is_secret_shows_nowhere(pruner: Pruner, pruned: S3Server, database: Database) -> None:
    job, identity = pruner.job, x25519.Identity.generate()
    job.set(
        failure_webhook=HOOK,
        encryption_recipients=[str(identity.to_public())],
        encryption_identity=str(identity),
    )
    pruner.set(failure_webhook=HOOK)
    seen = ""
    for _ in range(2):
        taking = job.start("run", "--json")
        seen += arguments(psutil.Process(taking.pid))
        out, err = taking.communicate(timeout=120)
        assert taking.returncode == 0, err
        seen += out + err
    process = pruner.start()
    seen += str(until(process, "pruned")) + arguments(psutil.Process(process.pid))
    pruner.job.client.put_object(Bucket=BUCKET, Key=job.names.latest, Body=b"damaged")
    lines = until(process, "prune failed")
    assert [line["host"] for line in lines if line["event"] == "webhook failed"] == ["127.0.0.1"]
    seen += str(lines)
    job.set(proof_url=f"postgresql://nobody:{PASSWORD}@127.0.0.1:9/postgres")
    failed = job.run("run")
    assert failed.returncode == 1
    assert "no connection to postgresql://nobody@127.0.0.1:9/postgres" in failed.stderr
    assert "webhook failed" in failed.stderr
    seen += failed.stdout + failed.stderr
    for command in (["status", "--json"], ["list", "--json"], ["--config", "/nowhere", "prune-schedule", "--check"]):
        done = job.run(*command)
        seen += done.stdout + done.stderr
    process.terminate()
    out, err = process.communicate(timeout=60)
    seen += out + err
    bodies = b""
    for version in pruned.client.list_object_versions(Bucket=BUCKET)["Versions"]:
        found = pruned.client.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
        bodies += found["Body"].read()
    assert job.names.prune_report in str(pruned.client.list_objects_v2(Bucket=BUCKET)["Contents"])
    secrets = (str(identity), TOKEN, PASSWORD, pruner.values["s3_secret_key"], job.values["s3_secret_key"])
    assert [number for number, secret in enumerate(secrets) if secret in seen] == []
    assert [number for number, secret in enumerate(secrets) if secret.encode() in bodies] == []
    assert "backup is the latest" in seen
    assert database
