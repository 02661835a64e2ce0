"""`/v1/cardinality`: the pages for the platform's own staff, and the one door to them."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Query, Request

from core.errors import BadRequest, StarmeterError, TooBusy, Unavailable
from core.scope import Action
from core.tenant import is_canonical_id
from query.cardinality import Count, Question
from query.cardinality_growth import growth as counted_growth
from query.cardinality_report import Growth, Top, Who
from query.cardinality_who import who as counted_who
from query.platform import PlatformReader, is_label

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from core.directory import Directory
    from core.scope import Permit
    from query.access import Access
    from query.audit import AuditLog
    from query.instruments import Instruments
    from query.settings import QuerySettings

# Each costs a store several index look-ups and queries.
_AT_ONCE: Final = 2
_MOST_LIMIT: Final = 100
_MOST_HOURS: Final = 24
# Characters of an argument in the audit log and in a refusal.
_MOST_NOTED: Final = 128
_METRIC: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]{0,255}", re.ASCII)

_Found = TypeVar("_Found")
_Argument = Annotated[str | None, Query()]
_PROBLEM: Final[dict[str, Any]] = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"description": "An argument is wrong; the message names it."} | _PROBLEM,
    401: {"description": "No valid credential."} | _PROBLEM,
    403: {"description": "Not a platform role, or a token without the action."} | _PROBLEM,
    429: {"description": "Too many such reads at once."} | _PROBLEM,
    503: {"description": "No region can be counted now."} | _PROBLEM,
    "default": {"description": "Another problem."} | _PROBLEM,
}


class CardinalitySurface:
    """The routes, and the readers behind them; no tenant's scope ever gets here."""

    def __init__(self, access: Access, directory: Directory, audit: AuditLog, instruments: Instruments) -> None:
        self._access = access
        self._directory = directory
        self._audit = audit
        self._instruments = instruments
        self._readers: dict[str, PlatformReader] = {}
        self._running = 0
        self.router = self._routes()

    def open(self, settings: QuerySettings) -> None:
        """Make a reader for every region."""
        for region in settings.regions:
            self._readers[region.name] = PlatformReader(region, connect_seconds=settings.connect_seconds)

    async def close(self) -> None:
        """Close the readers."""
        await asyncio.gather(*(reader.close() for reader in self._readers.values()))

    def _routes(self) -> APIRouter:
        router = APIRouter(prefix="/v1/cardinality", tags=["cardinality"], responses=_ANSWERS)
        secured: dict[str, Any] = {"openapi_extra": {"security": [{"token": []}]}}

        async def top(
            request: Request, *, region: _Argument = None, limit: _Argument = None, project: _Argument = None,
            metric: _Argument = None, label: _Argument = None,
        ) -> Top:  # fmt: skip
            given = {"region": region, "limit": limit, "project": project, "metric": metric, "label": label}
            _, regions, warnings = await self._answer("top", request, given, Count.top)
            return Top(regions=regions, warnings=warnings)

        router.get("", summary="The largest metrics, labels, values, projects and services", **secured)(top)
        router.get("/top", summary="The same", operation_id="cardinality_top_alias", **secured)(top)

        @router.get("/growth", summary="What grew, series per hour", **secured)
        async def growth(
            request: Request, *, region: _Argument = None, limit: _Argument = None, project: _Argument = None,
            metric: _Argument = None, hours: _Argument = None,
        ) -> Growth:  # fmt: skip
            given = {"region": region, "limit": limit, "project": project, "metric": metric, "hours": hours}
            asked, regions, warnings = await self._answer("growth", request, given, counted_growth)
            return Growth(hours=asked.hours, regions=regions, warnings=warnings)

        @router.get("/who", summary="Who added new label values, values per hour", **secured)
        async def who(
            request: Request, *, region: _Argument = None, limit: _Argument = None, project: _Argument = None,
            metric: _Argument = None, label: _Argument = None, hours: _Argument = None,
        ) -> Who:  # fmt: skip
            given = {"region": region, "limit": limit, "project": project, "metric": metric, "label": label,
                     "hours": hours}  # fmt: skip
            asked, regions, warnings = await self._answer("who", request, given, counted_who)
            return Who(hours=asked.hours, regions=regions, warnings=warnings)

        return router

    async def _answer(
        self, page: str, request: Request, given: dict[str, str | None], ask: Callable[[Count], Awaitable[_Found]]
    ) -> tuple[Question, list[_Found], list[str]]:
        """Authorise, count in every region that is asked about, write the audit line whatever came of it.

        What somebody without the permit asked for is not written down: it would be a way to write into the audit log.
        """
        started = time.perf_counter()
        line: dict[str, object] = {"event": "platform_read", "endpoint": f"cardinality_{page}"}
        status = 500
        try:
            credentials = [value.encode("latin-1") for value in request.headers.getlist("authorization")]
            permit = await self._access.permit(credentials, Action.READ_CARDINALITY)
            line |= {"subject": permit.principal.subject, "token": permit.principal.token_id}
            line |= {name: value[:_MOST_NOTED] for name, value in given.items() if value is not None}
            _each_known_and_once(request, given)
            question, readers = _question(given), self._chosen(given["region"])
            answer = (question, *await self._count(permit, question, readers, ask))
            status = 200
        except StarmeterError as failure:
            status = failure.status
            line["reason"] = failure.message
            raise
        else:
            return answer
        finally:
            elapsed = time.perf_counter() - started
            self._instruments.note_read(f"cardinality_{page}", status, elapsed, 0)
            self._audit.write(
                line | {"time": datetime.now(UTC), "status": status, "duration_ms": round(elapsed * 1000, 3)}
            )

    async def _count(
        self,
        permit: Permit,
        question: Question,
        readers: list[PlatformReader],
        ask: Callable[[Count], Awaitable[_Found]],
    ) -> tuple[list[_Found], list[str]]:
        if self._running >= _AT_ONCE:
            raise TooBusy(f"{_AT_ONCE} counts are running; retry later")
        self._running += 1
        try:
            counts = [Count(reader, permit, question, self._tiers) for reader in readers]
            found = await asyncio.gather(*(ask(count) for count in counts), return_exceptions=True)
        finally:
            self._running -= 1
        regions: list[_Found] = []
        warnings = [warning for count in counts for warning in count.warnings]
        for answer in found:
            if isinstance(answer, Unavailable):
                warnings.append(answer.message)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                regions.append(answer)
        if not regions:
            raise Unavailable("no region can be counted now; retry later")
        return regions, warnings

    async def _tiers(self, project_ids: Collection[str]) -> dict[str, set[str]]:
        return await to_thread.run_sync(self._directory.tiers, list(project_ids))

    def _chosen(self, region: str | None) -> list[PlatformReader]:
        if region is None:
            return list(self._readers.values())
        if region not in self._readers:
            raise BadRequest(f"region: none of {', '.join(self._readers)}")
        return [self._readers[region]]


