"""Families 3.1 and 3.5: smuggled arguments under every method, content type, separator and framing of the message."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.query.hostile.case import Case, Refused, Same
from tests.query.hostile.request import FORM, Request
from tests.query.hostile.smuggling import SMUGGLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base

_ALL: Final = SMUGGLED[3][1]  # extra_filters={__name__!=""}
_TELLING: Final = frozenset({"count", "query_range", "series", "labels", "federate", "tsdb"})
_BOUNDARY: Final = b"----------------starmeter"
_METHODS: Final = (b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS", b"TRACE", b"FOO", b"post", b"get", b"QUERY")

# Whether Go's server would read the body as a form, and the type. None of them is a plain form to the door, except
# those that _PLAIN lists.
_TYPES: Final[tuple[bytes | None, ...]] = (
    b"application/x-www-form-urlencoded",
    b"application/x-www-form-urlencoded; charset=utf-8",
    b"APPLICATION/X-WWW-FORM-URLENCODED",
    b"application/x-www-form-urlencoded;foo",
    b"application/x-www-form-urlencoded; charset=utf-16",
    b"application/x-www-form-urlencoded, text/plain",
    b"text/plain, application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=" + _BOUNDARY,
    b"multipart/form-data",
    b"multipart/mixed; boundary=" + _BOUNDARY,
    b"text/plain",
    b"application/json",
    b"",
    None,
)
# Before `&extra_filters…` and around the honest arguments; `Q` is the honest form, `X` the smuggled argument.
_SEPARATORS: Final = (
    b";x=1&Q",
    b";&Q",
    b"%zz&Q",
    b"%zz=1&Q",
    b"x=%zz&Q",
    b"%&Q&X",
    b"x=1;y=2&Q&X",
    b"Q;X",
    b"Q&;X",
    b"X;Q",
    b"Q%26X",
    b"Q%3BX",
    b"Q&&&X",
    b"&Q&X",
    b"?Q&X",
    b"Q?X",
    b"Q%3FX",
    b"Q%0D%0AX",
    b"Q%00&X",
    b"Q\x0bX",
    b"=&Q&=X",
    b"Q&X\xff",
    b"Q&\xc3\xa9=1&X",
)


def cases(bases: tuple[Base, ...]) -> Iterator[Case]:
    """Every carriage of the whole catalogue."""
    yield from _methods(bases)
    for base in bases:
        if base.name in _TELLING:
            yield from _separators(base)
        yield from _multipart(base)
    count = next(base for base in bases if base.name == "count")
    yield from _types(count)
    yield from _crowds(count)
    yield from _encodings(count)


def _methods(bases: tuple[Base, ...]) -> Iterator[Case]:
    for base in bases:
        for method in _METHODS:
            url = replace(base.get(), method=method)
            yield Case("37", f"{base.name}: {method.decode()} with the arguments in the URL", url, Refused())
        for method in (b"PUT", b"PATCH", b"DELETE"):
            technique = "8" if method == b"DELETE" else "7"
            body = replace(base.post(), method=method, body=base.form + b"&" + _ALL)
            yield Case(technique, f"{base.name}: {method.decode()} with a form", body, Refused())
        if not base.takes_post:
            yield Case("37", f"{base.name}: POST where only GET is served", base.post(), Refused())
        with_body = replace(base.get(), body=_ALL, headers=(FORM,))
        yield Case("8", f"{base.name}: GET with a form", with_body, Refused())


def _types(base: Base) -> Iterator[Case]:
    for kind in _TYPES:
        named = "no type" if kind is None else kind.decode() or "an empty type"
        headers = () if kind is None else ((b"Content-Type", kind),)
        body = _parts(base.form + b"&" + _ALL) if kind and kind.startswith(b"multipart") else base.form + b"&" + _ALL
        for method in (b"POST", b"GET", b"PUT", b"DELETE"):
            whole = Request(base.path, b"", body, method, headers)
            split = replace(whole, query=base.form, body=body)
            expected = Same(base.name) if method == b"POST" else Refused()
            yield Case("9", f"{method.decode()} as {named}", whole, expected)
            yield Case("9", f"{method.decode()} as {named}, honest URL", split, expected)
    twice = Request(base.path, b"", base.form + b"&" + _ALL, b"POST", (FORM, (b"Content-Type", b"text/plain")))
    yield Case("9", "two content types", twice, Same(base.name))
    yield Case("9", "two content types, the form last", replace(twice, headers=twice.headers[::-1]), Same(base.name))


def _separators(base: Base) -> Iterator[Case]:
    for pattern in _SEPARATORS:
        text = pattern.replace(b"X", _ALL).replace(b"Q", base.form)
        shown = pattern.decode("latin-1").encode("unicode_escape").decode()
        yield Case("13", f"{base.name}: {shown} in the URL", replace(base.get(), query=text), Same(base.name))
        if base.takes_post:
            yield Case("13", f"{base.name}: {shown} in the body", replace(base.post(), body=text), Same(base.name))


def _multipart(base: Base) -> Iterator[Case]:
    headers = ((b"Content-Type", b"multipart/form-data; boundary=" + _BOUNDARY),)
    for method in (b"GET", b"POST", b"PUT"):
        smuggled = replace(base.get(), method=method, body=_parts(_ALL), headers=headers)
        # A door may not even look at a body of this type, whatever it holds.
        yield Case("6", f"{base.name}: {method.decode()} multipart beside the URL", smuggled, Refused())
    whole = Request(base.path, b"", _parts(base.form + b"&" + _ALL), b"POST", headers, scope=base.scope)
    yield Case("6", f"{base.name}: everything in parts", whole, Refused())


def _parts(form: bytes) -> bytes:
    """A form's arguments as parts; values stay percent-decoded only as far as these arguments need it."""
    text = b""
    for pair in form.split(b"&"):
        name, _, value = pair.partition(b"=")
        plain = value.replace(b"+", b" ")
        for code, character in ((b"%7B", b"{"), (b"%7D", b"}"), (b"%21", b"!"), (b"%3D", b"="), (b"%22", b'"')):
            plain = plain.replace(code, character)
        plain = plain.replace(b"%28", b"(").replace(b"%29", b")")
        text += b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (_BOUNDARY, name, plain)
    return text + b"--%b--\r\n" % _BOUNDARY


