"""Content encodings of requests and answers: gzip, deflate, zstd and LZ4 frames, piece by piece."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Protocol

import lz4.frame  # type: ignore[import-untyped]
import zstandard

from compose.clickhouse.failure import CANNOT_DECOMPRESS, UNKNOWN_ENCODING, ClickHouseFailure

if TYPE_CHECKING:
    from collections.abc import Callable


class Encoder(Protocol):
    """Compresses a body; what it holds back comes out at `flush` (so far) or `finish` (for good)."""

    def encode(self, data: bytes) -> bytes:
        """Compress more of the body."""
        ...

    def finish(self) -> bytes:
        """The end of the body."""
        ...


class _Zlib:
    def __init__(self, window: int) -> None:
        self._stream = zlib.compressobj(1, zlib.DEFLATED, window)

    def encode(self, data: bytes) -> bytes:
        return self._stream.compress(data)

    def finish(self) -> bytes:
        return self._stream.flush()


class _Zstd:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(level=1).compressobj()

    def encode(self, data: bytes) -> bytes:
        return self._stream.compress(data)

    def finish(self) -> bytes:
        return self._stream.flush()


class _Lz4:
    def __init__(self) -> None:
        self._stream = lz4.frame.LZ4FrameCompressor()
        self._head: bytes = self._stream.begin()

    def encode(self, data: bytes) -> bytes:
        head, self._head = self._head, b""
        return head + bytes(self._stream.compress(data))

    def finish(self) -> bytes:
        head, self._head = self._head, b""
        return head + bytes(self._stream.flush())


# In the order of preference when a client takes several.
_ENCODERS: Final[dict[str, Callable[[], Encoder]]] = {
    "zstd": _Zstd,
    "lz4": _Lz4,
    "gzip": lambda: _Zlib(31),
    "deflate": lambda: _Zlib(15),
}


def accepted(header: str) -> str | None:
    """The encoding to answer in, of those that an Accept-Encoding header names."""
    named = {part.partition(";")[0].strip().lower() for part in header.split(",")}
    return next((name for name in _ENCODERS if name in named), None)


def encoder(name: str) -> Encoder:
    """A fresh compressor of a name that `accepted` gave."""
    return _ENCODERS[name]()


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes, /) -> bytes: ...


_DECODERS: Final[dict[str, Callable[[], _Stream]]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "deflate": lambda: zlib.decompressobj(15),
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    "lz4": lz4.frame.LZ4FrameDecompressor,
}


class Decoder:
    """Decompresses a request's body, which may be several compressed frames one after the other.

    Raises:
        ClickHouseFailure: nobody knows the encoding.
    """

    def __init__(self, name: str) -> None:
        make = _DECODERS.get(name)
        if make is None:
            raise ClickHouseFailure.of(
                UNKNOWN_ENCODING, f"Unknown compression method: {name}; use one of {', '.join(_DECODERS)}"
            )
        self._make = make
        self._stream: _Stream | None = None

    def decode(self, data: bytes) -> bytes:
        """Decompress more of the body.

        Raises:
            ClickHouseFailure: it is not of that encoding.
        """
        whole = bytearray()
        while data:
            stream = self._stream = self._stream or self._make()
            try:
                whole += stream.decompress(data)
            except (zlib.error, zstandard.ZstdError, RuntimeError, EOFError) as failure:
                raise ClickHouseFailure.of(CANNOT_DECOMPRESS, "Cannot decompress the request's body") from failure
            data = b""
            if stream.eof:
                data, self._stream = stream.unused_data or b"", None
        return bytes(whole)

    def finish(self) -> None:
        """Check that the last frame is whole.

        Raises:
            ClickHouseFailure: it is cut.
        """
        if self._stream is not None:
            raise ClickHouseFailure.of(CANNOT_DECOMPRESS, "Cannot decompress the request's body: it is cut")
