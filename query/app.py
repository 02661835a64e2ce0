"""The front-door put together: the Prometheus surface on its own fast path, everything else a FastAPI application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.errors import StarmeterError
from query import openapi, problem
from query.access import Access
from query.alerts import AlertReader
from query.canary import Canary
from query.cardinality_routes import CardinalitySurface
from query.instruments import Instruments
from query.limiter import Limiter
from query.logs.door import LogDoor
from query.logs.loki.surface import LokiSurface
from query.logs.surface import LogSurface
from query.mount import Parts
from query.prometheus import PrometheusSurface, is_prometheus
from query.region import ServedRegion

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, MutableMapping, Sequence

    from core.directory import Directory
    from query.audit import AuditLog
    from query.exchange import Receive, Send
    from query.logs.read import LogSources
    from query.mount import Mount
    from query.settings import QuerySettings

_RECORD_USE_SECONDS: Final = 30.0

_log = logging.getLogger("query.app")


class FrontDoor:
    """The whole ASGI application of one front-door process; N of them run side by side without knowing each other."""

    def __init__(
        self,
        settings: QuerySettings,
        directory: Directory,
        audit: AuditLog,
        logs: LogSources | None = None,
        *,
        mounts: Sequence[Mount] = (),
    ) -> None:
        self._settings = settings
        self._audit = audit
        self._instruments = Instruments()
        self._access = Access(directory, seconds=settings.access_seconds)
        self._canary = Canary(directory, self._instruments, seconds=settings.canary_seconds)
        self._regions: dict[str, ServedRegion] = {}
        self._alerts: dict[str, AlertReader] = {}
        self._prometheus = PrometheusSurface(
            settings,
            self._regions,
            self._alerts,
            access=self._access,
            limiter=Limiter(),
            audit=audit,
            instruments=self._instruments,
        )
        self._cardinality = CardinalitySurface(self._access, directory, audit, self._instruments)
        self._logs = LogDoor(settings, logs, access=self._access, audit=audit, instruments=self._instruments)
        parts = Parts(settings, directory, self._access, Limiter(), audit, self._instruments)
        made = [mount(parts) for mount in mounts]
        self._surfaces = [surface for surface in made if surface is not None]
        self.api = self._create_api()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Dispatch: a metrics read goes straight to its surface, past the framework."""
        if scope["type"] == "http" and is_prometheus(scope["raw_path"]):
            await self._prometheus(scope, receive, send)
        else:
            await self.api(scope, receive, send)

    def _create_api(self) -> FastAPI:
        app = FastAPI(
            title="Starmeter front-door",
            summary="Metrics of exactly the caller's own projects.",
            version="1",
            lifespan=self._lifespan,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        problem.install(app)
        app.include_router(self._cardinality.router)
        if self._logs.is_configured:
            app.include_router(LogSurface(self._logs).router)
            app.include_router(LokiSurface(self._logs).router)
        for surface in self._surfaces:
            app.include_router(surface.router)
        app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]  # the documented way to extend it

        @app.get("/livez", tags=["operations"], summary="The process runs")
        async def livez() -> dict[str, str]:
            return {"status": "ok"}

        @app.get("/readyz", tags=["operations"], summary="At least one region is served; the body lists them all")
        async def readyz(response: Response) -> dict[str, object]:
            regions = {region.name: region.reason or "ok" for region in self._regions.values()}
            ready = any(region.ready for region in self._regions.values())
            response.status_code = 200 if ready else 503
            return {
                "status": "ok" if ready else "unavailable",
                "regions": regions,
                "logs": self._logs.readiness(),
                **{surface.name: surface.readiness() for surface in self._surfaces},
            }

        @app.get("/metrics", tags=["operations"], summary="The front-door's own metrics, without tenant label values")
        async def metrics() -> Response:
            return Response(generate_latest(self._instruments.registry), media_type=CONTENT_TYPE_LATEST)

        return app

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Open the regions and watch them; each is served as soon as it has proved its isolation."""
        connect_seconds = self._settings.connect_seconds
        for region in self._settings.regions:
            self._regions[region.name] = ServedRegion(region, self._instruments, connect_seconds=connect_seconds)
            self._alerts[region.name] = AlertReader(region.name, region.alerts_url, connect_seconds=connect_seconds)
        self._cardinality.open(self._settings)
        self._logs.open()
        for surface in self._surfaces:
            surface.open()
        tasks = [asyncio.create_task(self._canary.watch(region)) for region in self._regions.values()]
        tasks.append(asyncio.create_task(self._record_use()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(StarmeterError):
                await self._access.record_use()
            await asyncio.gather(*(region.close() for region in self._regions.values()))
            await self._cardinality.close()
            await self._logs.close()
            await asyncio.gather(*(surface.close() for surface in self._surfaces))
            await asyncio.gather(*(alerts.close() for alerts in self._alerts.values()))
            self._audit.flush()

    async def _record_use(self) -> None:
        while True:
            await asyncio.sleep(_RECORD_USE_SECONDS)
            try:
                await self._access.record_use()
            except Exception:  # noqa: BLE001 - the outermost frame of this task: said, and tried again
                _log.exception("token use was not recorded")
