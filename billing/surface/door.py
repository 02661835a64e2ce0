"""What every read of a workspace goes through: credential, scope, arguments, a place, a deadline, the audit line."""

from __future__ import annotations

import contextlib
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from billing.surface.arguments import Arguments
from billing.surface.ask import Ask, Flow, Whole
from billing.surface.reader import LedgerReader
from billing.surface.scope import scope_of
from core.errors import BadRequest, ServiceError, StarmeterError, TooBusy, Unavailable
from query.body import ClientGoneError, form_of
from query.exchange import CLIENT_GONE
from query.logs import problem
from query.logs.deadline import watched
from query.logs.streamed import Streamed
from query.verification import IsolationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection

    from starlette.requests import Request

    from billing.surface.ask import Answer
    from billing.surface.records import Records
    from billing.surface.settings import SurfaceSettings
    from billing.surface.store import LedgerStore
    from core.scope import Action
    from query.mount import Parts

_AUDITED: Final = 1024
# The client may ask again with the tag of what it has; nobody else may keep it.
_HEADERS: Final = {**problem.HEADERS, "Cache-Control": "private, no-cache"}

_log = logging.getLogger("billing.surface")


class Door:
    """Turns requests into reads of one workspace."""

    def __init__(self, parts: Parts, settings: SurfaceSettings, records: Records, store: LedgerStore) -> None:
        self._parts = parts
        self._settings = settings
        self._records = records
        self._store = store

    async def answer(
        self,
        name: str,
        request: Request,
        action: Action,
        allowed: Collection[str],
        work: Callable[[Ask], Awaitable[Answer]],
    ) -> Response:
        """Answer with what `work` makes of the read; whatever happens is audited."""
        started = time.perf_counter()
        line: dict[str, object] = {"event": "read", "endpoint": name, "method": request.method}
        place = contextlib.AsyncExitStack()
        try:
            ask = await self._authorise(request, action, allowed, line)
            await self._take_place(ask, place)
            made = await watched(request, self._settings.limits.seconds, self._begun(work, ask))
            if isinstance(made, tuple):
                return self._flowing(name, line, started, made, place)
            assert isinstance(made, Whole)  # noqa: S101 - one of the two
            response = Response(made.body, made.status, _HEADERS | made.headers, made.media_type)
        except ClientGoneError:
            line["reason"] = "client_gone"
            response = Response(status_code=CLIENT_GONE)
        except StarmeterError as error:
            response = _refusal(error, line)
        except Exception:  # noqa: BLE001 - the outermost frame: logged there, and said without our insides
            _log.exception("a read of usage failed")
            line["reason"] = "internal"
            response = problem.response(ServiceError("internal error"))
        await place.aclose()
        self._note(name, line, response.status_code, started, len(response.body))
        return response

    async def _authorise(
        self, request: Request, action: Action, allowed: Collection[str], line: dict[str, object]
    ) -> Ask:
        self._parts.audit.require_room()
        workspace = request.path_params["workspace"]
        line["path"] = [str(part)[:64] for part in request.path_params.values()]
        credentials = [value.encode("latin-1") for value in request.headers.getlist("authorization")]
        engine = self._records.engine
        scope = await self._parts.access.decide(
            credentials, lambda principal, _: scope_of(engine, principal, action, workspace)
        )
        line |= {
            "subject": scope.principal.subject,
            "token": scope.principal.token_id,
            "workspace_id": scope.workspace_id,
            "scope_version": scope.version,
        }
        if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
            raise BadRequest("body: a GET has none; put the arguments into the URL")
        await form_of(request.receive)
        arguments = Arguments(request.scope["query_string"], allowed)
        line["query"] = request.scope["query_string"][:_AUDITED].decode("latin-1")
        return Ask(
            scope=scope,
            name=request.path_params.get("invoice", ""),
            arguments=arguments,
            headers=request.headers,
            reader=LedgerReader(self._store, scope, self._settings.limits),
            records=self._records,
            settings=self._settings,
            line=line,
            now=int(time.time()),
        )

    async def _take_place(self, ask: Ask, place: contextlib.AsyncExitStack) -> None:
        workspace = ask.scope.workspace_id
        try:
            await self._parts.limiter.enter(workspace, self._settings.concurrency)
        except TooBusy as failure:
            raise TooBusy(f"{self._settings.concurrency.concurrency} reads of this workspace are running") from failure
        place.callback(self._parts.limiter.leave, workspace)

    @staticmethod
    async def _begun(work: Callable[[Ask], Awaitable[Answer]], ask: Ask) -> Whole | tuple[Flow, bytes]:
        """An answer, and of one in pieces the first: until then, a failure has a status of its own."""
        made = await work(ask)
        return made if isinstance(made, Whole) else (made, await anext(made.pieces))

    def _flowing(
        self,
        name: str,
        line: dict[str, object],
        started: float,
        made: tuple[Flow, bytes],
        place: contextlib.AsyncExitStack,
    ) -> Response:
        flow, first = made

        def done(sent: int, reason: str) -> None:
            line["reason"] = reason
            self._note(name, line, CLIENT_GONE if reason else 200, started, sent)

        response = Streamed(
            _resumed(first, flow.pieces, place),
            media_type=flow.media_type,
            headers=_HEADERS | flow.headers,
            seconds=flow.seconds,
            done=done,
        )
        if flow.length is not None:
            response.headers["content-length"] = str(flow.length)
        return response

    def _note(self, name: str, line: dict[str, object], status: int, started: float, sent: int) -> None:
        elapsed = time.perf_counter() - started
        self._parts.instruments.note_read(name, status, elapsed, sent)
        self._parts.audit.write(
            line | {"time": datetime.now(UTC), "status": status, "duration_ms": round(elapsed * 1000, 3), "bytes": sent}
        )


def _refusal(error: StarmeterError, line: dict[str, object]) -> Response:
    line["reason"] = error.code
    if isinstance(error, ServiceError) and not isinstance(error, Unavailable | IsolationError):
        _log.error("a read of usage failed", extra={"reason": error.message})
    return problem.response(error)


async def _resumed(
    first: bytes, pieces: AsyncGenerator[bytes, None], place: contextlib.AsyncExitStack
) -> AsyncGenerator[bytes, None]:
    async with place, contextlib.aclosing(pieces):
        yield first
        async for piece in pieces:
            yield piece
