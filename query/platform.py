"""The platform's reader of a metrics store: counts series across all tenants, and can read nothing else.

It shares nothing with the tenant-bound reader and takes no scope: what it needs is a `Permit`, which only a platform
role yields. Its questions are fixed; a caller's text is in them as quoted values alone.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import Forbidden, Unavailable
from core.scope import Action
from core.victoria import BrokenConnectionError, StoreClient
from query.body import whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.region import Region
    from core.scope import Permit

_SECONDS: Final = 10
_HOUR: Final = 3_600
_MOST_BYTES: Final = 8 * 1024 * 1024
_OK: Final = 200
_LABEL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)

TENANT: Final = ("project_id", "environment", "service_id")


def is_label(text: str) -> bool:
    """Whether `text` is a label's name."""
    return _LABEL.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Selector:
    """Series by matchers (label, operator, value); a value is quoted, never part of the language."""

    matchers: tuple[tuple[str, str, str], ...]

    @classmethod
    def one_of(cls, label: str, values: Iterable[str]) -> Selector:
        """Series whose `label` is one of `values`."""
        return cls(((label, "=~", "|".join(re.escape(value) for value in values)),))

    def with_matcher(self, label: str, operator: str, value: str) -> Selector:
        """The same with one matcher more."""
        return Selector((*self.matchers, (label, operator, value)))

    @property
    def text(self) -> str:
        """The selector in MetricsQL."""
        return "{" + ",".join(f"{label}{operator}{_quoted(value)}" for label, operator, value in self.matchers) + "}"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    value: int


class Status(BaseModel):
    """What the store counts of one UTC day: series in all, and the longest entries of each table."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    totalSeries: int = 0  # noqa: N815 - as on the wire
    seriesCountByMetricName: tuple[_Entry, ...] = ()  # noqa: N815 - as on the wire
    seriesCountByLabelName: tuple[_Entry, ...] = ()  # noqa: N815 - as on the wire
    seriesCountByFocusLabelValue: tuple[_Entry, ...] = ()  # noqa: N815 - as on the wire
    seriesCountByLabelValuePair: tuple[_Entry, ...] = ()  # noqa: N815 - as on the wire
    labelValueCountByLabelName: tuple[_Entry, ...] = ()  # noqa: N815 - as on the wire


class _StatusAnswer(BaseModel):
    data: Status


class _Sample(BaseModel):
    metric: dict[str, str]
    value: tuple[float, str]


class _Vector(BaseModel):
    result: tuple[_Sample, ...]


class _QueryAnswer(BaseModel):
    data: _Vector


class _Points(BaseModel):
    metric: dict[str, str]
    values: tuple[tuple[float, str], ...]


class _Matrix(BaseModel):
    result: tuple[_Points, ...]


class _RangeAnswer(BaseModel):
    data: _Matrix


Counts = list[tuple[dict[str, str], int]]
# By labels: (how many whole hours ago, series) of each hour in which there were some.
Hourly = list[tuple[dict[str, str], list[tuple[int, int]]]]


class PlatformReader:
    """Counts the series of one region's store. Every call raises `Unavailable` when the store does not answer it."""

    def __init__(self, region: Region, *, connect_seconds: float) -> None:
        self.region = region.name
        self._store = StoreClient(
            f"region {region.name}", region.metrics_url, token=region.metrics_token, connect_seconds=connect_seconds
        )

    async def status(
        self, permit: Permit, *, top: int, focus: str = "", within: Selector | None = None, day: str = ""
    ) -> Status:
        """The day's tables of `top` entries; `focus` is a label whose values are counted, `day` is `YYYY-MM-DD`."""
        form = {"topN": str(top), "focusLabel": focus, "date": day}
        if within is not None and within.matchers:
            form["match[]"] = within.text
        try:
            return _StatusAnswer.model_validate(await self._post(permit, "/api/v1/status/tsdb", form)).data
        except ValidationError as failure:
            raise self._strange() from failure

    async def active(self, permit: Permit) -> int:
        """The series that the scrapes of the moment yield: what is written now, recorded series left out."""
        return sum(count for _, count in await self._query(permit, "sum(scrape_samples_post_metric_relabeling)"))

    async def count(self, permit: Permit, labels: Iterable[str], within: Selector, *, hours_ago: int = 0) -> Counts:
        """How many series there are, or were, of each combination of `labels`."""
        offset = f" offset {hours_ago}h" if hours_ago else ""
        return await self._query(permit, f"count by ({','.join(labels)}) ({within.text}{offset})")

    async def new_values(
        self, permit: Permit, label: str, within: Selector, *, hours: int, before: int, most: int
    ) -> Hourly:
        """At most `most` values of `label`, each with the hours of the last `hours` in which a service had it anew.

        Anew: at any moment of the hour, and at none of the `before` hours ahead of it. By value and tenant; `within`
        must select series that have the label.
        """
        by = ",".join((label, *TENANT))
        seen = f"count by ({by}) (last_over_time({within.text}[1h]))"
        known = f"count by ({by}) (last_over_time({within.text}[{before}h] offset 1h))"
        expression = f"limitk({most}, {seen} unless on ({by}) {known})"
        end = int(time.time())
        span = {"start": f"{end - (hours - 1) * _HOUR}", "end": f"{end}", "step": f"{_HOUR}", "nocache": "1"}
        form = {"query": expression, "timeout": f"{_SECONDS}s", **span}
        try:
            answer = _RangeAnswer.model_validate(await self._post(permit, "/api/v1/query_range", form))
            return [
                (one.metric, [(round((end - at) / _HOUR), int(float(count))) for at, count in one.values])
                for one in answer.data.result
            ]
        except ValueError as failure:
            raise self._strange() from failure

    async def close(self) -> None:
        """Close the connections to the store."""
        await self._store.close()

    async def _query(self, permit: Permit, expression: str) -> Counts:
        form = {"query": expression, "timeout": f"{_SECONDS}s"}
        try:
            answer = _QueryAnswer.model_validate(await self._post(permit, "/api/v1/query", form))
            return [(sample.metric, int(float(sample.value[1]))) for sample in answer.data.result]
        except ValueError as failure:
            raise self._strange() from failure

    async def _post(self, permit: Permit, path: str, form: dict[str, str]) -> object:
        if permit.action is not Action.READ_CARDINALITY:
            raise Forbidden(f"{Action.READ_CARDINALITY.value} is needed to count series across tenants")
        body = urlencode({name: value for name, value in form.items() if value})
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await self._store.post(path, body.encode())
                try:
                    text = await whole(answer, _MOST_BYTES)
                finally:
                    answer.release()
            if answer.status != _OK:
                raise Unavailable(f"region {self.region}: the store refused to count; ask for less")
            return orjson.loads(text)
        except (BrokenConnectionError, TimeoutError, orjson.JSONDecodeError) as failure:
            raise Unavailable(f"region {self.region}: series cannot be counted now") from failure

    def _strange(self) -> Unavailable:
        return Unavailable(f"region {self.region}: the store's answer is not understood")


def _quoted(text: str) -> str:
    """A MetricsQL string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
