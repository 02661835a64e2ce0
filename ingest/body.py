"""A request's body: read up to a limit, decompressed up to the same limit."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Protocol

import zstandard

from core.errors import BadRequest, CallerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request


class TooLarge(CallerError):
    """The body is over the limit, before or after decompression; it must be sent in parts."""

    code = "too_large"
    status = 413


class UnknownEncoding(CallerError):
    """The body is compressed in a way that nobody here reads."""

    code = "unsupported_encoding"
    status = 415


class CannotDecompress(BadRequest):
    """The body is not of the encoding that its header names; `raw` is what came."""

    def __init__(self, message: str, raw: bytes) -> None:
        super().__init__(message)
        self.raw = raw


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes, /) -> bytes: ...


_STREAMS: Final[Mapping[str, Callable[[], _Stream]]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "deflate": lambda: zlib.decompressobj(15),
    "zstd": lambda: zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj(),
}
# Small pieces, so that a body that grows a thousandfold is stopped soon after it is over the limit.
_PIECE: Final = 16 * 1024


async def read(request: Request, limit: int) -> bytes:
    """The body as it was before compression.

    Raises:
        TooLarge: it has more than `limit` bytes.
        UnknownEncoding: its Content-Encoding is none of gzip, deflate, zstd and identity.
        CannotDecompress: it is not what its Content-Encoding says.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", *_STREAMS}:
        raise UnknownEncoding("Content-Encoding: nobody reads it here; use gzip, zstd, deflate or none")
    if (
        request.headers.get("content-length", "0").isdecimal()
        and int(request.headers.get("content-length", "0")) > limit
    ):
        raise _too_large(limit)
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > limit:
            raise _too_large(limit)
    if encoding in {"", "identity"}:
        return bytes(raw)
    return _decompressed(bytes(raw), _STREAMS[encoding], limit)


def _decompressed(raw: bytes, make: Callable[[], _Stream], limit: int) -> bytes:
    """All frames of a body, one after the other."""
    whole = bytearray()
    stream: _Stream | None = None
    position = 0
    rest = b""
    try:
        while rest or position < len(raw):
            if not rest:
                rest = raw[position : position + _PIECE]
                position += _PIECE
            stream = stream or make()
            whole += stream.decompress(rest)
            rest = b""
            if len(whole) > limit:
                raise _too_large(limit)
            if stream.eof:
                rest, stream = stream.unused_data or b"", None
    except (zlib.error, zstandard.ZstdError) as failure:
        raise CannotDecompress("Content-Encoding: the body is not of it", raw) from failure
    if stream is not None:
        raise CannotDecompress("Content-Encoding: the body ends too early", raw)
    return bytes(whole)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body has more than {limit} bytes, decompressed; send it in parts")
