"""What AWS asks of an upload in parts, and SeaweedFS does not: one checksum from its beginning to its end."""

import base64
import os
import re
import zlib
from typing import Any

from infra.backup_job import writing
from infra.backup_job.bucket import Bucket
from infra.backup_job.streams import FIRST_PART
from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET


def test_the_end_names_the_checksums_that_the_beginning_announced(job: Job) -> None:
    bucket, key, body = Bucket(job.settings), f"{job.values['prefix']}/parts", os.urandom(2 * FIRST_PART + 1)
    sent: list[Any] = []
    bucket.client.meta.events.register("before-send.s3", lambda request, **_: sent.append(request))

    with writing.upload(bucket, key) as upload:
        upload.write(body)

    begin, *parts, end = sent
    pieces = [body[:FIRST_PART], body[FIRST_PART : 2 * FIRST_PART], body[2 * FIRST_PART :]]
    checksums = [base64.b64encode(zlib.crc32(piece).to_bytes(4)) for piece in pieces]
    assert begin.headers["x-amz-checksum-algorithm"] == b"CRC32"
    assert {part.headers["x-amz-checksum-crc32"] for part in parts} == {*checksums}
    assert re.findall(rb"<ChecksumCRC32>(.+?)</ChecksumCRC32>", end.body) == checksums
    assert job.client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body
