"""Checks on vmauth's users: a cluster writes as itself, a reader reads what it needs, no token stands in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.regex import NotRE2, matches
from rules.check.source import Document, Kind
from rules.render.gate import EXPORT_PATHS, READ_PATHS, WRITE_PATHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.node import Node

_KINDS: Final = (Kind.USERS,)
_WRITES: Final = (*WRITE_PATHS, "/api/v1/import", "/api/v1/import/prometheus", "/write", "/api/put")
# Where no tenant filter reaches, or what changes the store.
_FORBIDDEN: Final = (
    *("/api/v1/admin/tsdb/delete_series", "/api/v1/export", "/api/v1/series/count", "/api/v1/status/top_queries"),
    *(
        "/api/v1/status/active_queries",
        "/metrics/find",
        "/snapshot/create",
        "/internal/force_merge",
        "/vmui/",
        "/flags",
    ),
)
_EXAMPLES: Final = {"/api/v1/label/[^/]+/values": "/api/v1/label/job/values"}


def _users(document: Document) -> Iterator[tuple[str, Node]]:
    for user in document.root.each("users"):
        yield user.string("name") or user.string("username") or "a user without a name", user
    for user in document.root.each("unauthorized_user"):
        yield "unauthorized_user", user


def _routes(user: Node) -> Iterator[tuple[int, tuple[str, ...], tuple[str, ...]]]:
    """Line, paths as patterns (`.*` when there are none), and the URLs behind."""
    for route in user.each("url_map"):
        yield route.line, route.strings("src_paths") or (".*",), route.strings("url_prefix")
    if user.at("url_prefix") is not None:
        yield user.line_of("url_prefix"), (".*",), user.strings("url_prefix")


def _lets(patterns: tuple[str, ...], path: str) -> bool:
    for pattern in patterns:
        try:
            if matches(pattern, path):
                return True
        except NotRE2:
            continue
    return False


def _labels(url: str) -> set[str]:
    query = urlsplit(url).query
    return {value.split("=", 1)[0] for name, value in parse_qsl(query, keep_blank_values=True) if name == "extra_label"}


def _writes_as_any(document: Document, _: Surroundings) -> Iterator[Hit]:
    for name, user in _users(document):
        for line, patterns, urls in _routes(user):
            if any(_lets(patterns, path) for path in _WRITES):
                missing = [label for label in ("cluster", "region") if any(label not in _labels(url) for url in urls)]
                if missing:
                    yield Hit(line, f"{name}: writes without extra_label={missing[0]}= and so as any {missing[0]}")


def _too_wide(document: Document, _: Surroundings) -> Iterator[Hit]:
    for name, user in _users(document):
        routes = list(_routes(user))
        patterns = tuple(pattern for _line, some, _urls in routes for pattern in some)
        line = user.line
        reads = [path for path in READ_PATHS if _lets(patterns, _EXAMPLES.get(path, path))]
        if reads and any(_lets(patterns, path) for path in _WRITES):
            yield Hit(line, f"{name}: one token both reads and writes")
        forbidden = next((path for path in _FORBIDDEN if _lets(patterns, path)), None)
        # The billing run reads raw samples of everybody, and therefore nothing else.
        if forbidden is not None and patterns != EXPORT_PATHS:
            yield Hit(line, f"{name}: reaches {forbidden}, where no tenant's filter counts")
        if name == "unauthorized_user":
            yield Hit(line, "unauthorized_user: whoever has no token comes in")


def _token_in_file(document: Document, _: Surroundings) -> Iterator[Hit]:
    for name, user in _users(document):
        for key in ("bearer_token", "password"):
            value = user.string(key)
            if value and "%{" not in value:
                yield Hit(user.line_of(key), f"{name}: {key} stands in the file")


CHECKS: Final = (
    Check(
        "SM080",
        "writer-of-any-cluster",
        "Labels in the data are believed: without extra_label in the URL a cluster can write as another.",
        "Add ?extra_label=cluster=<its name>&extra_label=region=<its region> to the writer's url_prefix.",
        _KINDS,
        _writes_as_any,
    ),
    Check(
        "SM081",
        "token-too-wide",
        "A token that reaches more than its holder needs turns a leak into a loss of everybody's data.",
        "List src_paths exactly, as compose/rendered/vmauth.yml does; one token for reading, one for each writer.",
        _KINDS,
        _too_wide,
    ),
    Check(
        "SM082",
        "token-in-file",
        "A token in a committed file is everybody's.",
        "Write %{NAME} and give the token by vmauth's environment.",
        _KINDS,
        _token_in_file,
    ),
)
