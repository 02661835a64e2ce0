"""Checks on what vmauth refuses of its users: none, twice the same, nowhere to send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.regex import refusal
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.node import Node

_CREDENTIALS: Final = ("bearer_token", "auth_token", "username", "jwt")


def _refused(document: Document, _: Surroundings) -> Iterator[Hit]:
    root = document.root
    users = [user for user in root.each("users") if user.tag == "map"]
    if not users and root.at("unauthorized_user") is None:
        yield Hit(root.line_of("users"), "there is no user")
    known: dict[str, int] = {}
    for user in users:
        name = user.string("name") or user.string("username") or "a user without a name"
        yield from (Hit(line, f"{name}: {what}") for line, what in _of_user(user))
        for key in ("bearer_token", "auth_token", "username"):
            shown = f"{key} {user.string('password')} {user.string(key)}"
            if user.string(key) and shown in known:
                yield Hit(user.line_of(key), f"{name}: the same {key} as at line {known[shown]}")
            known.setdefault(shown, user.line_of(key))
    for user in root.each("unauthorized_user"):
        yield from (Hit(line, f"unauthorized_user: {what}") for line, what in _of_routes(user))


def _of_user(user: Node) -> Iterator[tuple[int, str]]:
    given = [key for key in _CREDENTIALS if user.at(key) is not None]
    if not given:
        yield user.line, "neither bearer_token nor username"
    elif len(given) > 1:
        yield user.line_of(given[1]), f"both {given[0]} and {given[1]}"
    elif given == ["bearer_token"] and user.string("password"):
        yield user.line_of("password"), "a password beside a bearer_token"
    yield from _of_routes(user)


def _of_routes(user: Node) -> Iterator[tuple[int, str]]:
    routes = [route for route in user.each("url_map") if route.tag == "map"]
    if not routes and user.at("url_prefix") is None:
        yield user.line, "url_prefix is missing, or empty"
    for node in (user, *routes):
        yield from _of_targets(node)
    for route in routes:
        if not any(route.each(key) for key in ("src_paths", "src_hosts", "src_query_args", "src_headers")):
            yield route.line, "src_paths is missing in url_map, or empty"
        if route.at("url_prefix") is None:
            yield route.line, "url_prefix is missing in url_map"
        for pattern in route.each("src_paths"):
            if (why := refusal(pattern.text)) is not None:
                yield pattern.line, f"src_paths: {why}"


def _of_targets(node: Node) -> Iterator[tuple[int, str]]:
    targets = node.each("url_prefix")
    if node.at("url_prefix") is not None and not targets:
        yield node.line_of("url_prefix"), "url_prefix is empty"
    for target in targets:
        # What comes from the environment is an address once it is there.
        if target.tag not in {"map", "seq"} and "%{" not in target.text and not _is_address(target.text):
            yield target.line, f"url_prefix {target.text!r} is no address; write http://host:port"
    for header in node.each("headers"):
        if header.tag not in {"map", "seq"} and ":" not in header.text:
            yield header.line, f"headers: {header.text!r} is not written as `Name: value`"


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


CHECKS: Final = (
    Check(
        "SM083",
        "user-refused",
        "vmauth refuses its whole file for one user it cannot take: then nobody writes and nobody reads.",
        "Give each user one credential of its own, and each route src_paths and a url_prefix.",
        (Kind.USERS,),
        _refused,
    ),
)
