"""Doors with one seeded defect each: what people really wrote, so that the suite can be seen to notice it.

All of them authenticate, know their one tenant, and would pass every honest test.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode

import aiohttp
from aiohttp import web
from yarl import URL

from tests.query.hostile.serving import serving
from tests.query.platform import PROJECT_A

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.query.platform import Tokens

_TARGET: Final = re.compile(
    rf"/v1/projects/{PROJECT_A}(?:/environments/(production|pr-7)(?:/services/([0-9a-f-]{{36}}))?)?"
    r"/prometheus(/[^?]*)(?:\?(.*))?",
    re.DOTALL,
)


# A selector added to any other path would do harm there: deleting takes one too.
_SELECTING: Final = ("/api/v1/series", "/api/v1/label", "/api/v1/status/tsdb", "/federate")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A read as it arrived: the raw path and query; and the labels that ought to confine it."""

    path: str
    query: str
    labels: dict[str, str]


def _filter(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def pass_through(read: Incoming) -> str:
    """No enforcement at all."""
    return read.query


def append_filter(read: Incoming) -> str:
    """`extra_filters[]` at the end of the client's own query."""
    return f"{read.query}&extra_filters[]={quote(_filter(read.labels))}"


def prepend_filter(read: Incoming) -> str:
    """`extra_filters[]` in front of the client's own query."""
    return f"extra_filters[]={quote(_filter(read.labels))}&{read.query}"


def prepend_label(read: Incoming) -> str:
    """`extra_label`, which cannot be widened, in front of a query that may begin with a separator of its own."""
    joint = "" if read.query.startswith(("&", ";")) else "&"
    return "&".join(f"extra_label={name}={value}" for name, value in read.labels.items()) + joint + read.query


def override_filter(read: Incoming) -> str:
    """The URL parsed and its `extra_filters[]` overridden; the body goes on as it came."""
    kept = [pair for pair in parse_qsl(read.query, keep_blank_values=True) if pair[0] != "extra_filters[]"]
    return urlencode([*kept, ("extra_filters[]", _filter(read.labels))])


def rewrite_matches(read: Incoming) -> str:
    """The tenant written into every `match[]` of the URL, queries enforced well, and nothing else looked at."""
    pairs = parse_qsl(read.query, keep_blank_values=True)
    if read.path.startswith("/api/v1/query"):
        return urlencode([*pairs, *(("extra_label", f"{name}={value}") for name, value in read.labels.items())])
    if not read.path.startswith(_SELECTING):
        return read.query
    matchers = _filter(read.labels)[1:-1]
    matches = [_narrowed(value, matchers) for name, value in pairs if name == "match[]"]
    others = [pair for pair in pairs if pair[0] != "match[]"]
    return urlencode([*others, *(("match[]", match) for match in matches or [_filter(read.labels)])])


def _narrowed(selector: str, matchers: str) -> str:
    if selector.rstrip().endswith("}"):
        return selector.rstrip().removesuffix("}") + f",{matchers}}}"
    return f"{selector}{{{matchers}}}"


def forget_narrowing(read: Incoming) -> str:
    """The project enforced well, in a URL of its own making; environment and service forgotten."""
    pairs = parse_qsl(read.query, keep_blank_values=True)
    kept = [pair for pair in pairs if not pair[0].startswith(("extra_", "trace"))]
    return urlencode([*kept, ("extra_label", f"project_id={PROJECT_A}")])


class _Door:
    """Passes everything on with the query that `rewrite` makes of it."""

    def __init__(self, store_url: str, tokens: Tokens, rewrite: Callable[[Incoming], str]) -> None:
        self._store_url = store_url
        self._credential = f"Bearer {tokens.viewer}"
        self._rewrite = rewrite
        self._session: aiohttp.ClientSession | None = None

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        match = _TARGET.fullmatch(request.raw_path)
        if match is None:
            return web.Response(status=404)
        if request.headers.getall("Authorization", []) != [self._credential]:
            return web.Response(status=401)
        labels = {"project_id": PROJECT_A, "environment": match[1], "service_id": match[2]}
        read = Incoming(match[3], match[4] or "", {name: value for name, value in labels.items() if value})
        try:
            return await self._pass_on(
                request, URL(f"{self._store_url}{read.path}?{self._rewrite(read)}", encoded=True)
            )
        except (aiohttp.ClientError, UnicodeError, ValueError):
            return web.Response(status=400)

    async def _pass_on(self, request: web.BaseRequest, url: URL) -> web.Response:
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False)
        headers = _only(request.headers, "Content-Type", "Accept-Encoding")
        body = await request.read()
        async with self._session.request(request.method, url, data=body, headers=headers) as upstream:
            kept = _only(upstream.headers, "Content-Type", "Content-Encoding")
            return web.Response(status=upstream.status, body=await upstream.read(), headers=kept)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _only(headers: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}


@contextmanager
def defective_door(store_url: str, tokens: Tokens, rewrite: Callable[[Incoming], str]) -> Iterator[str]:
    """A door for A's viewer over the store at `store_url`; yields its URL."""
    door = _Door(store_url, tokens, rewrite)
    with serving(door.answer, door.close) as url:
        yield url
