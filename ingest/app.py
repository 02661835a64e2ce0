"""Ingest put together: the paths that telemetry comes in by, and what its operators ask."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ingest import problem
from ingest.admission import Admission
from ingest.allowance import Allowances
from ingest.draft import Bounds
from ingest.drain import Drain
from ingest.gatekeeper import Gatekeeper
from ingest.instruments import Instruments
from ingest.lane import Lane
from ingest.log_routes import LogRoutes
from ingest.owner import Owners
from ingest.quota import Quota
from ingest.recent import Recent
from ingest.sink import Sink, endpoint
from ingest.spool import Limits, Spool
from ingest.usage.intake import Intake
from ingest.usage.registrar import Registrar
from ingest.usage.routes import UsageRoutes
from ingest.usage.store import Evidence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.attribution import Attribution
    from ingest.settings import IngestSettings, LogRegion
    from ingest.sink import Stored
    from ingest.usage.settings import UsageSettings


_TIDY_SECONDS: Final = 20.0


class Ingest:
    """The whole application of one ingest process.

    Several run side by side, each with a spool of its own; the records of a cluster should reach the same one, which
    then tells duplicates without asking the store.

    Raises:
        ConfigurationError: a spool or a store's URL cannot be used; the message names it.
    """

    def __init__(self, settings: IngestSettings, attribution: Attribution) -> None:
        self._settings = settings
        self._attribution = attribution
        self._instruments = Instruments()
        self._lanes = {region.name: self._lane(region) for region in settings.regions}
        gatekeeper = Gatekeeper(attribution, seconds=settings.token_seconds)
        self._logs = LogRoutes(gatekeeper, self._lanes, self._instruments, settings.request_bytes)
        self._usage = None if settings.usage is None else self._usage_routes(gatekeeper, settings.usage)
        self.api = self._create_api()

    def _lane(self, region: LogRegion) -> Lane:
        settings, name = self._settings, region.name
        owners = owners_of(settings, self._attribution, name)
        spool = Spool(
            Path(settings.spool) / name,
            Limits(settings.spool_bytes, settings.batch_records, settings.batch_bytes, settings.batch_seconds),
        )
        sink = Sink(endpoint(name, region.logs_url))

        def stored(batch: Stored, told: int) -> None:
            self._instruments.note_stored(name, batch, told)

        admission = Admission(
            name,
            owners,
            Allowances(settings.limits, settings.project_limits),
            Recent(settings.remembered_records, time_ns()),
            bounds_of(settings),
            Quota(settings.letter_limits, settings.spool_bytes),
        )
        return Lane(
            name,
            admission,
            spool,
            Drain(name, spool, sink, stored),
            self._instruments,
            settings.queue_bytes,
        )

    def _usage_routes(self, gatekeeper: Gatekeeper, settings: UsageSettings) -> UsageRoutes:
        evidence = Evidence(settings.ledger_url)
        registrars = {
            name: Registrar(name, owners_of(self._settings, self._attribution, name), evidence) for name in self._lanes
        }
        intake = Intake(evidence, registrars, self._attribution, floor=settings.floor.floor)
        return UsageRoutes(gatekeeper, intake, settings, self._instruments.registry)

    def _create_api(self) -> FastAPI:
        app = FastAPI(
            title="Starmeter ingest",
            summary="Telemetry of clusters, attributed to tenants.",
            version="1",
            lifespan=self._lifespan,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        problem.install(app)
        app.include_router(self._logs.router)
        if self._usage is not None:
            app.include_router(self._usage.router)

        @app.get("/livez", tags=["operations"], summary="The process runs")
        async def livez() -> dict[str, str]:
            return {"status": "ok"}

        @app.get(
            "/readyz", tags=["operations"], summary="Records are taken for at least one region; the body lists all"
        )
        async def readyz(response: Response) -> dict[str, object]:
            regions = {lane.region: _state(lane) for lane in self._lanes.values()}
            takes = any(lane.is_alive and not lane.spool.is_full for lane in self._lanes.values())
            response.status_code = 200 if takes else 503
            return {"status": "ok" if takes else "unavailable", "regions": regions}

        @app.get("/metrics", tags=["operations"], summary="Ingest's own metrics, without tenant label values")
        async def metrics() -> Response:
            for lane in self._lanes.values():
                self._instruments.note_lane(lane)
            return Response(generate_latest(self._instruments.registry), media_type=CONTENT_TYPE_LATEST)

        return app

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        for lane in self._lanes.values():
            lane.start()
        tidying = asyncio.create_task(_tidy())
        try:
            yield
        finally:
            tidying.cancel()
            if self._usage is not None:
                self._usage.close()
            seconds = self._settings.drain_seconds
            await asyncio.gather(*(asyncio.to_thread(lane.stop, seconds) for lane in self._lanes.values()))


async def _tidy() -> None:
    """Free what refers to itself, such as errors that hold their request's body; the collector itself runs rarely."""
    while True:
        await asyncio.sleep(_TIDY_SECONDS)
        gc.collect()


def owners_of(settings: IngestSettings, attribution: Attribution, region: str) -> Owners:
    """Who owns records in a region, as configured."""
    return Owners(
        attribution,
        region,
        settings.retention_days,
        default_days=settings.default_retention_days,
        seconds=settings.access_seconds,
    )


def bounds_of(settings: IngestSettings) -> Bounds:
    """What a record may be, as configured."""
    return Bounds(
        body_bytes=settings.record_bytes,
        ahead_seconds=settings.ahead_seconds,
        recheck_seconds=settings.recheck_seconds,
    )


def _state(lane: Lane) -> str:
    if not lane.is_alive:
        return "ended"
    if lane.spool.is_full:
        return "the spool is full"
    return "ok" if lane.drain.is_storing else "the log store does not take records; they wait in the spool"
