"""Raw HTTP/1.1 over a socket: what was written is sent, and everything that comes back is read until the end."""

from __future__ import annotations

import contextlib
import gzip
import socket
from dataclasses import dataclass
from typing import Final

_SECONDS: Final = 20.0
_CONTINUE: Final = 100


class WireError(Exception):
    """What came back is no HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response; the body without its transfer and content encodings, header names in lower case."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


def exchange(address: tuple[str, int], message: bytes) -> tuple[Answer, ...]:
    """Send `message` on a connection of its own; every response until the server closes it, however many.

    Raises:
        WireError: the server answered with something else than HTTP responses.
        TimeoutError: it neither answered nor closed.
    """
    with socket.create_connection(address, _SECONDS) as connection:
        # A server may refuse and close before it has read everything; what it said can still be read.
        with contextlib.suppress(ConnectionError):
            connection.sendall(message)
        received = bytearray()
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(65_536):
                received += piece
    return _answers(bytes(received), is_head=message.startswith(b"HEAD "))


def _answers(text: bytes, *, is_head: bool) -> tuple[Answer, ...]:
    answers = []
    while text:
        head, found, rest = text.partition(b"\r\n\r\n")
        line, *fields = head.split(b"\r\n")
        protocol, _, status = line.partition(b" ")
        if not found or protocol not in {b"HTTP/1.1", b"HTTP/1.0"} or not status[:3].isdigit():
            raise WireError(f"not a response: {text[:80]!r}")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(b":") for field in fields)}
        code = int(status[:3])
        # A body that must not be there is read all the same: whatever comes back is judged.
        body, text = (b"", rest) if code == _CONTINUE or (is_head and not rest) else _body(headers, rest)
        if headers.get(b"content-encoding") == b"gzip":
            body = gzip.decompress(body)
        if code != _CONTINUE:
            answers.append(Answer(code, headers, body))
    return tuple(answers)


def _body(headers: dict[bytes, bytes], text: bytes) -> tuple[bytes, bytes]:
    """The body at the start of `text`, and what follows it."""
    if headers.get(b"transfer-encoding") == b"chunked":
        body = b""
        while True:
            size, found, text = text.partition(b"\r\n")
            if not found:
                raise WireError("a chunked answer was cut")
            length = int(size.partition(b";")[0], 16)
            body, text = body + text[:length], text[length + 2 :]
            if length == 0:
                return body, text
    if (length_text := headers.get(b"content-length")) is not None:
        length = int(length_text)
        if len(text) < length:
            raise WireError("an answer was cut")
        return text[:length], text[length:]
    return text, b""
