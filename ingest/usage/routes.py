"""The paths that evidence of usage comes in by: a cluster's pods, the builder's builds."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import orjson
from fastapi import APIRouter, Request, Response

from core.errors import Forbidden, NotFound, StarmeterError
from ingest import body, problem
from ingest.usage import signature
from ingest.usage.instruments import UsageInstruments

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

    from ingest.gatekeeper import Gatekeeper
    from ingest.usage.intake import Intake
    from ingest.usage.settings import UsageSettings


class UsageRoutes:
    """Both paths over one intake. An answer of 2xx says that the ledger's store has it."""

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        intake: Intake,
        settings: UsageSettings,
        registry: CollectorRegistry,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._gatekeeper = gatekeeper
        self._intake = intake
        self._settings = settings
        self._instruments = UsageInstruments(registry)
        self._clock = clock
        self.router = APIRouter(tags=["usage"])
        self.router.post("/v1/usage/pods", summary="Pods and nodes of a cluster, as its agent sees them")(self._pods)
        self.router.post("/v1/usage/builds", summary="A build's state, signed by the builder")(self._builds)

    def close(self) -> None:
        """Drop the connections to the ledger's store."""
        self._intake.close()

    async def _pods(self, request: Request) -> Response:
        try:
            cluster = await self._gatekeeper.cluster(request)
            if cluster.region not in self._intake.regions:
                raise Forbidden("the cluster's region is not served here; send to the ingest of its own region")
            content = await body.read(request, self._settings.request_bytes)
            report = await asyncio.to_thread(self._intake.take_pods, cluster, content)
        except StarmeterError as failure:
            self._instruments.requests.labels("pods", failure.status).inc()
            raise
        self._instruments.requests.labels("pods", 200).inc()
        accepted = len(report.pods) + len(report.nodes)
        self._instruments.parts.labels("pods", "accepted").inc(accepted)
        self._instruments.parts.labels("pods", "refused").inc(len(report.refusals))
        refused = [{"subject": one.subject, "uid": one.uid, "reason": one.reason} for one in report.refusals]
        return Response(orjson.dumps({"accepted": accepted, "refused": refused}), media_type=problem.JSON)

    async def _builds(self, request: Request) -> Response:
        try:
            if not (secrets := self._settings.build_secrets):
                raise NotFound("builds are not taken here: no secret is configured")
            if request.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
                raise body.UnknownEncoding("Content-Encoding: a signed body is sent as it was signed; use none")
            content = await body.read(request, self._settings.build_bytes)
            given = request.headers.getlist(signature.HEADER)
            window = self._settings.window_seconds
            signature.verify(given[0] if len(given) == 1 else "", content, secrets, int(self._clock()), window)
            told = await asyncio.to_thread(self._intake.take_build, content)
        except StarmeterError as failure:
            self._instruments.requests.labels("builds", failure.status).inc()
            if failure.status == 400:  # noqa: PLR2004 - what was signed and cannot be metered
                self._instruments.parts.labels("builds", "refused").inc()
            raise
        self._instruments.requests.labels("builds", 200).inc()
        self._instruments.parts.labels("builds", "accepted").inc()
        told_back = {"delivery_id": told.delivery_id, "build_id": told.build_id}
        return Response(orjson.dumps(told_back), media_type=problem.JSON)
