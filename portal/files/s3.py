"""Attachments in a bucket of any storage that speaks S3; needs the extra ``s3``."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, BinaryIO

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from portal.core.errors import Unavailable
from portal.core.i18n import _
from portal.files.storage import KEY, checked
from portal.settings import Settings

log = structlog.get_logger()

PATIENCE = Config(
    connect_timeout=3,
    read_timeout=15,
    retries={"mode": "standard", "total_max_attempts": 3},
    # Not every storage that speaks S3 knows the newer checksums; the length and TLS remain.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
"""How long a person waits for the storage, in seconds, and how often it is asked."""
GONE = ("NoSuchKey", "404")


class S3Storage:
    """A bucket; what people may see they get through the portal, never by an address of its own.

    Unavailable, which asks the person to try again, where the storage cannot be reached or
    refuses; jobs are tried again by themselves.
    """

    def __init__(self, settings: Settings) -> None:
        self.bucket = settings.s3_bucket
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint or None,
            region_name=settings.s3_region or None,
            aws_access_key_id=settings.s3_access_key or None,
            aws_secret_access_key=settings.s3_secret_key or None,
            config=PATIENCE,
        )

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": checked(key)}

    def put(self, key: str, content: bytes) -> None:
        """Keep the bytes: S3 has all of them or none."""
        place = self._object(key)
        with _reached():
            self.client.put_object(**place, Body=content)

    def open(self, key: str) -> BinaryIO:
        """All the bytes, at most some 20 MB; FileNotFoundError if there are none."""
        place = self._object(key)
        with _reached():
            return io.BytesIO(self.client.get_object(**place)["Body"].read())

    def delete(self, key: str) -> None:
        """Forget the bytes; S3 says nothing if there are none."""
        place = self._object(key)
        with _reached():
            self.client.delete_object(**place)

    def exists(self, key: str) -> bool:
        """Whether there are bytes under the key."""
        place = self._object(key)
        try:
            with _reached():
                self.client.head_object(**place)
        except FileNotFoundError:
            return False
        return True

    def all_keys(self) -> Iterator[str]:
        """All keys of the bucket that are ours."""
        return (one["Key"] for one in self._listed(""))

    def written_before(self, at: datetime, beginning: str) -> Iterator[str]:
        """The keys that begin so and were written before; S3 has nothing that is not whole."""
        return (one["Key"] for one in self._listed(beginning) if one["LastModified"] < at)

    def _listed(self, beginning: str) -> Iterator[dict[str, Any]]:
        with _reached():
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=beginning):
                for one in page.get("Contents", ()):
                    if KEY.fullmatch(one["Key"]):
                        yield one


@contextmanager
def _reached() -> Iterator[None]:
    """FileNotFoundError for bytes that are not there; Unavailable for all else."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in GONE:
            raise FileNotFoundError from error
        log.exception("the storage of files cannot be reached")
        raise Unavailable(
            _("Photos and files cannot be kept or shown just now. Please try again in a minute.")
        ) from error
