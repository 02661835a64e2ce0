"""The parts of the billing process put together from its settings: stores, collector, lease, batch, what is due."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from billing.accounts.moment import now
from billing.evidence.collector import Collector
from billing.ledger.store import Ledger
from billing.runs.batch import Batch
from billing.runs.due import Due
from billing.runs.instruments import Instruments
from billing.runs.late import Late
from billing.runs.lease import Lease
from core.attribution import Attribution
from core.control import connect, require_current
from ingest.usage.store import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from billing.runs.step import Hook
    from billing.settings import BillingSettings


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs are made with."""

    engine: Engine
    ledger: Ledger
    batch: Batch
    due: Due
    late: Late
    instruments: Instruments
    clock: Callable[[], int]


@contextmanager
def parts(
    settings: BillingSettings,
    *,
    collecting: bool = True,
    clock: Callable[[], int] = now,
    on_step: Hook | None = None,
) -> Iterator[Parts]:
    """Open the stores, and close them at the end. Without `collecting`, runs use what evidence there is.

    Raises:
        ConfigurationError: a URL is none; the message names the key.
        Unavailable: the control store does not answer, or is not of this release.
    """
    engine = connect(settings.control_store.get_secret_value())
    ledger = Ledger.at(settings.ledger_url.get_secret_value())
    evidence = Evidence(settings.ledger_url)
    try:
        require_current(engine)
        instruments = Instruments()
        collector = Collector(
            settings.regions,
            evidence,
            Attribution(engine),
            seconds=settings.collect_seconds,
            floor=settings.floor.floor,
        )
        # The name must differ from that of any process before this one, on whatever host: ids of processes come again.
        holder = f"{socket.gethostname()} {os.getpid()} {uuid4().hex[:8]}"
        batch = Batch(
            engine,
            ledger,
            collector if collecting else None,
            settings.policy.metering,
            Lease(engine, holder, settings.schedule.lease_s, clock),
            clock=clock,
            instruments=instruments,
            on_step=on_step,
        )
        names = [region.name for region in settings.regions]
        due = Due(engine, names, settings.first_hour, settings.schedule)
        late = Late(engine, ledger, names, settings.schedule)
        yield Parts(engine, ledger, batch, due, late, instruments, clock)
    finally:
        evidence.close()
        ledger.close()
        engine.dispose()
