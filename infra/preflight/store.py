"""The store that backups go to, asked before anything is made: it is there, knows the keys, and can what they need."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from infra.preflight.checks import LARGEST_SKEW
from infra.preflight.finding import Finding, failure, ok, warning
from infra.preflight.store_probe import conditional_writes
from infra.provider.s3 import settings, store

STORE, BUCKET, CLOCK = "store", "bucket", "store's clock"


class Meaning(NamedTuple):
    """What a code of S3 means, and what to do; `{key}`, `{region}` and the like are the login's configuration keys."""

    meaning: str
    advice: str


MEANINGS = {
    "InvalidAccessKeyId": Meaning("it does not know {key}", "Correct {key}: `pulumi config set --secret {key}`"),
    "SignatureDoesNotMatch": Meaning(
        "{secret} is not the secret of {key}", "Correct it: `pulumi config set --secret {secret}`"
    ),
    "AccessDenied": Meaning(
        "{key} may not list it, or it is another's", "Give the key infra/policies/{policy}, or choose another bucket"
    ),
    "RequestTimeTooSkewed": Meaning(
        "its clock and this machine's differ too much", "Set the one that is wrong (timedatectl set-ntp true)"
    ),
    "AuthorizationHeaderMalformed": Meaning("{region} is not the bucket's", "`pulumi config set {region} …`"),
    "PermanentRedirect": Meaning("the bucket lies in another region or at another address", "Correct {region}"),
}
UNREACHED = Meaning("it does not answer", "Start it, let this machine through its firewall, or correct {endpoint}")
NO_KEYS = Meaning(
    "there are no keys: neither {key} nor credentials of the surroundings",
    "`pulumi config set --secret {key}` and the same for {secret}, or an AWS profile or role",
)


@dataclass(frozen=True)
class Login:
    """The keys of one identity, None: those of the surroundings; `key` is the configuration key they come from.

    `store` is how the configuration keys of the store begin.
    """

    access_key: str | None = field(repr=False)
    secret_key: str | None = field(repr=False)
    key: str
    policy: str
    store: str = "s3"

    def explained(self, meaning: Meaning) -> Meaning:
        """Return the meaning in the words of this login."""
        names = {
            "key": self.key,
            "secret": self.key.replace("Access", "Secret"),
            "policy": self.policy,
            "region": f"{self.store}Region",
            "endpoint": f"{self.store}Endpoint",
        }
        return Meaning(*(words.format(**names) for words in meaning))


@dataclass(frozen=True)
class StoreWanted:
    """What the stack needs of a store.

    Args:
        endpoint: its URL; None: AWS.
        region: the bucket's.
        bucket: its name.
        identity: whose it is to be, as it is written on it.
        administrator: who makes the bucket and sets it up.
        job: who takes backups; the same where there is no other.
        lock_days: days that backups are to be locked; 0: not at all.
    """

    endpoint: str | None
    region: str
    bucket: str
    identity: str
    administrator: Login
    job: Login
    lock_days: int

    def client(self, login: Login) -> Any:
        """Return a client with these keys."""
        return store.client(self.endpoint, self.region, login.access_key, login.secret_key)

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"bucket {self.bucket} at {self.endpoint or 'AWS'}"


def check_store(wanted: StoreWanted) -> Iterator[Finding]:
    """Say what there is to say of the store; nothing stays that was not there before."""
    administrator = wanted.client(wanted.administrator)
    began = time.time()
    answer = _asked(administrator, wanted, wanted.administrator)
    if isinstance(answer, Finding):
        yield answer
        return
    yield _clock(answer, (began + time.time()) / 2)
    if answer.get("Error", {}).get("Code") == "NoSuchBucket":
        yield ok(STORE, f"{wanted.endpoint or 'AWS'} answers and knows {wanted.administrator.key}")
        yield warning(
            BUCKET,
            f"{wanted.bucket} does not exist yet, so that versions, lock and conditional writes could not be tried",
            "`make up` makes it, and says what the store refuses. Run this again afterwards",
        )
        return
    yield ok(STORE, f"{wanted.place} is there, {wanted.administrator.key} opens it")
    yield from _bucket(administrator, wanted)