def _each_known_and_once(request: Request, given: Mapping[str, str | None]) -> None:
    """Whether every argument of the URL is one that the page has, and none is given twice.

    Raises:
        BadRequest: one is not; the message names it.
    """
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in given:
            # As much of it as a name needs.
            raise BadRequest(f"{name[:_MOST_NOTED]}: unknown argument; known are {', '.join(given)}")
        if name in seen:
            raise BadRequest(f"{name}: given more than once; give it once")
        seen.add(name)


def _question(given: dict[str, str | None]) -> Question:
    """The arguments, checked.

    Raises:
        BadRequest: one is malformed or out of bounds; the message names it.
    """
    project, metric, label = given["project"], given["metric"], given.get("label")
    if project is not None and not is_canonical_id(project):
        raise BadRequest("project: not a canonical id; write it as a lower-case hyphenated UUID")
    if metric is not None and _METRIC.fullmatch(metric) is None:
        raise BadRequest("metric: not a metric's name")
    if label is not None and not is_label(label):
        raise BadRequest("label: not a label's name")
    return Question(
        limit=_number("limit", given["limit"], 10, _MOST_LIMIT),
        hours=_number("hours", given.get("hours"), 1, _MOST_HOURS),
        project=project,
        metric=metric,
        label=label,
    )


def _number(name: str, text: str | None, default: int, most: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise BadRequest(f"{name}: must be a whole number from 1 to {most}")
    return int(text)
