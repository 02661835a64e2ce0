"""A request as it goes over the wire, byte by byte: nothing is normalised, completed or encoded on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.query import platform

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM: Final = (b"Content-Type", b"application/x-www-form-urlencoded")
PROJECT: Final = b"/v1/projects/" + platform.PROJECT_A.encode()
PRODUCTION: Final = PROJECT + b"/environments/production"
SERVICE: Final = PRODUCTION + b"/services/" + platform.SERVICE_A1.encode()
VIEWER: Final = b"Bearer <viewer>"

_OWN_FRAMING: Final = {b"content-length", b"transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Request:
    """One message. `<viewer>` and the other names of tokens stand for the tokens themselves.

    `scope` is the path of the tenant, before `/prometheus`; `None` makes `path` the whole path. `head` replaces the
    method, the target and the headers altogether; in it `<base>` stands for the data source's path.
    """

    path: bytes = b""
    query: bytes = b""
    body: bytes = b""
    method: bytes = b"GET"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    credential: bytes | None = VIEWER
    scope: bytes | None = PROJECT
    head: bytes | None = None

    def message(self, host: bytes, tokens: Mapping[str, str], *, bare: bool = False) -> bytes:
        """The bytes to send to `host`; `bare` leaves the tenant's path out, as a store itself wants it."""
        base = b"" if self.scope is None or bare else self.scope + b"/prometheus"
        if self.head is None:
            target = base + self.path + (b"?" + self.query if self.query else b"")
            lines = [b"%b %b HTTP/1.1" % (self.method, target), b"Host: " + host]
            if self.credential is not None:
                lines.append(b"Authorization: " + self.credential)
            lines += [b"%b: %b" % header for header in self.headers]
            if self.body and not any(name.lower() in _OWN_FRAMING for name, _ in self.headers):
                lines.append(b"Content-Length: %d" % len(self.body))
            head = b"\r\n".join([*lines, b"Connection: close", b"", b""])
        else:
            head = self.head.replace(b"<base>", base).replace(b"<host>", host)
        for name, token in tokens.items():
            head = head.replace(b"<%b>" % name.encode(), token.encode())
        return head + self.body
