"""The ledger of one workspace for what makes invoices in a thread: it has no rows of anybody else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.surface.days import day_sums
from billing.usage import UsageRow
from query.verification import IsolationError

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from billing.coverage import Completeness
    from billing.hour import Period
    from billing.runs.publication import Publications
    from billing.surface.reader import LedgerReader


@dataclass(frozen=True, slots=True)
class Pods:
    """The very rows, pod by pod: what bundles are made of. `loop` is the front-door's, which the reader lives on."""

    reader: LedgerReader
    loop: asyncio.AbstractEventLoop
    until: int

    def rows(
        self, workspace_id: str, period: Period, *, until: int | None = None, estimates: bool = False
    ) -> list[UsageRow]:
        """The workspace's rows of a period as of a publication; estimates are no part of an invoice."""
        del estimates
        _require(self.reader, workspace_id)
        asked = self.reader.rows(period, self.until if until is None else until)
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result()

    def latest(self) -> int:
        """The publication that all is read as of."""
        return self.until


@dataclass(frozen=True, slots=True)
class Days:
    """A day's usage of a service as one row: it is rated as its pods are, and there are far fewer.

    `changes` are the hours at which any stored price changes: a row never spans one. Hours of `estimated` without a
    published run have their estimate.
    """

    reader: LedgerReader
    loop: asyncio.AbstractEventLoop
    until: int
    changes: tuple[int, ...]
    estimated: Period | None

    def rows(
        self, workspace_id: str, period: Period, *, until: int | None = None, estimates: bool = False
    ) -> list[UsageRow]:
        """The workspace's usage of a period as of a publication."""
        _require(self.reader, workspace_id)
        asked = day_sums(
            self.reader,
            period,
            self.until if until is None else until,
            [each for each in self.changes if each in period],
            estimates=estimates or period == self.estimated,
        )
        sums: list[Any] = asyncio.run_coroutine_threadsafe(asked, self.loop).result()
        return [
            UsageRow(
                workspace_id=each.workspace_id,
                project_id=each.project_id,
                environment=each.environment,
                service_id=each.service_id,
                region=each.region,
                cluster="",
                hour=each.since,
                meter=each.meter,
                source_id="",
                quantity=each.quantity,
            )
            for each in sums
        ]

    def latest(self) -> int:
        """The publication that all is read as of."""
        return self.until


@dataclass(frozen=True, slots=True)
class Log:
    """What was published, up to a publication."""

    publications: Publications
    until: int

    def latest(self) -> int:
        """That publication."""
        return self.until

    def completeness(
        self, period: Period, clusters: Collection[str] | None = None, until: int | None = None
    ) -> Completeness:
        """The completeness of a period's evidence as of it."""
        return self.publications.completeness(period, clusters=clusters, until=self.until if until is None else until)


def _require(reader: LedgerReader, workspace_id: str) -> None:
    if workspace_id != reader.workspace_id:
        raise IsolationError("the ledger of one workspace was asked for another's rows")
