"""Ingest's paths of usage in the test's own process, before real stores."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from core.attribution import Attribution
from core.control import connect
from ingest import problem
from ingest.gatekeeper import Gatekeeper
from ingest.owner import Owners
from ingest.usage.intake import Intake
from ingest.usage.registrar import Registrar
from ingest.usage.routes import UsageRoutes
from ingest.usage.settings import UsageSettings
from ingest.usage.signature import HEADER, sign
from ingest.usage.store import Evidence

if TYPE_CHECKING:
    from tests.ingest.logs.world import Platform

SECRET: Final = "a secret that only tests would use"
OLD_SECRET: Final = "the secret that it takes the place of"


class Door:
    """A new ingest with nothing in mind, as after a restart."""

    def __init__(self, ledger_url: str, platform: Platform, evidence: Evidence | None = None) -> None:
        attribution = Attribution(connect(platform.url))
        evidence = evidence or Evidence(SecretStr(ledger_url))
        registrars = {
            region: Registrar(region, Owners(attribution, region, {}, default_days=30, seconds=0), evidence)
            for region in ("fra1", "nyc1")
        }
        settings = UsageSettings(
            ledger_url=SecretStr(ledger_url),
            request_bytes=4 << 20,
            build_secret=SecretStr(SECRET),
            previous_build_secret=SecretStr(OLD_SECRET),
        )
        self.intake = Intake(evidence, registrars, attribution)
        self.registry = CollectorRegistry()
        app = FastAPI()
        problem.install(app)
        routes = UsageRoutes(Gatekeeper(attribution, seconds=0), self.intake, settings, self.registry)
        app.include_router(routes.router)
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingest")
        self._token = platform.near

    async def pods(self, report: object, *, token: str | None = None, **headers: str) -> httpx.Response:
        """Post a report; what is not bytes is sent as JSON."""
        content = report if isinstance(report, bytes) else json.dumps(report).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given["Authorization"] = f"Bearer {token or self._token}"
        return await self._client.post("/v1/usage/pods", content=content, headers=given)

    async def build(
        self, delivery: object, *, secret: str = SECRET, at: float | None = None, header: str | None = None
    ) -> httpx.Response:
        """Post a delivery, signed."""
        content = delivery if isinstance(delivery, bytes) else json.dumps(delivery).encode()
        signed = sign(secret.encode(), content, int(time.time() if at is None else at))
        return await self._client.post(
            "/v1/usage/builds", content=content, headers={HEADER: signed if header is None else header}
        )

    def counted(self, kind: str, outcome: str) -> Any:  # noqa: ANN401 - a sample's value
        """How many parts came to an end."""
        return self.registry.get_sample_value("ingest_usage_parts_total", {"kind": kind, "outcome": outcome})