def check_second(wanted: StoreWanted) -> Iterator[Finding]:
    """Say whether the second destination is there, which is only read: its keys need not delete a probe again."""
    answer = _asked(wanted.client(wanted.job), wanted, wanted.job)
    if isinstance(answer, Finding):
        yield answer
    elif answer.get("Error", {}).get("Code") == "NoSuchBucket":
        yield failure(
            STORE, f"{wanted.place} is not there", "Make it: the stack does not, or correct backupSecondBucket"
        )
    else:
        yield ok(STORE, f"{wanted.place} is there, {wanted.job.key} opens it; whether it may write is not tried")


def _bucket(administrator: Any, wanted: StoreWanted) -> Iterator[Finding]:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as in the rest of the plugin

    try:
        refusal = store.strangers(administrator, wanted.bucket, wanted.identity)
        if refusal is not None:
            yield failure(BUCKET, refusal, "")
            return
        yield _versioning(administrator, wanted)
        if wanted.lock_days:
            yield _lock(administrator, wanted)
        job = administrator
        if wanted.job != wanted.administrator:
            job = wanted.client(wanted.job)
            answer = _asked(job, wanted, wanted.job)
            if isinstance(answer, Finding):
                yield answer
                return
            yield ok(STORE, f"{wanted.job.key} opens it, too")
        yield from conditional_writes(job, administrator, wanted.bucket, same_keys=job is administrator)
    except ClientError as error:
        yield failure(
            BUCKET,
            f"{wanted.place}: {error}",
            f"Give {wanted.administrator.key} infra/policies/administrator.json, then run this again",
        )


def _asked(client: Any, wanted: StoreWanted, login: Login) -> dict[str, Any] | Finding:
    """Return the store's answer to a first question, also that there is no such bucket, or what is wrong."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415

    try:
        answer: dict[str, Any] = client.list_objects_v2(Bucket=wanted.bucket, MaxKeys=1)
    except ClientError as error:
        code = store.code(error)
        if code == "NoSuchBucket":
            return dict(error.response)
        known = MEANINGS.get(code, Meaning(f"it refuses: {error}", "Correct {key}, or what the store says"))
        return _failed(wanted, login, known)
    except NoCredentialsError:
        return _failed(wanted, login, NO_KEYS)
    except (BotoCoreError, ValueError) as error:  # ValueError: what boto3 says of an endpoint that is no URL
        return _failed(wanted, login, UNREACHED, " ".join(str(error).split()))
    return answer


def _failed(wanted: StoreWanted, login: Login, meaning: Meaning, words: str = "") -> Finding:
    said = login.explained(meaning)
    return failure(STORE, f"{wanted.place}: {said.meaning}" + (f" ({words})" if words else ""), said.advice)


def _clock(answer: dict[str, Any], now: float) -> Finding:
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if date is None:
        return warning(CLOCK, "the store does not tell it", "Where it is off by minutes, the store refuses signatures")
    ahead = parsedate_to_datetime(date).timestamp() - now
    if abs(ahead) > LARGEST_SKEW:
        direction = "ahead of" if ahead > 0 else "behind"
        return failure(
            CLOCK,
            f"it is {abs(ahead):.0f} s {direction} this machine's",
            "Set the one that is wrong (timedatectl set-ntp true): signatures, locks, ages of backups depend on them",
        )
    return ok(CLOCK, "agrees with this machine's")


def _versioning(administrator: Any, wanted: StoreWanted) -> Finding:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        status = administrator.get_bucket_versioning(Bucket=wanted.bucket).get("Status")
    except ClientError as error:
        if not store.not_implemented(error):
            raise
        return warning(
            BUCKET,
            "this store keeps no versions: what is written over a backup replaces it",
            "Use another store, or accept that whoever takes over the job can write over backups",
        )
    on = "on" if status == "Enabled" else f"{(status or 'off').lower()}: `make up` switches them on"
    return ok(BUCKET, f"versions are {on}")


def _lock(administrator: Any, wanted: StoreWanted) -> Finding:
    if settings.lock_configuration(administrator, wanted.bucket):
        return ok(BUCKET, "objects can be locked")
    return warning(
        BUCKET,
        "it has no object lock; `make up` asks for one, and not every store locks a bucket that is there already",
        "If it warns then: name another bucket, which is made with a lock; backupLockDays 0 asks for none",
    )
