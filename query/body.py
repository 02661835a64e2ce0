"""Bodies read with a bound: a client's form, and a store's answer where it is needed whole."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Final

from core.errors import BadRequest, CallerError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    from core.http1 import Answer

_FORM_BYTES: Final = 64 * 1024
_FORM_SECONDS: Final = 10.0
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class TooLargeError(CallerError):
    """The request's form is larger than any legal one."""

    code = "too_large"
    status = 413


class TooSlowError(CallerError):
    """The request's form takes longer to arrive than any legal one."""

    code = "request_timeout"
    status = 408


class ClientGoneError(Exception):
    """The client closed its connection before it had sent its whole request."""


async def form_of(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> bytes:
    """The whole body of a request.

    Raises:
        TooLargeError: it is larger than 64 KiB.
        TooSlowError: it did not arrive within 10 s.
        ClientGoneError: the client went away before it was whole.
    """
    body = b""
    try:
        async with asyncio.timeout(_FORM_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise ClientGoneError
                piece: bytes = message.get("body", b"")
                body += piece
                if len(body) > _FORM_BYTES:
                    raise TooLargeError(f"body: larger than {_FORM_BYTES} bytes")
                if not message.get("more_body", False):
                    return body
    except TimeoutError:
        raise TooSlowError(f"body: not received within {_FORM_SECONDS:g} s") from None


def check_form_type(content_type: bytes, content_encoding: bytes) -> None:
    """Only a plain form is read: other types are where two parsers begin to disagree.

    Raises:
        BadRequest: any other content type, or an encoded body.
    """
    if content_encoding:
        raise BadRequest("Content-Encoding: send the form as it is, without an encoding")
    kind, _, parameters = content_type.partition(b";")
    if kind.strip().lower() != b"application/x-www-form-urlencoded" or parameters.strip().lower() not in {
        b"",
        b"charset=utf-8",
        b'charset="utf-8"',
    }:
        raise BadRequest("Content-Type: send application/x-www-form-urlencoded")


async def whole(answer: Answer, most: int) -> bytes:
    """A store's whole answer, decompressed; at most `most` bytes of it, before and after.

    Raises:
        Unavailable: it is larger, or its compression is broken.
        BrokenConnectionError: it never arrived whole.
    """
    raw = b""
    while piece := await answer.read():
        raw += piece
        if len(raw) > most:
            raise Unavailable("a store's answer is larger than expected")
    if answer.headers.get(b"content-encoding") != b"gzip":
        return raw
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    try:
        text = inflate.decompress(raw, most)
    except zlib.error as failure:
        raise Unavailable("a store's answer is broken") from failure
    if inflate.unconsumed_tail:
        raise Unavailable("a store's answer is larger than expected")
    return text
