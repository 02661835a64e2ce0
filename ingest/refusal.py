"""Which near-miss a refused cluster name is; only ever asked about texts that the grammar does not match."""

from __future__ import annotations

import re
from typing import Final

from ingest.grammar import MAX_NUMBER, ROUTE_KINDS
from ingest.reason import Reason

_LAYER_4: Final = frozenset({"tcproute", "tlsroute", "udproute"})
_MERGED: Final = frozenset({"service", "serviceimport", "backend"})
_IDS_LENGTH: Final = 64
_MAX_NAMESPACE: Final = 63
_MAX_ENVIRONMENT: Final = 30

# Every expression below is matched in linear time: a repeat is never followed by one that shares its characters, or it
# is bounded.
_INTERNAL: Final = re.compile(
    r"(?:xds|local|wasm|ratelimit)_cluster|prometheus_stats|invalid-backend-cluster|tracing(?:-[0-9]+)?"
    r"|otel_metric_sink_[0-9]+|accesslog-[0-9]+|accesslog_(?:otel|als)_[0-9]+_[0-9]+"
    r"|sds_.*_[0-9a-f]{32}"
    r"|[-_a-z0-9]+_[0-9]{1,5}"  # a URL's host and port, as for OIDC and JWKS: oauth_foo_com_443
    r"|[-a-z0-9]+-[0-9a-f]{8}",  # the gateway's own: namespace, name and a hash
    re.ASCII,
)
_FLAT_NAME: Final = re.compile(r".*-rule-[0-9]+-match-[0-9]+(?:-mirror-[0-9]+)?", re.ASCII)
_HYPHENATED_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_NOT_OF_A_LABEL: Final = re.compile(r"[^-a-z0-9]", re.ASCII)
_UPPER_CASE: Final = re.compile(r"[A-Z]", re.ASCII)


def reason_for(name: str) -> Reason:
    """The reason why `name` is no cluster name of a customer route: `text = kind "/" rest`."""
    if not name:
        return Reason.EMPTY
    if name.endswith("\n"):
        return Reason.TRAILING_NEWLINE
    if name != name.strip():
        return Reason.WHITE_SPACE
    if not name.isprintable():
        return Reason.UNPRINTABLE
    kind, *rest = name.split("/", 8)
    if kind in ROUTE_KINDS:
        return _of_route(rest)
    return _of_other(name, kind, rest)


def _of_other(name: str, kind: str, rest: list[str]) -> Reason:
    """Clusters of no HTTP or gRPC route: told by their first segment, or by the whole when it is the only one."""
    return (
        _first(
            (kind in _LAYER_4, Reason.LAYER_4_ROUTE),
            (kind in _MERGED and bool(rest), Reason.MERGED_BACKENDS),
            (kind.endswith("policy") and bool(rest), Reason.POLICY_SERVICE),
            (kind.lower() in {*ROUTE_KINDS, *_LAYER_4}, Reason.ROUTE_KIND_CASE),
            (rest[1:2] == ["rule"] and rest[3:4] == ["match"], Reason.OLD_NAMING_SCHEME),
            (_FLAT_NAME.fullmatch(name) is not None, Reason.OLD_NAMING_SCHEME),
            (kind == "accesslog" and bool(rest), Reason.GATEWAY_INTERNAL),
            (_INTERNAL.fullmatch(name) is not None, Reason.GATEWAY_INTERNAL),
        )
        or Reason.NOT_A_ROUTE
    )


def _of_route(rest: list[str]) -> Reason:
    """`rest = namespace "/" route "/rule/" number [ "/backend/" number ]`."""
    namespace, route, literal, rule, *ending = [*rest, *[""] * (4 - len(rest))]
    if literal == "rule" and any("-mirror-" in number for number in (rule, *ending[1:2])):
        return Reason.MIRROR
    if literal == "rule" and ending[:1] == ["match"]:
        return Reason.ACCESS_LOG_ROUTE
    if any("." in segment for segment in rest):
        return Reason.DOTTED
    return (
        _of_label("NAMESPACE", namespace, _MAX_NAMESPACE)
        or _of_route_name(route)
        or (Reason.RULE_MISSING if literal != "rule" or len(rest) <= 3 else None)  # noqa: PLR2004 - three stand before it
        or _of_number("RULE", rule)
        or (_of_number("BACKEND", "".join(ending[1:2])) if ending[:1] == ["backend"] else None)
        or Reason.TRAILING_TEXT
    )


def _of_route_name(route: str) -> Reason | None:
    """`route = 32 hex digits, 32 hex digits, "-", environment`; by position, since an environment may hold `-`."""
    digits = len(route) - len(route.lstrip("0123456789abcdef"))
    if digits < _IDS_LENGTH:
        return _of_short_ids(route, digits)
    if digits > _IDS_LENGTH:
        return Reason.IDS_TOO_LONG
    if len(route) == _IDS_LENGTH:
        return Reason.ENVIRONMENT_EMPTY
    if route[_IDS_LENGTH] != "-":
        return Reason.SEPARATOR_MISSING
    return _of_label("ENVIRONMENT", route[_IDS_LENGTH + 1 :], _MAX_ENVIRONMENT)


def _of_short_ids(route: str, digits: int) -> Reason:
    """What stands where 64 lower-case hex digits should; only the first `digits` characters are such."""
    if len(route) - len(route.lstrip("0123456789abcdefABCDEF")) >= _IDS_LENGTH:
        return Reason.IDS_UPPER_CASE
    if _HYPHENATED_ID.match(route):
        return Reason.IDS_HYPHENATED
    if digits >= _IDS_LENGTH // 2 and route[digits : digits + 1] in {"", "-"}:
        return Reason.IDS_TOO_SHORT
    ids = route[:_IDS_LENGTH]
    return Reason.IDS_CHARACTER if len(ids) == _IDS_LENGTH and ids.isalnum() else Reason.FOREIGN_ROUTE


def _of_label(field: str, text: str, longest: int) -> Reason | None:
    """An RFC 1123 label of 1 to `longest` characters."""
    return _first(
        (not text, Reason[f"{field}_EMPTY"]),
        (len(text) > longest, Reason[f"{field}_TOO_LONG"]),
        (_UPPER_CASE.search(text) is not None, Reason[f"{field}_UPPER_CASE"]),
        (_NOT_OF_A_LABEL.search(text) is not None, Reason[f"{field}_CHARACTER"]),
        (text.startswith("-") or text.endswith("-"), Reason[f"{field}_HYPHEN"]),
    )


def _of_number(field: str, text: str) -> Reason | None:
    """A number from 0 to 9999 in its only decimal form."""
    return _first(
        (not text, Reason[f"{field}_EMPTY"]),
        (text.startswith("-") and text[1:].isdecimal(), Reason[f"{field}_NEGATIVE"]),
        (not text.isdigit(), Reason[f"{field}_NOT_A_NUMBER"]),
        (not text.isascii(), Reason[f"{field}_OTHER_DIGITS"]),
        (text.startswith("0") and text != "0", Reason[f"{field}_LEADING_ZERO"]),
        (len(text) > len(str(MAX_NUMBER)), Reason[f"{field}_TOO_LARGE"]),
    )


def _first(*findings: tuple[bool, Reason]) -> Reason | None:
    """The reason of the first finding that holds."""
    return next((reason for holds, reason in findings if holds), None)
