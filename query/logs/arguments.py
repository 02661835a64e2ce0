"""The arguments of a log read, read once and strictly: each is known, given once, and within its bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import unquote_plus

from core.errors import BadRequest, CallerError
from query.form import Form
from query.logs import condition, moment
from query.logs.condition import Condition
from query.logs.grammar import parse

if TYPE_CHECKING:
    from collections.abc import Collection

    from query.logs.expression import Expression
    from query.logs.settings import LogLimits

_MOST_URL_BYTES: Final = 32 * 1024
_DEFAULT_RANGE: Final = moment.DAY
_DEFAULT_RECORDS: Final = 100


class OverLimitError(CallerError):
    """The read would go over a limit; the message says what to narrow."""

    code: ClassVar[str] = "too_much_read"
    status: ClassVar[int] = 422


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of time in nanoseconds."""

    start: int
    end: int

    @property
    def condition(self) -> Condition:
        """Records within it."""
        return Condition(condition.fixed("range"), {"start": self.start, "end": self.end})


class Arguments:
    """The arguments of one request at `now`, in the URL and perhaps a form; `query_name` is the filter's.

    Without `allowed`, what is not known is not looked at, as some APIs have it.

    Raises:
        BadRequest: one is unknown, the URL or the body is no form, or the URL is too long.
    """

    def __init__(
        self,
        query_string: bytes,
        allowed: Collection[str] | None,
        now: int,
        *,
        body: bytes = b"",
        query_name: str = "q",
    ) -> None:
        if len(query_string) > _MOST_URL_BYTES:
            raise BadRequest(f"URL: arguments longer than {_MOST_URL_BYTES} bytes; shorten them")
        self._form = Form(query_string, body)
        self.now = now
        self._query_name = query_name
        if allowed is None:
            return
        names = {unquote_plus(piece.partition("=")[0]) for piece in query_string.decode().split("&")} - {""}
        if unknown := sorted(names - set(allowed)):
            shown = ", ".join(name[:40] if name.isprintable() else "one unprintable" for name in unknown[:5])
            raise BadRequest(f"{shown}: no such argument; use {', '.join(sorted(allowed))}")
        # A duplicate is refused even where the argument would not be looked at.
        for name in names:
            self._form.scalar(name)

    def text(self, name: str) -> str | None:
        """An argument's value; `None` when it is absent or empty."""
        return self._form.scalar(name)

    def all(self, name: str) -> list[str]:
        """Every value of an argument that may be given more than once."""
        return self._form.all(name)

    @property
    def query(self) -> str:
        """The filter's text; empty when it is absent."""
        return self._form.scalar(self._query_name) or ""

    def expression(self) -> Expression | None:
        """The filter, read.

        Raises:
            FilterError: it is none.
        """
        return parse(self.query)

    def number(self, name: str, default: int, most: int, *, least: int = 1) -> int:
        """A whole number from `least` to `most`.

        Raises:
            BadRequest: it is none.
        """
        text = self.text(name)
        if text is None:
            return min(default, most)
        is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
        if not is_number or not least <= int(text) <= most:
            raise BadRequest(f"{name}: must be a whole number from {least} to {most}")
        return int(text)

    def records(self, limits: LogLimits) -> int:
        """`limit`, of a page of records."""
        return self.number("limit", _DEFAULT_RECORDS, limits.records)

    def choice(self, name: str, choices: Collection[str], default: str, *, fold: bool = False) -> str:
        """One of a few words; with `fold`, in any case.

        Raises:
            BadRequest: it is none of them.
        """
        text = self.text(name)
        text = text.lower() if text is not None and fold else text
        if text is not None and text not in choices:
            raise BadRequest(f"{name}: must be one of {', '.join(choices)}")
        return default if text is None else text

    def moment(self, name: str) -> int | None:
        """A point in time in nanoseconds.

        Raises:
            BadRequest: it is none.
        """
        text = self.text(name)
        return None if text is None else moment.nanoseconds(name, text)

    def span(self, limits: LogLimits) -> Span:
        """`start` and `end`: by default the last day until now.

        Raises:
            BadRequest: one is no time, or the range is empty.
            OverLimitError: it is longer than a read may span.
        """
        end = self.moment("end")
        start = self.moment("start")
        end = self.now if end is None else end
        start = max(end - _DEFAULT_RANGE, 0) if start is None else start
        if start >= end:
            raise BadRequest("start: must be before end")
        if end - start > limits.range_days * moment.DAY:
            raise OverLimitError(f"start: the range is longer than {limits.range_days:g} days; narrow it")
        return Span(start, end)
