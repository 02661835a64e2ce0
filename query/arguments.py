"""What each metrics endpoint takes from a tenant: allow-listed, validated, clamped, and written anew for the store."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

from core.errors import BadRequest
from query.moment import seconds_at, seconds_long, written
from query.read import Bounds, Read

if TYPE_CHECKING:
    from query.form import Form
    from query.settings import Limits

_DAY: Final = 86_400.0
_SERIES_RANGE: Final = 3_600.0
_LABELS_RANGE: Final = _DAY
_MAX_TOP: Final = 100
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
# Numbers and arithmetic: what clients send to see whether anyone answers.
_NUMBERS: Final = re.compile(r"[0-9.+\-*/%^() ]*", re.ASCII)
_LABEL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
# A match that selects every series which has a name; the tenant's enforcement narrows it to the tenant's own.
_EVERY_SERIES: Final = '{__name__!=""}'


def query(form: Form, limits: Limits, bounds: Bounds) -> Read:
    """`/api/v1/query`: query, time, step, timeout, round_digits."""
    text = _expression(form, limits)
    timeout = _timeout(form, limits)
    body = [_text("query", text), f"timeout={written(timeout)}"]
    at = _time(form, "time")
    if at is not None:
        body.append(f"time={written(at)}")
    if step := form.scalar("step"):
        body.append(f"step={written(seconds_long('step', step))}")
    if (digits := form.scalar("round_digits")) is not None:
        body.append(f"round_digits={min(whole_number('round_digits', digits), 100)}")
    warnings = (bounds.notice,) if at is not None and at < bounds.oldest else ()
    return Read(_form(body), timeout, text, at, at, warnings=warnings, scalar=_NUMBERS.fullmatch(text) is not None)


def query_range(form: Form, limits: Limits, bounds: Bounds) -> Read:
    """`/api/v1/query_range`: query, start, end, step, timeout; exact at both ends."""
    text = _expression(form, limits)
    timeout = _timeout(form, limits)
    start, end = _required(form, "start"), _required(form, "end")
    step_text = form.scalar("step")
    if step_text is None:
        raise BadRequest("step: missing; give seconds or a duration such as 30s")
    step = seconds_long("step", step_text)
    _ordered(start, end)
    warnings: tuple[str, ...] = ()
    if start < bounds.oldest:
        # Skip whole steps, so that the remaining points are the ones that were asked for.
        start += math.ceil((bounds.oldest - start) / step) * step
        warnings = (bounds.notice,)
    if end - start > limits.range_days * _DAY:
        raise BadRequest(f"start: a range of more than {limits.range_days:g} days; ask for a shorter one")
    if (points := math.floor((end - start) / step) + 1) > limits.points:
        raise BadRequest(
            f"step: {points} points a series is more than {limits.points}; use a larger step or a shorter range"
        )
    body = [
        _text("query", text),
        f"start={written(start)}",
        f"end={written(end)}",
        f"step={written(step)}",
        f"timeout={written(timeout)}",
    ]
    if _misaligned(start, step):
        # With its cache the store moves a misaligned range back to multiples of the step; without it, it is exact.
        body.append("nocache=1")
    return Read(_form(body), timeout, text, start, end, step, warnings, outside=start > end)


def series(form: Form, limits: Limits, bounds: Bounds) -> Read:
    """`/api/v1/series`: match[] (at least one), start, end, limit."""
    matches = _matches(form, limits)
    if not matches:
        raise BadRequest("match[]: missing; give at least one selector")
    return _listing(form, limits, bounds, matches, default_range=_SERIES_RANGE, most=limits.series)


def labels(form: Form, limits: Limits, bounds: Bounds) -> Read:
    """`/api/v1/labels` and `/api/v1/label/<name>/values`: match[], start, end, limit."""
    matches = _matches(form, limits)
    return _listing(form, limits, bounds, matches, default_range=_LABELS_RANGE, most=limits.label_values)


def federate(form: Form, limits: Limits, _bounds: Bounds) -> Read:
    """`/federate`: match[]; without one, everything of the tenant's scope."""
    matches = _matches(form, limits) or [_EVERY_SERIES]
    return Read(_form(_texts(matches)), limits.timeout_seconds, ", ".join(matches), argument="match[]")


