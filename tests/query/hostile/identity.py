"""Families 3.5 and 3.6: headers that claim a tenant, method or path, and credentials that are no single valid token."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.query.hostile.case import Case, Refused, Same
from tests.query.hostile.request import PRODUCTION, PROJECT, VIEWER
from tests.query.platform import PROJECT_A, PROJECT_B

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base

_B: Final = PROJECT_B.encode()
_RIVAL_PATH: Final = b"/v1/projects/" + _B + b"/prometheus/api/v1/query?query=up"

_HEADERS: Final[tuple[tuple[str, tuple[tuple[bytes, bytes], ...]], ...]] = (
    ("40", ((b"X-Scope-OrgID", _B),)),
    ("40", ((b"X-Scope-OrgID", PROJECT_A.encode() + b"|" + _B),)),
    ("40", ((b"THANOS-TENANT", _B),)),
    ("40", ((b"X-Prom-Label-Policy", b"1:%7B__name__!=%22%22%7D"),)),
    ("40", ((b"AccountID", b"0"), (b"ProjectID", b"0"))),
    ("40", ((b"X-Project-Id", _B),)),
    ("40", ((b"project_id", _B),)),
    ("40", ((b"Extra-Filters", b'{__name__!=""}'),)),
    ("40", ((b"extra_filters[]", b'{__name__!=""}'),)),
    ("40", ((b"X-Grafana-User", b"rival"), (b"X-Dashboard-Uid", _B))),
    ("40", ((b"X-WEBAUTH-USER", b"rival"),)),
    ("40", ((b"X-Forwarded-User", b"rival"), (b"Forwarded", b"for=127.0.0.1;proto=https"))),
    ("40", ((b"X-Forwarded-For", b"127.0.0.1"), (b"X-Real-IP", b"127.0.0.1"))),
    ("40", ((b"X-Forwarded-Host", b"127.0.0.1:1"), (b"X-Forwarded-Prefix", b"/v1/projects/" + _B))),
    ("42", ((b"Connection", b"Authorization"),)),
    ("42", ((b"Connection", b"extra_label, X-Tenant, close"),)),
    ("42", ((b"TE", b"trailers"), (b"Trailer", b"extra_filters"))),
    ("43", ((b"vm-target-url", b"http://127.0.0.1:1/"),)),
    ("43", ((b"Vm-Target-Url", b"http://127.0.0.1:1/"), (b"Connection", b"vm-target-url"))),
    ("39", ((b"X-HTTP-Method-Override", b"DELETE"),)),
    ("39", ((b"X-Original-URL", _RIVAL_PATH),)),
    ("39", ((b"X-Rewrite-URL", _RIVAL_PATH),)),
    ("39", ((b"X-Original-URI", _RIVAL_PATH), (b"X-Envoy-Original-Path", _RIVAL_PATH))),
    ("39", ((b"Upgrade", b"h2c"), (b"HTTP2-Settings", b"AAMAAABkAARAAAAAAAIAAAAA"))),
    ("39", ((b"Upgrade", b"websocket"), (b"Sec-WebSocket-Key", b"AAAAAAAAAAAAAAAAAAAAAA=="))),
    ("54", ((b"Cookie", b"token=<rival>"),)),
    ("54", ((b"Range", b"bytes=0-10"),)),
    ("54", ((b"If-None-Match", b"*"),)),
    ("54", ((b"If-Modified-Since", b"Sat, 01 Jan 2050 00:00:00 GMT"),)),
    ("54", ((b"Cache-Control", b"only-if-cached"),)),
    ("54", ((b"Accept", b"text/csv"),)),
    ("54", ((b"Origin", b"https://evil.example"), (b"Access-Control-Request-Method", b"DELETE"))),
    ("44", ((b"Cookie", b"Authorization=Bearer <rival>"),)),
    ("44", ((b"Proxy-Authorization", b"Bearer <rival>"),)),
    ("44", ((b"X-Authorization", b"Bearer <rival>"),)),
    ("44", ((b"X-API-Key", b"<rival>"),)),
)
# None is one valid token of somebody who may read A's metrics.
_CREDENTIALS: Final[tuple[tuple[str, bytes | None, tuple[tuple[bytes, bytes], ...]], ...]] = (
    ("none", None, ()),
    ("an empty one", b"", ()),
    ("no token", b"Bearer", ()),
    ("no token but a space", b"Bearer ", ()),
    ("the rival's", b"Bearer <rival>", ()),
    ("a narrower one beside the wide", VIEWER, ((b"Authorization", b"Bearer <rival>"),)),
    ("the same twice", VIEWER, ((b"Authorization", VIEWER),)),
    ("the rival's first", b"Bearer <rival>", ((b"authorization", VIEWER),)),
    ("basic and bearer", b"Basic dmlld2VyOng=", ((b"Authorization", VIEWER),)),
    ("two in one", b"Bearer <viewer>, Bearer <rival>", ()),
    ("two tokens", b"Bearer <rival> <viewer>", ()),
    ("expired", b"Bearer <expired>", ()),
    ("revoked", b"Bearer <revoked>", ()),
    ("of another role", b"Bearer <billing>", ()),
    ("of the platform", b"Bearer <platform>", ()),
    ("for logs only", b"Bearer <logs_only>", ()),
    ("of a member without a role", b"Bearer <member>", ()),
    ("basic", b"Basic <viewer>", ()),
    ("a bare token", b"<viewer>", ()),
    ("with a suffix", VIEWER + b"x", ()),
    ("in another case", b"Bearer SM_AAAA", ()),
    ("with a NUL", b"Bearer sm_%00", ()),
    ("in Latin-1", b"Bearer \xe9", ()),
    ("wildcard", b"Bearer *", ()),
    ("very long", b"Bearer " + b"x" * 5_000, ()),
    ("in the cookie only", None, ((b"Cookie", b"Authorization=Bearer <viewer>"),)),
    ("an unsigned JWT", b"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ2aWV3ZXIifQ.", ()),
)


def cases(bases: tuple[Base, ...]) -> Iterator[Case]:
    """Claims that change nothing, and credentials that open nothing."""
    count = next(base for base in bases if base.name == "count")
    values = next(base for base in bases if base.name == "values of project_id")
    for technique, headers in _HEADERS:
        for base in (count, values):
            name = f"{base.name}: {headers[0][0].decode()}: {headers[0][1].decode('latin-1')}"
            yield Case(technique, name, replace(base.get(), headers=headers), Same(base.name))
    for name, credential, headers in _CREDENTIALS:
        for base in (count, values):
            asked = replace(base.get(), credential=credential, headers=headers)
            yield Case("47", f"{base.name}: credential {name}", asked, Refused())
    for argument in (b"token=<viewer>", b"access_token=<viewer>", b"authKey=<viewer>", b"api_key=<viewer>"):
        in_url = replace(count.get(), query=count.form + b"&" + argument, credential=None)
        yield Case("44", f"{argument.decode()} in the URL", in_url, Refused())
    for token in ("production", "pair"):
        credential = b"Bearer <%b>" % token.encode()
        wide = replace(count.get(), credential=credential, scope=PROJECT + b"/environments/nope")
        yield Case("47", f"a narrowed token ({token}) elsewhere", wide, Refused())
    preview = replace(count.get(), credential=b"Bearer <production>", scope=PROJECT + b"/environments/pr-7")
    yield Case("47", "a narrowed token in another environment", preview, Refused())
    own = replace(count.get(), credential=b"Bearer <production>", scope=PRODUCTION)
    yield Case("47", "a narrowed token in its own environment", own, Same("production"))
