"""Families 3.8 and 10: arguments that make a store say more than the answer, and that no tenant may set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

from tests.query.hostile.case import Case, Refused, Same
from tests.query.platform import PROJECT_B, SERVICE_B1

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base

_DROPPED: Final = (
    "trace=1",
    "trace=true",
    "tr%61ce=1",
    "nocache=1",
    "nocache=0",
    "max_lookback=90d",
    "latency_offset=1d",
    "lookback_delta=90d",
    "stats=all",
    "dedup=false",
    "partial_response=true",
    "storeMatch[]={}",
    "engine=thanos",
    "explain=1",
    "debug=1",
    "reduce_mem_usage=1",
    "max_rows_per_line=1",
    "format=prometheus",
    "db=" + PROJECT_B,
    "authKey=x",
    "denyPartialResponse=1",
    "callback=leak",
    "tenant=" + PROJECT_B,
    "project_id=" + PROJECT_B,
    "environment=pr-7",
    "service_id=" + SERVICE_B1,
    "X-Scope-OrgID=" + PROJECT_B,
    "namespace=" + PROJECT_B,
    "_method=DELETE",
    "__proto__[extra_filters]=x",
    "constructor.prototype.extra_filters=x",
    "delay=1",
    "withoutQuery=1",
    "ignoreExtraFilters=1",
    "search.ignoreExtraFiltersAtLabelsAPI=1",
)
# A known argument with a value that must not go on as it is.
_MALFORMED: Final = (
    ("time", "1&extra_filters[]={__name__!=''}"),
    ("time", "now"),
    ("time", "-5m"),
    ("time", "1e400"),
    ("time", "NaN"),
    ("time", "Inf"),
    ("time", "1_0"),
    ("time", "\uff11"),  # a full-width digit
    ("time", "0x10"),
    ("time", "1\r\nX: y"),
    ("time", "2026-13-01T00:00:00Z"),
    ("step", "1&extra_label=project_id=" + PROJECT_B),
    ("step", "-1"),
    ("step", "0"),
    ("step", "1i"),
    ("timeout", "0"),
    ("timeout", "x"),
    ("round_digits", "-1"),
    ("round_digits", "1&trace=1"),
)
_MALFORMED_LISTING: Final = (
    ("limit", "-1"),
    ("limit", "1&extra_filters[]={}"),
    ("limit", "1e9"),
    ("start", "x"),
    ("end", "1;extra_filters=x"),
)
_MALFORMED_STATUS: Final = (
    ("topN", "x"),
    ("topN", "1&match[]=up"),
    ("date", "2026-1-1"),
    ("date", "today"),
    ("date", "1970-01-01"),
    ("focusLabel", "project_id&extra_filters[]={}"),
    ("focusLabel", 'x"'),
    ("focusLabel", "x" * 129),
)


def cases(bases: tuple[Base, ...]) -> Iterator[Case]:
    """Every argument that must change nothing, in URL and form; every value that must be refused."""
    for base in bases:
        for argument in _DROPPED:
            technique = "trace" if argument.startswith("tr") else "dropped"
            if technique == "dropped" and base.name != "count":
                continue
            text = base.form + b"&" + argument.encode()
            yield Case(technique, f"{base.name}: {argument}, URL", replace(base.get(), query=text), Same(base.name))
            if base.takes_post:
                yield Case(
                    technique, f"{base.name}: {argument}, body", replace(base.post(), body=text), Same(base.name)
                )
    for name, arguments in (("count", _MALFORMED), ("labels", _MALFORMED_LISTING), ("tsdb", _MALFORMED_STATUS)):
        base = next(one for one in bases if one.name == name)
        for argument, value in arguments:
            others = b"&".join(part for part in base.form.split(b"&") if not part.startswith(argument.encode() + b"="))
            text = others + f"&{argument}={quote_plus(value)}".encode()
            yield Case("10", f"{name}: {argument}={value}", replace(base.get(), query=text), Refused())
