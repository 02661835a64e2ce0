"""The platform's own pages: nobody but its staff gets in, and its staff gets no word of its own into a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.query.hostile.case import Case, Refused
from tests.query.hostile.request import FORM, PROJECT, Request
from tests.query.platform import PROJECT_A, PROJECT_B

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base

PAGES: Final = (b"/v1/cardinality", b"/v1/cardinality/top", b"/v1/cardinality/growth", b"/v1/cardinality/who")
STAFF: Final = b"Bearer <platform>"
_A: Final = PROJECT_A.encode()
_B: Final = PROJECT_B.encode()
# None is the one valid token of somebody on the staff.
_CREDENTIALS: Final[tuple[tuple[bytes | None, tuple[tuple[bytes, bytes], ...]], ...]] = (
    *((b"Bearer <%b>" % name, ()) for name in (b"owner", b"viewer", b"production", b"pair", b"billing", b"member")),
    *((b"Bearer <%b>" % name, ()) for name in (b"logs_only", b"rival", b"expired", b"revoked")),
    *((credential, ()) for credential in (None, b"", b"Bearer", b"Bearer *", b"<platform>", b"Basic <platform>")),
    (STAFF + b"x", ()),
    (b"Bearer <viewer>, Bearer <platform>", ()),
    (b"Bearer <viewer>", ((b"Authorization", STAFF),)),
    (STAFF, ((b"authorization", b"Bearer <viewer>"),)),
    (None, ((b"Cookie", b"Authorization=Bearer <platform>"),)),
    (b"Bearer <viewer>", ((b"X-Authorization", STAFF), (b"X-Forwarded-User", b"platform"))),
    (b"Bearer <viewer>", ((b"X-Original-URL", b"/v1/cardinality"), (b"X-Platform-Role", b"platform"))),
)
_ARGUMENTS: Final = (
    # Of a language that the argument is put into, were it not quoted and checked.
    *(b"project=" + text for text in (_A + b'"', _A + b"|" + _B, _A.upper(), b".%2B", b"*", _A + b"%0A", _A + b"%00")),
    *(
        b"metric=" + text
        for text in (b"%7B__name__!=%22%22%7D", b"up%20or%20up", b"up%22%7D", b"up%5B1h%5D", b"%D0%B0")
    ),
    *(b"label=" + text for text in (b"a-b", b"mark)(up", b"mark,project_id", b"mark%22", b"m%C3%A4rk", b"__name__%00")),
    *(b"limit=" + text for text in (b"0", b"-1", b"1e3", b"101", b"0x10", b"%D9%A3", b"1%2C2", b"9" * 40)),
    *(b"region=" + text for text in (b"NEAR", b"near%2Cfar", b"..%2Fnear", b"*", b"http://127.0.0.1:1")),
    # Of the store, which takes them from wherever they come.
    b"extra_label=project_id=" + _A,
    b"extra_filters[]=%7B__name__!=%22%22%7D",
    b"match[]=%7B__name__!=%22%22%7D",
    b"query=count(up)",
    b"topN=1000000",
    b"focusLabel=mark",
    b"date=1970-01-01",
    b"timeout=1h",
    b"access_token=<platform>",
    # Given twice, two readers read two values.
    b"project=" + _A + b"&project=" + _B,
    b"metric=up&metric=up",
    b"limit=1&%6cimit=100",
    b"region=near&region=",
)
# Of single pages.
_HOURS: Final = tuple(b"hours=" + text for text in (b"0", b"25", b"1h", b"1.5", b"-1", b"1&hours=2"))


def cases(bases: tuple[Base, ...]) -> Iterator[Case]:
    """Whoever is not staff, whatever is no argument, wherever else the pages might be found."""
    count = next(base for base in bases if base.name == "count")
    for page in PAGES:
        for credential, headers in _CREDENTIALS:
            asked = Request(page, b"project=" + _A, credential=credential, headers=headers, scope=None)
            yield Case("platform", f"{page.decode()} with {credential!r} {headers}", asked, Refused())
        hours = _HOURS if page.endswith((b"growth", b"who")) else (b"hours=1",)
        for argument in (*_ARGUMENTS, *hours):
            asked = Request(page, argument, credential=STAFF, scope=None)
            yield Case("platform", f"{page.decode()}?{argument.decode('latin-1')}", asked, Refused())
        for method in (b"POST", b"PUT", b"DELETE", b"PATCH"):
            form = Request(page, b"", b"limit=1", method, (FORM,), credential=STAFF, scope=None)
            yield Case("platform", f"{method.decode()} {page.decode()}", form, Refused())
        for spelled in (
            page + b"/",
            b"/" + page,
            page.upper(),
            page + b"%00",
            page.replace(b"/v1", b"/v1/."),
            page + b";x",
        ):
            asked = Request(spelled, credential=STAFF, scope=None)
            yield Case("platform", spelled.decode("latin-1"), asked, Refused())
        # The staff's token opens no tenant, and a tenant's path leads to no page of the staff.
        below = Request(page.removeprefix(b"/v1"), b"", scope=PROJECT)
        yield Case("platform", f"below a project: {page.decode()}", below, Refused())
    tenant = Request(count.path, count.form, credential=STAFF)
    yield Case("platform", "a tenant's read with the staff's token", tenant, Refused())
