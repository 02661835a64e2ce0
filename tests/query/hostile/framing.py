"""Families 3.5 and 3.6: the message itself malformed, doubled or ambiguous about where it begins and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.query.hostile.case import Case, Same
from tests.query.hostile.request import Request
from tests.query.platform import PROJECT_B

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base

_TAIL: Final = b"Host: <host>\r\nAuthorization: Bearer <viewer>\r\nConnection: close\r\n"
_SMUGGLED: Final = (
    b"GET /v1/projects/" + PROJECT_B.encode() + b"/prometheus/api/v1/query?query=up HTTP/1.1\r\n"
    b"Host: <host>\r\nAuthorization: Bearer <viewer>\r\nConnection: close\r\n\r\n"
)
_ALL: Final = b"extra_filters=%7B__name__%21%3D%22%22%7D"
_FORM: Final = b"Content-Type: application/x-www-form-urlencoded\r\n"


def cases(bases: tuple[Base, ...]) -> Iterator[Case]:
    """Whatever the server makes of each message: every answer that comes back is A's own, or a refusal."""
    base = next(base for base in bases if base.name == "count")
    path = b"<base>/api/v1/query"
    target = path + b"?" + base.form
    same = Same("count")
    for technique, name, line in (
        ("38", "an absolute target", b"GET http://<host>" + target + b" HTTP/1.1"),
        ("38", "an absolute target elsewhere", b"GET http://127.0.0.1:1" + target + b" HTTP/1.1"),
        ("38", "a protocol-relative target", b"GET //127.0.0.1:1" + target + b" HTTP/1.1"),
        ("38", "a target with a user", b"GET http://x@<host>" + target + b" HTTP/1.1"),
        ("38", "a target without a slash", b"GET " + target[1:] + b" HTTP/1.1"),
        ("38", "CONNECT", b"CONNECT <host> HTTP/1.1"),
        ("38", "OPTIONS of everything", b"OPTIONS * HTTP/1.1"),
        ("35", "a fragment", b"GET " + target + b"#&" + _ALL + b" HTTP/1.1"),
        ("35", "a space in the target", b"GET " + target + b" &" + _ALL + b" HTTP/1.1"),
        ("35", "a tab in the target", b"GET " + target + b"\t&" + _ALL + b" HTTP/1.1"),
        ("35", "a NUL in the target", b"GET " + target + b"\x00&" + _ALL + b" HTTP/1.1"),
        ("35", "a bare CR in the target", b"GET " + target + b"\r&" + _ALL + b" HTTP/1.1"),
        ("35", "a bare LF in the target", b"GET " + target + b"\n&" + _ALL + b" HTTP/1.1"),
        ("35", "CRLF in the target", b"GET " + target + b"\r\nX-Injected: 1\r\n&" + _ALL + b" HTTP/1.1"),
        ("35", "raw Latin-1 in the target", b"GET " + target + b"&\xe9=" + _ALL + b" HTTP/1.1"),
        ("35", "two question marks", b"GET " + path + b"??" + base.form + b"&" + _ALL + b" HTTP/1.1"),
        ("46", "HTTP/1.0", b"GET " + target + b" HTTP/1.0"),
        ("46", "HTTP/0.9", b"GET " + target),
        ("46", "HTTP/2.0", b"GET " + target + b" HTTP/2.0"),
        ("46", "HTTP/9.9", b"GET " + target + b" HTTP/9.9"),
        ("46", "a lower-case protocol", b"GET " + target + b" http/1.1"),
        ("46", "two spaces", b"GET  " + target + b"  HTTP/1.1"),
        ("46", "a blank line before", b"\r\n\r\nGET " + target + b" HTTP/1.1"),
    ):
        yield Case(technique, name, Request(head=line + b"\r\n" + _TAIL + b"\r\n"), same)
    post = b"POST " + path + b" HTTP/1.1\r\n" + _TAIL + _FORM
    form = base.form + b"&" + _ALL
    length = b"Content-Length: %d\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n"
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(form), form)
    for name, head, body in (
        ("chunks", post + chunked + b"\r\n", chunks),
        ("chunks with an extension", post + chunked + b"\r\n", b"%x;x=%b\r\n%b\r\n0\r\n\r\n" % (len(form), _ALL, form)),
        ("chunks with a trailer", post + chunked + b"\r\n", chunks[:-2] + b"extra_filters: x\r\n\r\n"),
        ("chunks and a length", post + chunked + length % len(chunks) + b"\r\n", chunks),
        ("a length and chunks", post + length % 4 + chunked + b"\r\n", chunks),
        ("two lengths", post + length % len(form) + length % 5 + b"\r\n", form),
        ("the same length twice", post + (length % len(form)) * 2 + b"\r\n", form),
        ("a length list", post + b"Content-Length: %d, %d\r\n\r\n" % (len(form), len(form)), form),
        ("a signed length", post + b"Content-Length: +%d\r\n\r\n" % len(form), form),
        ("a negative length", post + b"Content-Length: -1\r\n\r\n", form),
        ("chunks in another case", post + b"Transfer-Encoding: CHUNKED\r\n\r\n", chunks),
        ("chunks, then identity", post + b"Transfer-Encoding: chunked, identity\r\n\r\n", chunks),
        ("an unknown coding", post + b"Transfer-Encoding: xchunked\r\n\r\n", chunks),
        ("a space before the colon", post + b"Transfer-Encoding : chunked\r\n" + length % len(form) + b"\r\n", form),
        ("a folded header", post + b"X-Folded: a\r\n b\r\n" + length % len(form) + b"\r\n", form),
        ("a header without a name", post + b": x\r\n" + length % len(form) + b"\r\n", form),
        ("a NUL in a header", post + b"X-Nul: a\x00b\r\n" + length % len(form) + b"\r\n", form),
        ("an expectation", post + b"Expect: 100-continue\r\n" + length % len(form) + b"\r\n", form),
        ("a huge chunk size", post + chunked + b"\r\n", b"fffffffffffffffff\r\n" + form),
        ("a length shorter than the body", post + length % len(base.form) + b"\r\n", form),
    ):
        yield Case("46", name, Request(head=head, body=body), same)
    # A second message behind the first: refused or answered on its own, it stays a request of A's for B.
    first = b"GET " + target + b" HTTP/1.1\r\nHost: <host>\r\nAuthorization: Bearer <viewer>\r\n\r\n"
    yield Case("46", "two messages in one", Request(head=first + _SMUGGLED), same)
    hidden = post.replace(b"Connection: close\r\n", b"") + length % len(base.form) + b"\r\n" + base.form + _SMUGGLED
    yield Case("46", "a message behind a form", Request(head=hidden), same)
    confused = (
        b"POST "
        + path
        + b" HTTP/1.1\r\nHost: <host>\r\nAuthorization: Bearer <viewer>\r\n"
        + _FORM
        + length % len(base.form)
        + b"Transfer-Encoding: identity\r\n\r\n"
        + base.form
        + _SMUGGLED
    )
    yield Case("46", "a message behind an ambiguous form", Request(head=confused), same)
    lent = b"GET " + target + b" HTTP/1.1\r\nHost: <host>\r\nAuthorization: Bearer <viewer>\r\n"
    yield Case("46", "a second host", Request(head=lent + b"Host: 127.0.0.1:1\r\nConnection: close\r\n\r\n"), same)
    hostless = b"GET " + target + b" HTTP/1.1\r\nAuthorization: Bearer <viewer>\r\nConnection: close\r\n\r\n"
    yield Case("46", "no host", Request(head=hostless), same)
