"""Buckets in a store: made, drifted, refused, locked, and gone with all that is in them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.plugin import UNKNOWN, Secret
from tests.provider.pgstack.conftest import Manage
from tests.provider.pgstack.object_store import WRITERS, Buckets, buckets, client, s3, store, store_inputs, there
from tests.provider.plugin_client import PluginError

__all__ = ["buckets", "s3", "store", "store_inputs"]

MANY = 1100
"""More objects than one page of a listing holds."""

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:DeleteObject"],
            "Resource": ["arn:aws:s3:::with-a-policy/kept/*"],
        }
    ],
}


def test_a_bucket_gets_its_settings_and_says_what_the_store_has_not(buckets: Buckets, s3: Any) -> None:
    bucket, inputs = buckets.resource(), buckets.inputs("settings-applied")
    assert bucket.preview_create(**inputs)["refused"] == UNKNOWN
    assert not there(s3, "settings-applied")
    bucket.create(**inputs)
    assert s3.get_bucket_versioning(Bucket="settings-applied")["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket="settings-applied")["Rules"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert bucket["refused"] == ["public access block"]
    warning = "the store of bucket settings-applied does not know: public access block"
    assert ("warning", warning) in bucket.logs()
    assert isinstance(bucket.state["secretKey"], Secret)

    assert bucket.diff(**inputs).changes == {}
    assert bucket.refresh()
    assert bucket.diff(**inputs).changes == {}
    bucket.delete()
    bucket.delete()  # of what is gone: no error
    assert not there(s3, "settings-applied")


def test_drift_shows_and_is_repaired(buckets: Buckets, s3: Any) -> None:
    bucket, inputs = buckets.resource(), buckets.inputs("drifting")
    bucket.create(**inputs)
    s3.put_bucket_versioning(Bucket="drifting", VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_lifecycle(Bucket="drifting")
    for _ in range(2):  # a second refresh finds the same
        assert bucket.refresh()
        assert bucket.diff(**inputs).changes == {"versioning": "UPDATE", "abortMultipartDays": "UPDATE"}
    bucket.update(**inputs)
    assert s3.get_bucket_versioning(Bucket="drifting")["Status"] == "Enabled"
    assert s3.get_bucket_lifecycle_configuration(Bucket="drifting")["Rules"]
    assert bucket.refresh()
    assert bucket.diff(**inputs).changes == {}

    s3.delete_bucket(Bucket="drifting")
    assert not bucket.refresh()
    bucket.update(**inputs)  # without a refresh, an update makes it anew
    assert there(s3, "drifting")
    bucket.delete()


def test_a_policy_comes_drifts_and_goes(buckets: Buckets, s3: Any) -> None:
    bucket, inputs = buckets.resource(), buckets.inputs("with-a-policy", policy=POLICY)
    bucket.create(**inputs)
    assert "kept/*" in s3.get_bucket_policy(Bucket="with-a-policy")["Policy"]
    assert bucket.refresh()
    assert bucket.diff(**inputs).changes == {}  # though the store words it in its own way
    s3.delete_bucket_policy(Bucket="with-a-policy")
    assert bucket.refresh()
    assert bucket.diff(**inputs).changes == {"policy": "ADD"}
    bucket.update(**inputs)
    bucket.update(**buckets.inputs("with-a-policy"))
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket="with-a-policy")
    bucket.delete()


def test_an_interrupted_create_is_finished(buckets: Buckets, s3: Any) -> None:
    """Between making the bucket and naming its owner, and between that and its settings."""
    inputs = buckets.inputs("interrupted")
    s3.create_bucket(Bucket="interrupted")
    buckets.resource().create(**inputs)
    s3.put_object(Bucket="interrupted", Key="kept", Body=b"1")
    again = buckets.resource()
    again.create(**inputs)
    assert s3.get_object(Bucket="interrupted", Key="kept")["Body"].read() == b"1"
    again.delete()


def test_a_strangers_bucket_is_refused(buckets: Buckets, s3: Any) -> None:
    s3.create_bucket(Bucket="theirs")
    s3.put_object(Bucket="theirs", Key="their", Body=b"data")
    with pytest.raises(PluginError, match="bucket theirs exists and is not ours") as refused:
        buckets.resource().create(**buckets.inputs("theirs"))
    assert "value project/test/backups" in refused.value.message
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket="theirs")

    ours = buckets.resource()
    ours.create(**buckets.inputs("of-one-resource"))
    with pytest.raises(PluginError, match="its tag pgstack:resource: project/test/backups"):
        buckets.resource("another").create(**buckets.inputs("of-one-resource"))
    ours.delete()


def test_all_versions_and_unfinished_uploads_go_with_it(buckets: Buckets, s3: Any) -> None:
    bucket = buckets.resource()
    bucket.create(**buckets.inputs("full"))
    keys = [f"object-{number % (MANY // 2)}" for number in range(MANY)]  # two versions of each
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket="full", Key=key, Body=b""), keys))
    s3.delete_object(Bucket="full", Key="object-1")
    for number in range(3):
        s3.create_multipart_upload(Bucket="full", Key=f"upload-{number}")
    bucket.delete()
    assert not there(s3, "full")


@pytest.mark.parametrize("remains", ["an object", "an older version"])
def test_what_it_holds_is_not_deleted_unasked(buckets: Buckets, s3: Any, remains: str) -> None:
    bucket, inputs = buckets.resource(), buckets.inputs("precious", forceDestroy=False)
    bucket.create(**inputs)
    s3.put_object(Bucket="precious", Key="key", Body=b"value")
    if remains == "an older version":
        s3.delete_object(Bucket="precious", Key="key")
    with pytest.raises(PluginError, match=r"bucket precious at .* is not empty: empty it, or set forceDestroy"):
        bucket.delete()
    assert there(s3, "precious")
    bucket.update(**buckets.inputs("precious"))
    bucket.delete()


def test_it_may_be_left_behind(buckets: Buckets, s3: Any) -> None:
    bucket = buckets.resource()
    bucket.create(**buckets.inputs("retained", retainOnDelete=True))
    bucket.delete()
    assert there(s3, "retained")
    assert ("info", "bucket retained stays, with everything in it, as configured") in bucket.logs()


def test_another_endpoint_of_the_same_store_keeps_the_bucket(buckets: Buckets, s3: Any) -> None:
    bucket, inputs = buckets.resource(), buckets.inputs("moving")
    bucket.create(**inputs)
    s3.put_object(Bucket="moving", Key="kept", Body=b"1")
    moved = {**inputs, "endpoint": inputs["endpoint"].replace("127.0.0.1", "localhost")}
    diff = bucket.diff(**moved)
    assert (diff.changes, diff.replaces) == ({"endpoint": "UPDATE"}, [])
    bucket.update(**moved)
    assert s3.get_object(Bucket="moving", Key="kept")["Body"].read() == b"1"
    assert bucket.diff(**{**moved, "bucket": "another"}).replaces == ["bucket"]
    bucket.delete()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"secretKey": Secret("not-the-key-of-this-store")}, "the store refuses these keys"),
        ({"endpoint": "http://127.0.0.1:9"}, "Could not connect to the endpoint URL"),
        ({"endpoint": "no url"}, "Invalid endpoint: no url"),
        ({"policy": {"Version": "x"}}, "MalformedPolicy"),
    ],
)
def test_a_refusal_is_one_line_without_the_keys(buckets: Buckets, change: dict[str, Any], words: str) -> None:
    with pytest.raises(PluginError) as refused:
        buckets.resource().create(**buckets.inputs("never", **change))
    assert "bucket never at " in refused.value.message
    assert words in refused.value.message
    assert "\n" not in refused.value.message
    assert "not-the-key" not in refused.value.message


def test_unknown_keys_are_no_obstacle(buckets: Buckets) -> None:
    unknown = {"endpoint": UNKNOWN, "accessKey": UNKNOWN, "secretKey": Secret(UNKNOWN)}
    assert buckets.resource().preview_create(**buckets.inputs("later", **unknown))["bucket"] == "later"


@pytest.mark.parametrize("name", ["Capital", "a", "under_score"])
def test_a_name_no_store_takes_is_refused_beforehand(buckets: Buckets, name: str) -> None:
    assert list(buckets.resource().failures(**buckets.inputs(name))) == ["bucket"]


def test_what_is_locked_goes_with_the_bucket(buckets: Buckets, s3: Any) -> None:
    bucket, inputs = buckets.resource(), buckets.inputs("locked", objectLockDays=7)
    bucket.create(**inputs)
    assert bucket["refused"] == ["public access block"]
    retention = s3.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert (retention["Mode"], retention["Days"]) == ("GOVERNANCE", 7)
    keys = [f"object-{number % (MANY // 2)}" for number in range(MANY)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket="locked", Key=key, Body=b"1"), keys))
    s3.delete_object(Bucket="locked", Key="object-1")
    version = s3.list_object_versions(Bucket="locked", Prefix="object-2")["Versions"][0]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="locked", Key=version["Key"], VersionId=version["VersionId"])
    assert bucket.diff(**inputs).changes == {}
    bucket.delete()
    assert not there(s3, "locked")


def test_a_bucket_of_an_earlier_release_is_locked_in_place_and_what_is_in_it_stays(buckets: Buckets, s3: Any) -> None:
    bucket, before = buckets.resource(), buckets.inputs("older")
    bucket.create(**before)
    del bucket.inputs["objectLockDays"]  # as its state has it
    del bucket.state["objectLockDays"]
    bucket.state["live"] = {name: value for name, value in bucket.state["live"].items() if name != "objectLockDays"}
    old = s3.put_object(Bucket="older", Key="old", Body=b"1")["VersionId"]
    assert bucket.refresh()
    inputs = {**before, "objectLockDays": 7}
    diff = bucket.diff(**inputs)
    assert (diff.changes, diff.replaces) == ({"objectLockDays": "ADD"}, [])
    bucket.update(**inputs)
    assert s3.get_object(Bucket="older", Key="old", VersionId=old)["Body"].read() == b"1"
    new = s3.put_object(Bucket="older", Key="new", Body=b"1")["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="older", Key="new", VersionId=new)
    s3.put_object_lock_configuration(Bucket="older", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    assert bucket.refresh()
    assert bucket.diff(**inputs).changes == {"objectLockDays": "UPDATE"}
    bucket.update(**before)
    free = s3.put_object(Bucket="older", Key="free", Body=b"1")["VersionId"]
    s3.delete_object(Bucket="older", Key="free", VersionId=free)
    bucket.delete()


def test_a_lock_that_is_refused_is_named_and_the_bucket_stands(manage: Manage, state_folder: Path) -> None:
    """Here by keys that may do everything else, as an administrator's of an earlier release."""
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::unlocked", "arn:aws:s3:::unlocked/*"]}
    lock = {**everything, "Effect": "Deny", "Action": "s3:*BucketObjectLockConfiguration"}
    policy = {"Version": "2012-10-17", "Statement": [everything, lock]}
    service = manage("local:Service", "without-locks")
    service.create(kind="object-store", folder=str(state_folder / "without-locks"), identities={"limited": policy})
    try:
        client(service).create_bucket(Bucket="unlocked")
        keys = service["credentials"]
        bucket = manage("s3:Bucket", "backups")
        inputs = {
            "endpoint": f"http://127.0.0.1:{service['port']}",
            "bucket": "unlocked",
            "accessKey": keys["limitedAccessKey"],
            "secretKey": Secret(keys["limitedSecretKey"]),
            "objectLockDays": 7,
        }
        bucket.create(**inputs)
        assert "object lock" in bucket["refused"]
        (warning,) = [words for severity, words in bucket.logs() if "bucket unlocked can not be locked" in words]
        assert "AccessDenied" in warning
        assert "set keepBackupsOnDestroy, update, then name another bucket" in warning
        assert bucket.diff(**inputs).changes == {}
    finally:
        service.delete()
