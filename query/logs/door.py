"""What every log read goes through: credential, scope, region, arguments, a place, a deadline, the audit line."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import orjson
from starlette.responses import Response

from core.errors import ServiceError, StarmeterError, Unavailable
from core.scope import Action
from query.access import TenantPath
from query.body import ClientGoneError
from query.exchange import CLIENT_GONE
from query.limiter import Limiter
from query.logs import problem
from query.logs.arguments import Arguments
from query.logs.cursor import Signer
from query.logs.deadline import watched
from query.logs.dialect import PAGES, Dialect
from query.logs.read import Read
from query.logs.reader import LogReader
from query.logs.store import LogStore
from query.logs.streamed import Streamed
from query.verification import IsolationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection

    from starlette.requests import Request

    from query.access import Access
    from query.audit import AuditLog
    from query.instruments import Instruments
    from query.logs.read import LogSources, Stream
    from query.settings import QuerySettings

_AUDITED_QUERY: Final = 1024
_EXPORTS: Final = 64  # at once, in one process; further ones wait

_log = logging.getLogger("query.logs")


class LogDoor:
    """Opens and watches the regions' log stores, and turns requests into reads."""

    def __init__(
        self,
        settings: QuerySettings,
        logs: LogSources | None,
        *,
        access: Access,
        audit: AuditLog,
        instruments: Instruments,
    ) -> None:
        self._settings = settings
        self._logs = logs
        self.access = access
        self._audit = audit
        self._instruments = instruments
        self._limiter = Limiter()
        self._stores: dict[str, LogStore] = {}
        self._watching: list[asyncio.Task[None]] = []

    @property
    def is_configured(self) -> bool:
        """Whether this front-door serves logs at all."""
        return self._logs is not None

    def open(self) -> None:
        """Begin to prove and to watch every region's store; each is served once it has passed."""
        if self._logs is None:
            return
        # The stores' client library keeps a thread of the loop's own pool as long as an export runs.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_EXPORTS, "logs"))
        for source in self._logs.sources:
            store = LogStore(source, probe_seconds=self._logs.settings.probe_seconds)
            self._stores[source.region] = store
            self._watching.append(asyncio.create_task(store.watch()))

    async def close(self) -> None:
        """Stop watching and close the connections."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await asyncio.gather(*(store.close() for store in self._stores.values()))

    def readiness(self) -> dict[str, str]:
        """By region: `ok`, or why its logs are not served."""
        return {name: store.reason or "ok" for name, store in self._stores.items()}

    async def answer(
        self,
        name: str,
        request: Request,
        allowed: Collection[str] | None,
        work: Callable[[Read], Awaitable[object]],
        dialect: Dialect = PAGES,
    ) -> Response:
        """Answer with what `work` makes of the read, as JSON; whatever happens is audited."""
        started = time.perf_counter()
        line: dict[str, object] = {"event": "read", "endpoint": f"logs_{name}", "method": request.method}
        response: Response
        try:
            read = await self.authorise(request, allowed, line, dialect)
            async with self.place(read):
                body = await watched(request, read.settings.limits.seconds + 5, work(read))
            line["rows_read"] = read.reader.rows_read
            response = Response(orjson.dumps(body), 200, problem.HEADERS, "application/json")
        except ClientGoneError:
            line["reason"] = "client_gone"
            response = Response(status_code=CLIENT_GONE)
        except StarmeterError as error:
            response = self._refusal(error, line, dialect)
        except Exception:  # noqa: BLE001 - the outermost frame: logged there, and said without our insides
            response = self._internal(line, dialect)
        self.note(name, line, response.status_code, started, len(response.body))
        return response

    async def stream(
        self, name: str, request: Request, allowed: Collection[str], begin: Callable[[Read], Stream]
    ) -> Response:
        """Answer with a stream, once its first piece is there: until then, a failure has a status of its own."""
        started = time.perf_counter()
        line: dict[str, object] = {"event": "read", "endpoint": f"logs_{name}", "method": request.method}
        try:
            read = await self.authorise(request, allowed, line)
            stream = begin(read)
            place = contextlib.AsyncExitStack()
            await place.enter_async_context(stream.place)
            try:
                first = await anext(stream.pieces)
            except BaseException:
                await place.aclose()
                raise
        except StarmeterError as error:
            return self._refused(name, line, started, self._refusal(error, line))
        except Exception:  # noqa: BLE001 - the outermost frame: logged there, and said without our insides
            return self._refused(name, line, started, self._internal(line))

        def done(sent: int, reason: str) -> None:
            line["reason"] = reason
            self.note(name, line, 200 if not reason else CLIENT_GONE, started, sent)

        return Streamed(
            _resumed(first, stream.pieces, place),
            media_type=stream.media_type,
            headers=problem.HEADERS | stream.headers,
            seconds=stream.seconds,
            done=done,
        )

    async def authorise(
        self, request: Request, allowed: Collection[str] | None, line: dict[str, object], dialect: Dialect = PAGES
    ) -> Read:
        """The read of a request.

        Raises:
            StarmeterError: who asks may not, what is asked cannot be, or the region is not served.
        """
        self._audit.require_room()
        path = TenantPath(
            request.path_params["project"],
            request.path_params.get("environment"),
            request.path_params.get("service"),
        )
        line["path"] = [part[:64] for part in path if part]
        credentials = [value.encode("latin-1") for value in request.headers.getlist("authorization")]
        scope = await self.access.scope(credentials, Action.READ_LOGS, path)
        grant = scope.only
        line |= {
            "subject": scope.principal.subject,
            "token": scope.principal.token_id,
            "project_id": grant.project_id,
            "region": grant.region,
            "scope_version": scope.version,
        }
        form = await dialect.form(request)
        arguments = Arguments(
            request.scope["query_string"], allowed, time.time_ns(), body=form, query_name=dialect.query_name
        )
        line["query"] = arguments.query[:_AUDITED_QUERY]
        store = self._stores.get(grant.region)
        if store is None or self._logs is None:
            raise Unavailable(f"logs of region {grant.region} are not configured here; retry later")
        settings = self._logs.settings
        return Read(
            scope=scope,
            path=path,
            credentials=credentials,
            arguments=arguments,
            reader=LogReader(store, grant, settings.limits),
            signer=Signer(settings.cursor_key, scope, arguments.query),
            settings=settings,
            line=line,
        )

    @contextlib.asynccontextmanager
    async def place(self, read: Read) -> AsyncIterator[None]:
        """A place among the project's reads.

        Raises:
            TooBusy: there is none.
        """
        project = read.scope.only.project_id
        await self._limiter.enter(project, self._settings.limits_of(project))
        try:
            yield
        finally:
            self._limiter.leave(project)

    def _refusal(self, error: StarmeterError, line: dict[str, object], dialect: Dialect = PAGES) -> Response:
        """The answer to a read that failed."""
        line["reason"] = error.code
        if isinstance(error, ServiceError) and not isinstance(error, Unavailable | IsolationError):
            _log.error("a log read failed", extra={"reason": error.message})
        return dialect.report(error)

    def _internal(self, line: dict[str, object], dialect: Dialect = PAGES) -> Response:
        """The answer to a defect of ours: logged here, and said without our insides."""
        _log.exception("a log read failed")
        line["reason"] = "internal"
        return dialect.report(ServiceError("internal error"))

    def _refused(self, name: str, line: dict[str, object], started: float, response: Response) -> Response:
        self.note(name, line, response.status_code, started, len(response.body))
        return response

    def note(self, name: str, line: dict[str, object], status: int, started: float, sent: int) -> None:
        """Count and audit a read that is over."""
        elapsed = time.perf_counter() - started
        self._instruments.note_read(f"logs_{name}", status, elapsed, sent)
        self._audit.write(
            line | {"time": datetime.now(UTC), "status": status, "duration_ms": round(elapsed * 1000, 3), "bytes": sent}
        )


async def _resumed(
    first: bytes, rest: AsyncGenerator[bytes, None], place: contextlib.AsyncExitStack
) -> AsyncGenerator[bytes, None]:
    async with place, contextlib.aclosing(rest):
        yield first
        async for piece in rest:
            yield piece
