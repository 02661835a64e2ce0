"""A request's body: read up to a limit, decompressed up to the same limit."""

from __future__ import annotations

import asyncio
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


_LARGEST_WINDOW: Final = 1 << 27
_STREAMS: Final[Mapping[str, Callable[[], _Stream]]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "deflate": lambda: zlib.decompressobj(15),
    "zstd": lambda: zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj(),
}
# Names of old that mean the same (RFC 9110, 8.4.1.3).
_ALIASES: Final = {"x-gzip": "gzip"}
# Deflate grows a thousandfold at most, so that a step of it makes no more than 16 MiB.
_PIECE: Final = 16 * 1024
_STEP: Final = 64 * 1024
# Whoever compresses in parallel makes a frame of a megabyte or so; none of these costs much, but millions would.
_MOST_FRAMES: Final = 1_000
# A body that is larger before decompression is decompressed in another thread: the loop has others to serve.
_AT_ONCE: Final = 4 * 1024


async def read(request: Request, limit: int) -> bytes:
    """The body as it was before compression.

    Raises:
        TooLarge: it has more than `limit` bytes.
        UnknownEncoding: its Content-Encoding is not one of gzip, deflate, zstd and identity.
        CannotDecompress: it is not what its Content-Encoding says.
    """
    said = request.headers.get("content-encoding", "").strip().lower()
    encoding = _ALIASES.get(said, said)
    if "," in encoding:
        raise UnknownEncoding("Content-Encoding: a body is compressed once here; use gzip, zstd, deflate or none")
    if encoding not in {"", "identity", *_STREAMS}:
        raise UnknownEncoding("Content-Encoding: nobody reads it here; use gzip, zstd, deflate or none")
    if (
        request.headers.get("content-length", "0").isdecimal()
        and int(request.headers.get("content-length", "0")) > limit
    ):
        raise _too_large(limit)
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
    whole = b"".join(pieces)
    if encoding in {"", "identity"}:
        return whole
    if len(whole) <= _AT_ONCE:
        return decompressed(whole, encoding, limit)
    return await asyncio.to_thread(decompressed, whole, encoding, limit)


def decompressed(raw: bytes, encoding: str, limit: int) -> bytes:
    """All frames of a body, one after the other.

    Raises:
        TooLarge: they have more than `limit` bytes together, or are too many.
        CannotDecompress: it is not of the encoding.
    """
    try:
        if encoding == "zstd":
            _bound(raw, limit)
        return _joined(raw, _STREAMS[encoding], limit)
    except (zlib.error, zstandard.ZstdError) as failure:
        raise CannotDecompress("Content-Encoding: the body is not of it", raw) from failure


def _bound(raw: bytes, limit: int) -> None:
    """Refuse a body that grows over the limit, before there is any room for it.

    Four bytes of Zstandard can make 128 KiB, which no size of the pieces that go in would bound; what comes out of this
    reader is bounded, but it does not tell whether the last frame is whole.
    """
    step = bytearray(_STEP)
    left = limit
    reader = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).stream_reader(raw, read_across_frames=True)
    while made := reader.readinto(step):
        left -= made
        if left < 0:
            raise _too_large(limit)


def _joined(raw: bytes, make: Callable[[], _Stream], limit: int) -> bytes:
    whole = bytearray()
    stream: _Stream | None = None
    position = frames = 0
    rest = b""
    while rest or position < len(raw):
        if not rest:
            rest = raw[position : position + _PIECE]
            position += _PIECE
        if stream is None:
            stream = make()
            frames += 1
            if frames > _MOST_FRAMES:
                raise TooLarge(f"the body has more than {_MOST_FRAMES} compressed frames; compress it as one")
        whole += stream.decompress(rest)
        rest = b""
        if len(whole) > limit:
            raise _too_large(limit)
        if stream.eof:
            rest, stream = stream.unused_data or b"", None
    if stream is not None:
        raise CannotDecompress("Content-Encoding: the body ends too early", raw)
    return bytes(whole)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body has more than {limit} bytes, decompressed; send it in parts")
