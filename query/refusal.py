"""What a store's refusal means to the tenant who asked: our words, and at most the tenant's own text quoted back.

A store's message carries the enforced filter, internal addresses and limits by flag name. None of it is passed on:
the message is recognised, and said again in a sentence of ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from core.errors import BadRequest, CallerError, ServiceError, StarmeterError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """The store answered with something that is no answer; retry after `retry_after` seconds."""

    code: ClassVar[str] = "unavailable"
    status: ClassVar[int] = 502
    retry_after: ClassVar[int] = 5


def explain(status: int, message: str, text: str, argument: str = "query") -> StarmeterError:
    """Turn a store's refusal into the error that the tenant sees.

    Args:
        status: the store's HTTP status.
        message: the store's own message; read, never quoted.
        text: the tenant's own expression, the only thing that may be quoted.
        argument: what the expression was given as.
    """
    if any(sign in message for sign in _TIMEOUT):
        return QueryTimeoutError(TOOK_TOO_LONG)
    if status in {429, 503}:
        return Unavailable("the region's metrics store is overloaded; retry later")
    if status not in {400, 422}:
        return UpstreamError("the region's metrics store failed")
    for pattern, say in _MALFORMED:
        if match := pattern.search(message):
            return BadRequest(f"{argument}: {say(match, text)}")
    return ExecutionError(next((said for sign, said in _NOT_EXECUTABLE if sign in message), _CANNOT))


def _position(match: re.Match[str], text: str) -> str:
    rest = _unquoted(match["rest"])
    if not rest:
        return "unexpected end of the expression"
    if not text.endswith(rest):
        return _INVALID
    return f"unexpected {rest[:20]!r} at character {len(text) - len(rest) + 1}"


def _open_string(match: re.Match[str], text: str) -> str:
    opened = _unquoted(match["string"])
    if not text.endswith(opened):
        return "a string is not closed"
    return f"the string {opened[:20]} at character {len(text) - len(opened) + 1} is not closed"


def _regexp(match: re.Match[str], text: str) -> str:
    pattern = _unquoted(match["pattern"])
    why = f": {match['why']}" if match["why"] in _REGEXP_ERRORS else ""
    return (
        f"invalid regular expression {pattern[:40]!r}{why}" if pattern in text else f"invalid regular expression{why}"
    )


def _bare_value(match: re.Match[str], text: str) -> str:
    return f"{match['value']} is no string; put it in quotes" if match["value"] in text else _INVALID


def _function(match: re.Match[str], text: str) -> str:
    return f"unknown function {match['name']}" if match["name"] in text else _INVALID


def _arguments(match: re.Match[str], _: str) -> str:
    return f"a function takes {match['want']} arguments, not {match['got']}"


def _invalid(_match: re.Match[str], _text: str) -> str:
    return _INVALID


def _unquoted(text: str) -> str:
    """Undo the quoting with which the store puts a piece of the expression into its message."""
    return _ESCAPE.sub(lambda escape: {"n": "\n", "t": "\t", "r": "\r"}.get(escape[1], escape[1]), text)


_INVALID: Final = "not a valid PromQL or MetricsQL expression"
_CANNOT: Final = "the query cannot be executed"
_ANY: Final = re.DOTALL  # an expression may have several lines
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_REGEXP_ERRORS: Final = frozenset(
    {
        "expression nests too deeply",
        "invalid character class range",
        "invalid escape sequence",
        "invalid named capture",
        "invalid nested repetition operator",
        "invalid or unsupported Perl syntax",
        "invalid repeat count",
        "missing argument to repetition operator",
        "missing closing )",
        "missing closing ]",
        "trailing backslash at end of expression",
        "unexpected )",
    }
)

# What is wrong with an expression, most telling first. The store quotes the whole expression before it says it, so a
# tenant's own text may match anything here: that changes only which of our sentences the tenant gets.
_MALFORMED: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], str]], ...]] = (
    (
        re.compile(
            r'cannot find closing quote . for the string "(?P<string>.*?)"(?:; unparsed data: ".*")?$', re.DOTALL
        ),
        _open_string,
    ),
    (re.compile(r'unexpected token ".*?"; want .*; unparsed data: "(?P<rest>.*)"$', _ANY), _position),
    (re.compile(r'unparsed data left: "(?P<rest>.*)"$', _ANY), _position),
    (
        re.compile(
            r'(?:invalid regexp in [^=]*=|cannot compile regex )"(?P<pattern>.*)": '
            r"error parsing regexp: (?P<why>[^:]*): `",
            re.DOTALL,
        ),
        _regexp,
    ),
    (re.compile(r'missing "(?P<value>[A-Za-z0-9_:.]{1,64})" value inside StringExpr$'), _bare_value),
    (re.compile(r'unknown func "(?P<name>[A-Za-z_][A-Za-z0-9_]{0,63})"$'), _function),
    (
        re.compile(r"unexpected number of args; got (?P<got>[0-9]+); want (?P<want>[0-9]+(?:\.\.\.[0-9]+)?)$"),
        _arguments,
    ),
    (re.compile(r"(?:cannot parse|cannot find|cannot expand WITH|unparsed data|missing `)"), _invalid),
)
_MANY_TO_MANY: Final = (
    "many-to-many matching: several series on the {side} side have the same matching labels; "
    "match on more labels, or use group_left or group_right"
)
_TOO_LARGE: Final = "the query needs more series or points than a single read may; narrow its selectors or range"
_NOT_EXECUTABLE: Final = (
    ("duplicate time series on the left side of", _MANY_TO_MANY.format(side="left")),
    ("duplicate time series on the right side of", _MANY_TO_MANY.format(side="right")),
    ("cannot exceed", _TOO_LARGE),
    ("cannot select more than", _TOO_LARGE),
    ("too many", _TOO_LARGE),
    ("not enough memory", _TOO_LARGE),
    (
        "duplicate output timeseries",
        "several series of the answer would have the same labels; aggregate, or keep their names",
    ),
)
