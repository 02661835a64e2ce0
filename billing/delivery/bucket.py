"""An S3-compatible bucket: objects are put whole, and small ones are read."""

from __future__ import annotations

import contextlib
import hashlib
from typing import IO, TYPE_CHECKING, Final, Self

from pyarrow import fs  # type: ignore[import-untyped]

from billing.delivery.gate import Gate
from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billing.delivery.gate import Place
    from billing.delivery.target import Target

_PIECE: Final = 1 << 20
_LARGEST_READ: Final = 1 << 20


class Bucket:
    """A target's bucket at a checked place; opened in a `with`. All calls raise `Unavailable` when it refuses."""

    def __init__(self, target: Target, secret: str, place: Place, *, seconds: float) -> None:
        self._target = target
        self._secret = secret
        self._place = place
        self._seconds = seconds
        self._open = contextlib.ExitStack()
        self._store: fs.S3FileSystem | None = None

    def __enter__(self) -> Self:
        gate = self._open.enter_context(Gate(self._place, seconds=self._seconds))
        self._store = fs.S3FileSystem(
            access_key=self._target.access_key_id,
            secret_key=self._secret,
            region=self._target.region,
            scheme=self._place.scheme,
            endpoint_override=self._place.authority,
            proxy_options=gate.url,
            connect_timeout=self._seconds,
            request_timeout=self._seconds,
            background_writes=False,
            # A small object is one request, which is there as a whole or not at all.
            allow_delayed_open=True,
            allow_bucket_creation=False,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=3),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._store = None
        self._open.close()

    def put(self, name: str, content: IO[bytes]) -> None:
        """Put an object under the target's prefix; an object of that name is replaced at once."""
        with self._translated(), self._opened().open_output_stream(self._path(name)) as stream:
            while piece := content.read(_PIECE):
                stream.write(piece)

    def read(self, name: str) -> bytes | None:
        """A small object's content; `None` when there is none."""
        with self._translated():
            try:
                with self._opened().open_input_stream(self._path(name)) as stream:
                    content: bytes = stream.read(_LARGEST_READ)
                    return content
            except FileNotFoundError:
                return None

    def digest(self, name: str, most: int) -> tuple[int, str] | None:
        """An object's length and SHA-256 in hexadecimal digits; `None` when there is none.

        Of one of more than `most` bytes no more is read than shows it.
        """
        sha256, length = hashlib.sha256(), 0
        with self._translated():
            try:
                with self._opened().open_input_stream(self._path(name)) as stream:
                    while length <= most and (piece := stream.read(_PIECE)):
                        sha256.update(piece)
                        length += len(piece)
            except FileNotFoundError:
                return None
        return length, sha256.hexdigest()

    def _opened(self) -> fs.S3FileSystem:
        if self._store is None:
            raise RuntimeError("a bucket is used within a with")
        return self._store

    def _path(self, name: str) -> str:
        return "/".join(part for part in (self._target.bucket, self._target.prefix, name) if part)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as failure:
            # The library's words hold the endpoint's answer, which is not ours to repeat.
            raise Unavailable(
                f"bucket: {self._target.bucket} at {self._place.host} refuses or does not answer; check the key, its "
                "rights to get and put objects, and the bucket's name and region"
            ) from failure
