"""The routes under `/v1/projects/…/logs`, on the levels of a project, an environment and a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response

from query.logs import context, export, fields, histogram, search, tail
from query.logs.feed import Tails
from query.logs.read import Stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from query.logs.door import LogDoor
    from query.logs.read import Read

LEVELS: Final = {
    "project": "/v1/projects/{project}",
    "environment": "/v1/projects/{project}/environments/{environment}",
    "service": "/v1/projects/{project}/environments/{environment}/services/{service}",
}
_TAIL_GRACE_SECONDS: Final = 30.0


def answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    """What every page may answer beside its own, as objects of `media_type`."""
    texts: dict[int | str, str] = {
        400: "The filter or an argument is wrong; the message says where.",
        401: "No valid credential.",
        403: "The role or the token does not allow it.",
        404: "Unknown or foreign project, environment or service.",
        422: "The read would go over a limit; the message says what to narrow.",
        429: "Too many reads of this project at once.",
        503: "The region's logs cannot be read now.",
        504: "The read took too long.",
        "default": "Another problem.",
    }
    content = {media_type: {"schema": {"type": "object"}}}
    return {status: {"description": text, "content": content} for status, text in texts.items()}


class LogSurface:
    """The router of all log reads."""

    def __init__(self, door: LogDoor) -> None:
        self._door = door
        self.router = APIRouter(tags=["logs"], responses=answers("application/problem+json"))
        self._json("search", "", "A page of records", search.NAMES, _search)
        self._json("histogram", "/histogram", "Records over time, by level", histogram.NAMES, _histogram)
        self._json("fields", "/fields", "Fields of records; with field, its values", fields.NAMES, _fields)
        self._json("context", "/context", "What stood around a record in its stream", context.NAMES, _context)
        self._add("export", "/export", "All records, as a file", export.NAMES, self._export)
        self._tails = Tails()
        self._add("tail", "/tail", "Records as they come in, as server-sent events", tail.NAMES, self._tail)

    async def _tail(self, request: Request) -> Response:
        def begin(read: Read) -> Stream:
            made = tail.Tail(read, self._door, self._tails, request.headers.get("last-event-id", ""))
            # Its own end comes first; this one is for a client that takes nothing.
            seconds = read.settings.limits.tail_seconds + _TAIL_GRACE_SECONDS
            headers = {"X-Accel-Buffering": "no"}
            return Stream(made.events(), self._tails.place(read), tail.MEDIA_TYPE, headers, seconds)

        return await self._door.stream("tail", request, tail.NAMES, begin)

    async def _export(self, request: Request) -> Response:
        def begin(read: Read) -> Stream:
            limits = read.settings.limits
            accept = request.headers.get("accept", "")
            made = export.Export(read.reader, read.arguments, read.signer, limits, accept)
            headers = {"Content-Disposition": f'attachment; filename="{made.file_name}"'}
            kind = made.encoder.media_type
            return Stream(made.pieces(), self._door.place(read), kind, headers, limits.export_seconds)

        return await self._door.stream("export", request, export.NAMES, begin)

    def _json(
        self,
        name: str,
        path: str,
        summary: str,
        arguments: Collection[str],
        work: Callable[[Read], Awaitable[object]],
    ) -> None:
        """Add a page that answers with JSON."""

        async def answer(request: Request) -> Response:
            return await self._door.answer(name, request, arguments, work)

        self._add(name, path, summary, arguments, answer)

    def _add(
        self,
        name: str,
        path: str,
        summary: str,
        arguments: Collection[str],
        handler: Callable[[Request], Awaitable[Response]],
    ) -> None:
        for level, prefix in LEVELS.items():
            names = [part[1:-1] for part in prefix.split("/") if part.startswith("{")]
            parameters = [parameter(one, "path") for one in names] + [parameter(one, "query") for one in arguments]
            self.router.add_api_route(
                f"{prefix}/logs{path}",
                handler,
                methods=["GET"],
                summary=summary,
                operation_id=f"{level}_logs_{name}",
                openapi_extra={"security": [{"token": []}], "parameters": parameters},
            )


def parameter(name: str, place: str) -> dict[str, Any]:
    """An argument's description: of the path, or of the query and then not required."""
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


async def _search(read: Read) -> object:
    return await search.search(read.reader, read.arguments, read.signer, read.settings.limits)


async def _histogram(read: Read) -> object:
    return await histogram.histogram(read.reader, read.arguments, read.settings.limits)


async def _fields(read: Read) -> object:
    return await fields.fields(read.reader, read.arguments, read.settings.limits)


async def _context(read: Read) -> object:
    return await context.context(read.reader, read.arguments)
