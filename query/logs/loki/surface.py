"""The routes under `/v1/projects/…/loki/api/v1`: what Grafana calls, given the URL up to the project or service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from core.errors import BadRequest
from query.logs.dialect import Dialect
from query.logs.loki import metadata, problem, queries
from query.logs.surface import LEVELS, answers, parameter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from query.logs.door import LogDoor
    from query.logs.read import Read

_LOKI: Final = Dialect("query", problem.response, forms=True)
_FLAGS: Final = "x-loki-response-encoding-flags"
_RANGE: Final = ("query", "start", "end", "since")
# Grafana asks for it to know what it may use: a release that has no rules, no patterns and no tail of its own.
_BUILD: Final = {"version": "3.0.0", "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}
_BOTH: Final = ("GET", "POST")
_GET: Final = ("GET",)


class LokiSurface:
    """The router of Loki's API."""

    def __init__(self, door: LogDoor) -> None:
        self._door = door
        self.router = APIRouter(tags=["logs"], responses=answers("application/json"))
        step = (*_RANGE, "step")
        volume = (*_RANGE, "limit", "targetLabels")
        self._add("query_range", "Records, or samples over time", (*step, "limit", "direction"), _query_range)
        self._add("query", "Samples at one moment", ("query", "time"), _of(queries.query))
        self._add("labels", "Names of labels", _RANGE, _of(metadata.labels))
        self._add("label/{name}/values", "Values of a label", _RANGE, _label_values, _GET)
        self._add("series", "Label sets of streams", ("match[]", *_RANGE[1:]), _of(metadata.series))
        self._add("index/stats", "Streams, records and bytes of a selector", _RANGE, _of(metadata.stats))
        self._add("index/volume", "Bytes by labels", volume, _of(metadata.volume))
        self._add("index/volume_range", "Bytes by labels over time", (*volume, "step"), _of(metadata.volume_range))
        self._add("detected_labels", "Labels and how many values they have", _RANGE, _of(metadata.detected_labels))
        fields = (*_RANGE, "limit")
        self._add("detected_fields", "Attributes and how many values they have", fields, _of(metadata.detected_fields))
        self._add("patterns", "Patterns of lines: none are kept", _RANGE, _of(metadata.patterns), _GET)
        self._add("status/buildinfo", "The release that clients probe for", (), _build_information, _GET)
        self._add("tail", "Refused: the answer says where records are followed", _RANGE[:1], _tail, _GET)

    def _add(
        self,
        path: str,
        summary: str,
        arguments: Sequence[str],
        work: Callable[[Read, Request], Awaitable[object]],
        methods: Sequence[str] = _BOTH,
    ) -> None:
        name = "loki_" + "_".join(part for part in path.split("/") if not part.startswith("{"))

        async def answer(request: Request) -> Response:
            # What Loki does not know, it does not look at, and Grafana sends more from release to release.
            return await self._door.answer(name, request, None, lambda read: work(read, request), _LOKI)

        for level, prefix in LEVELS.items():
            route = f"{prefix}/loki/api/v1/{path}"
            names = [part[1:-1] for part in route.split("/") if part.startswith("{")]
            parameters = [parameter(one, "path") for one in names] + [parameter(one, "query") for one in arguments]
            for method in methods:
                self.router.add_api_route(
                    route,
                    answer,
                    methods=[method],
                    summary=summary,
                    operation_id=f"{level}_{name}_{method.lower()}",
                    openapi_extra={"security": [{"token": []}], "parameters": parameters},
                )


def _of(work: Callable[[Read], Awaitable[object]]) -> Callable[[Read, Request], Awaitable[object]]:
    """A page that needs nothing of the request but the read."""
    return lambda read, _: work(read)


async def _query_range(read: Read, request: Request) -> object:
    return await queries.query_range(read, request.headers.get(_FLAGS, ""))


async def _label_values(read: Read, request: Request) -> object:
    return await metadata.label_values(read, request.path_params["name"])


async def _build_information(_: Read, __: Request) -> object:
    return _BUILD


async def _tail(_: Read, __: Request) -> object:
    raise BadRequest("tail: records are not followed by WebSocket; use …/logs/tail, which sends server-sent events")