def _crowds(base: Base) -> Iterator[Case]:
    """Technique 14: more arguments than a parser takes, so that it gives up on the enforcement too."""
    for count in (200, 300, 1_100, 5_000, 10_001):
        many = b"&".join([b"a"] * count)
        in_url = replace(base.get(), query=many + b"&" + base.form + b"&" + _ALL)
        yield Case("14", f"{count} arguments in the URL", in_url, Same(base.name))
        in_body = replace(base.post(), body=many + b"&" + base.form + b"&" + _ALL)
        yield Case("14", f"{count} arguments in the body", in_body, Same(base.name))
        beside = replace(base.post(), query=many, body=base.form + b"&" + _ALL)
        yield Case("14", f"{count} arguments in the URL of a form", beside, Same(base.name))
    for size in (70_000, 1_100_000):
        huge = replace(base.post(), body=base.form + b"&" + _ALL + b"&x=" + b"x" * size)
        yield Case("45", f"a form of {size} bytes", huge, Refused())


def _encodings(base: Base) -> Iterator[Case]:
    form = base.form + b"&" + _ALL
    for encoding in (b"gzip", b"x-gzip", b"identity, gzip", b"deflate", b"br"):
        packed = Request(base.path, b"", gzip.compress(form), b"POST", (FORM, (b"Content-Encoding", encoding)))
        yield Case("45", f"a form in {encoding.decode()}", packed, Refused())
    bomb = gzip.compress(b"x=" + b"0" * 30_000_000, 9)
    yield Case(
        "45",
        "a compression bomb",
        Request(base.path, b"", bomb, b"POST", (FORM, (b"Content-Encoding", b"gzip"))),
        Refused(),
    )
    honest = Request(base.path, b"", form, b"POST", (FORM, (b"Content-Encoding", b"gzip")))
    yield Case("45", "a plain form said to be compressed", honest, Refused())
    for accepted in (b"gzip", b"br, deflate", b"*", b"gzip;q=0", b"identity;q=0"):
        asked = replace(base.get(), headers=((b"Accept-Encoding", accepted),))
        yield Case("45", f"an answer in {accepted.decode()}", asked, Same(base.name))
    for code in ("utf-16", "utf-32", "utf-7"):
        text = form.decode().encode(code)
        yield Case("10", f"a form in {code}", Request(base.path, b"", text, b"POST", (FORM,)), Same(base.name))
    marked = Request(base.path, b"", b"\xef\xbb\xbf" + form, b"POST", (FORM,))
    yield Case("10", "a form with a byte order mark", marked, Same(base.name))
