"""Billing as a process: its configuration, its schedule, its probes, its end."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import uvicorn
from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool

from billing.accounts import budgets
from billing.delivery.job import deliver_all
from billing.runs.parts import parts
from billing.runs.schedule import Job, Metering, Schedule
from billing.settings import BillingSettings
from core import log, settings
from core.control import require_current
from core.errors import StarmeterError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from billing.runs.parts import Parts

_UNAVAILABLE: Final = 503


def run(config: Path) -> None:
    """Work as the TOML file `config` says, until SIGTERM; then finish the run that is under way.

    Raises:
        ConfigurationError: a key or a secret is wrong; the message names the key.
        Unavailable: the control store does not answer, or is not of this release.
    """
    log.configure()
    configured = settings.load(BillingSettings, config)
    host, _, port = configured.listen.rpartition(":")
    with parts(configured) as opened:
        stopping = threading.Event()
        schedule = Schedule(jobs(configured, opened, stopping))
        uvicorn.run(
            application(opened, schedule, stopping),
            host=host.strip("[]"),
            port=int(port),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )


def jobs(configured: BillingSettings, opened: Parts, stopping: threading.Event) -> list[Job]:
    """All that the process does by itself."""
    metering = Metering(
        opened.batch,
        opened.due,
        opened.late,
        clock=opened.clock,
        instruments=opened.instruments,
        stopping=stopping,
    )
    times = configured.schedule
    found = [Job("metering", times.interval_s, metering.work_off)]
    if times.estimate_s:
        found.append(Job("estimates", times.estimate_s, metering.estimate))
    found.append(Job("budgets", times.budgets_s, lambda: _check_budgets(configured, opened)))
    found.append(Job("deliveries", times.deliveries_s, lambda: _deliver(configured, opened)))
    return found


def _check_budgets(configured: BillingSettings, opened: Parts) -> None:
    budgets.check(opened.engine, opened.ledger, configured.webhooks, clock=opened.clock)


def _deliver(configured: BillingSettings, opened: Parts) -> None:
    deliver_all(opened.engine, opened.ledger, configured.delivery, opened.clock())


def application(opened: Parts, schedule: Schedule, stopping: threading.Event) -> FastAPI:
    """The probes, and the schedule for as long as they are served."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        schedule.start()
        try:
            yield
        finally:
            stopping.set()
            await run_in_threadpool(schedule.stop)

    app = FastAPI(title="Starmeter billing", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)

    @app.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz(response: Response) -> dict[str, str]:
        found = {
            "control_store": _state(lambda: require_current(opened.engine)),
            "ledger": _state(opened.ledger.latest),
        }
        if set(found.values()) != {"ok"}:
            response.status_code = _UNAVAILABLE
        return found

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(opened.instruments.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def _state(ask: Callable[[], object]) -> str:
    try:
        ask()
    except StarmeterError as failure:
        return failure.code
    return "ok"
