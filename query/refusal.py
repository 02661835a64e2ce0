"""What a store's refusal means to the tenant who asked: our words, and at most the tenant's own text quoted back.

A store's message carries the enforced filter, internal addresses and limits by flag name. None of it is passed on:
the message is recognised, and said again in a sentence of ours.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

from core.errors import BadRequest, CallerError, ServiceError, StarmeterError, Unavailable

_UNEXPECTED: Final = re.compile(
    r'unexpected token "(?P<token>.*?)"; want .*; unparsed data: "(?P<rest>.*)"$', re.DOTALL
)
_LEFT: Final = re.compile(r'unparsed data left: "(?P<rest>.*)"$', re.DOTALL)
_FUNCTION: Final = re.compile(r'unknown func "(?P<name>[A-Za-z_][A-Za-z0-9_]{0,63})"')
_COUNT: Final = re.compile(r"unexpected number of args; got (?P<got>[0-9]+); want (?P<want>[0-9]+(?:\.\.\.[0-9]+)?)")
_SIDE: Final = re.compile(r"duplicate time series on the (?P<side>left|right) side of")
_MALFORMED: Final = ("cannot parse", "cannot find", "unexpected token", "unparsed data", "unknown func", "missing ")
_TOO_LARGE: Final = ("cannot exceed", "cannot select more than", "too many", "exceeds", "not enough memory", "limit")
TOOK_TOO_LONG: Final = "the query took too long; narrow its range or its selectors"
_TIMEOUT: Final = ("timeout exceeded", "timed out", "deadline exceeded")


class ExecutionError(CallerError):
    """A well-formed query that the store cannot execute: too large, or contradictory."""

    code: ClassVar[str] = "execution"
    status: ClassVar[int] = 422


class QueryTimeoutError(ServiceError):
    """The query took longer than it may."""

    code: ClassVar[str] = "timeout"
    status: ClassVar[int] = 504


class UpstreamError(ServiceError):
    """The store answered with something that is no answer."""

    code: ClassVar[str] = "unavailable"
    status: ClassVar[int] = 502


def explain(status: int, message: str, query: str) -> StarmeterError:  # noqa: PLR0911 - one return a recognised cause
    """Turn a store's refusal into the error that the tenant sees.

    Args:
        status: the store's HTTP status.
        message: the store's own message; read, never quoted.
        query: the tenant's own text, the only thing that may be quoted.
    """
    if any(sign in message for sign in _TIMEOUT):
        return QueryTimeoutError(TOOK_TOO_LONG)
    if status in {429, 503}:
        return Unavailable("the region's metrics store is overloaded; retry later")
    if status >= 500 or status not in {400, 422}:  # noqa: PLR2004 - the class of server errors
        return UpstreamError("the region's metrics store failed")
    # The store quotes the whole query first; what it says about it comes last.
    if match := _UNEXPECTED.search(message) or _LEFT.search(message):
        return BadRequest(f"query: {_position(match['rest'], query)}")
    if (match := _FUNCTION.search(message)) and match["name"] in query:
        return BadRequest(f"query: unknown function {match['name']}")
    if match := _COUNT.search(message):
        return BadRequest(f"query: a function takes {match['want']} arguments, not {match['got']}")
    if match := _SIDE.search(message):
        return ExecutionError(
            f"many-to-many matching: several series on the {match['side']} side have the same matching labels; "
            "match on more labels, or use group_left or group_right"
        )
    said = message.rpartition("): ")[2]
    if any(sign in said for sign in _MALFORMED):
        return BadRequest("query: not a valid PromQL or MetricsQL expression")
    if any(sign in said for sign in _TOO_LARGE):
        return ExecutionError(
            "the query needs more series or points than a single read may; narrow its selectors or range"
        )
    return ExecutionError("the query cannot be executed")


def _position(quoted: str, query: str) -> str:
    """Where the expression stops making sense, if what the store quotes is the tail of the tenant's own text."""
    rest = quoted.replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")
    if not rest:
        return "unexpected end of the expression"
    if query.endswith(rest):
        at = len(query) - len(rest)
        return f"unexpected {rest[:20]!r} at character {at + 1}"
    return "not a valid PromQL or MetricsQL expression"