def tsdb_status(form: Form, limits: Limits, bounds: Bounds) -> Read:
    """`/api/v1/status/tsdb`: topN, date, focusLabel, match[]."""
    matches = _matches(form, limits)
    body = _texts(matches)
    if (top := form.scalar("topN")) is not None:
        body.append(f"topN={min(whole_number('topN', top), _MAX_TOP)}")
    if (focus := form.scalar("focusLabel")) is not None:
        if not _LABEL.fullmatch(focus):
            raise BadRequest("focusLabel: not a label name")
        body.append(f"focusLabel={focus}")
    if (date := form.scalar("date")) is not None:
        if not _DATE.fullmatch(date):
            raise BadRequest("date: not a date; write it as 2026-01-31")
        day = seconds_at("date", f"{date}T00:00:00Z")
        if not bounds.oldest - _DAY <= day <= bounds.now + _DAY:
            raise BadRequest(f"date: outside the retention of {bounds.retention / _DAY:g} days")
        body.append(f"date={date}")
    return Read(_form(body), limits.timeout_seconds, ", ".join(matches), argument="match[]")


def _listing(
    form: Form, limits: Limits, bounds: Bounds, matches: list[str], *, default_range: float, most: int
) -> Read:
    end = _time(form, "end")
    start = _time(form, "start")
    until = bounds.now if end is None else end
    since = until - default_range if start is None else start
    _ordered(since, until)
    warnings: list[str] = []
    if since < bounds.oldest:
        since = bounds.oldest
        warnings.append(bounds.notice)
    limit = most
    if (asked := form.scalar("limit")) is not None and (number := whole_number("limit", asked)):
        limit = min(number, most)
        if number > most:
            warnings.append(f"at most {most} entries are listed")
    body = _texts(matches)
    body += [f"start={written(since)}", f"end={written(until)}", f"limit={limit}"]
    shown = ", ".join(matches)
    return Read(
        _form(body),
        limits.timeout_seconds,
        shown,
        since,
        until,
        warnings=tuple(warnings),
        outside=since > until,
        argument="match[]",
    )


def _expression(form: Form, limits: Limits) -> str:
    text = form.scalar("query")
    if text is None or not text.strip():
        raise BadRequest("query: missing; give a PromQL or MetricsQL expression")
    if len(text.encode()) > limits.query_bytes:
        raise BadRequest(f"query: longer than {limits.query_bytes} bytes")
    return text


def _matches(form: Form, limits: Limits) -> list[str]:
    """Both spellings are one list for the store, so they are one list here."""
    matches = form.all("match[]", "match")
    if len(matches) > limits.matches:
        raise BadRequest(f"match[]: more than {limits.matches} selectors")
    for match in matches:
        if not match.strip():
            raise BadRequest('match[]: empty; give a selector such as up or {job="web"}')
        if len(match.encode()) > limits.query_bytes:
            raise BadRequest(f"match[]: longer than {limits.query_bytes} bytes")
    return matches


def _time(form: Form, name: str) -> float | None:
    text = form.scalar(name)
    return None if text is None else seconds_at(name, text)


def _required(form: Form, name: str) -> float:
    at = _time(form, name)
    if at is None:
        raise BadRequest(f"{name}: missing; give unix seconds or RFC 3339")
    return at


def _timeout(form: Form, limits: Limits) -> float:
    text = form.scalar("timeout")
    return limits.timeout_seconds if text is None else min(seconds_long("timeout", text), limits.timeout_seconds)


def whole_number(name: str, text: str) -> int:
    """A count as written in an argument.

    Raises:
        BadRequest: it is anything else than up to nine digits.
    """
    if not _COUNT.fullmatch(text):
        raise BadRequest(f"{name}: not a whole number")
    return int(text)


def _ordered(start: float, end: float) -> None:
    if start > end:
        raise BadRequest("end: lies before start")


def _misaligned(start: float, step: float) -> bool:
    """In the store's own resolution, milliseconds."""
    return round(start * 1000) % max(round(step * 1000), 1) != 0


def _text(name: str, value: str) -> str:
    """One argument of a form whose value is the tenant's own text; what we write ourselves needs no encoding."""
    return f"{name}={quote_plus(value)}"


def _texts(matches: list[str]) -> list[str]:
    return [_text("match%5B%5D", match) for match in matches]


def _form(arguments: list[str]) -> bytes:
    return "&".join(arguments).encode("ascii")
