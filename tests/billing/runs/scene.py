"""A small world that runs are made in: a cluster with pods, a region with builds, two workspaces, a clock."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import func, select, text

from billing.accounts.moment import moment
from billing.hour import HOUR, Period, iso, parse
from billing.ledger.slice import Slice
from billing.policy import MeteringPolicy
from billing.runs.batch import Batch
from billing.runs.due import Due
from billing.runs.instruments import Instruments
from billing.runs.late import Late
from billing.runs.lease import Lease
from billing.runs.publication import Publications
from billing.runs.record import RunKind, RunState
from billing.runs.schedule import Metering
from billing.schema import leases, publications, runs
from billing.settings import ScheduleSettings
from compose.process import free_port
from core.control import reading, writing
from core.registry import Registry
from core.tenant import Tenant
from tests.billing.pods import observe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from billing.ledger.store import Ledger
    from billing.observation import PodObservation
    from billing.runs.outcome import Outcome
    from tests.billing.ledger.deposit import Deposit

H: Final = parse("2026-03-01T10:00:00Z", "H")
# When all of H's evidence has been received, and the hour is closed.
NOW: Final = H + HOUR + 1_000
REGION: Final = "fra"
CLUSTER: Final = "cluster-1"
PODS: Final = Slice(H, REGION, CLUSTER)
BUILDS: Final = Slice(H, REGION)
EVERYTHING: Final = Period(H - 48 * HOUR, H + 48 * HOUR)


class Scene:
    """The stores of a test, and what it does with them; `now` is what its clock says."""

    def __init__(
        self, url: str, engine: Engine, ledger_url: str, ledger: Ledger, *, deposit: Deposit, folder: Path
    ) -> None:
        self.url = url
        self.engine = engine
        self.ledger_url = ledger_url
        self.ledger = ledger
        self.deposit = deposit
        self.folder = folder
        self.now = NOW
        self.port = free_port()
        self.schedule = ScheduleSettings(lease_s=60)
        self.instruments = Instruments()
        self.publications = Publications(engine, clock=lambda: self.now)
        self.acme, self.evil = str(uuid4()), str(uuid4())
        self.tenant = Tenant(str(uuid4()), "production", str(uuid4()))

    def build(self) -> Scene:
        """Write it into the control store: the cluster exists since H."""
        registry = Registry(self.engine)
        registry.create_workspace("Acme", workspace_id=self.acme)
        registry.create_workspace("Evil", workspace_id=self.evil)
        registry.create_project(
            self.acme, "shop", REGION, project_id=self.tenant.project_id, at=moment(H) - timedelta(days=30)
        )
        registry.create_environment(self.tenant.project_id, "production")
        registry.create_service(self.tenant.project_id, "web", service_id=self.tenant.service_id)
        self.cluster(CLUSTER)
        return self

    def cluster(self, name: str, since: int = H) -> None:
        """Register a cluster."""
        Registry(self.engine).create_cluster(name, REGION, now=moment(since))

    def pod(self, uid: str = "uid-1", *, cpu_m: int = 500, start: int = H, seconds: int = HOUR, step: int = 60) -> None:
        """A pod of the tenant that is seen running from `start` on, at the end of that time, too; told of in time."""
        self.see([observe([at - H, "R", cpu_m, 2**29], uid) for at in range(start, start + seconds + 1, step)])
        self.deposit.registration(REGION, CLUSTER, uid, self.tenant, received=H)

    def see(self, seen: list[PodObservation], received: int | None = None, *, source: str = "series") -> None:
        """Sights of pods."""
        self.deposit.observations(REGION, seen, received=received or self.now - 100, source=source)

    def hear(self, hour: int = H, received: int | None = None) -> None:
        """The cluster was heard in all of an hour."""
        self.deposit.heartbeats(REGION, CLUSTER, range(hour, hour + HOUR, 30), received=received or hour)

    def batch(self, holder: str = "ada", **options: Any) -> Batch:  # noqa: ANN401 - what a batch takes
        """A runner of its own."""
        clock: Callable[[], int] = options.pop("clock", lambda: self.now)
        lease = Lease(self.engine, holder, self.schedule.lease_s, clock)
        given: dict[str, Any] = {"clock": clock, "instruments": self.instruments, "policy": MeteringPolicy()}
        given |= {"collector": None, **options}
        return Batch(self.engine, self.ledger, given.pop("collector"), given.pop("policy"), lease, **given)

    def due(self, since: int | None = None) -> Due:
        """What is due by the control store."""
        return Due(self.engine, [REGION], since, self.schedule)

    def late(self) -> Late:
        """What is told of late."""
        return Late(self.engine, self.ledger, [REGION], self.schedule)

    def work_off(self) -> None:
        """What the billing process does by itself every minute."""
        metering = Metering(
            self.batch(),
            self.due(),
            self.late(),
            clock=lambda: self.now,
            instruments=self.instruments,
            stopping=threading.Event(),
        )
        metering.work_off()

    def run(self, *slices: Slice, kind: RunKind = RunKind.HOURLY, **options: Any) -> list[Outcome]:  # noqa: ANN401 - as `batch`
        """Run slices, by default H's of the cluster."""
        outcomes = self.batch(**options).runs(lambda: slices or (PODS,), kind)
        assert outcomes is not None
        return list(outcomes)

    def count(self, table: str = "usage") -> int:
        """How many rows a table of the ledger has."""
        return self.deposit.count(table)

    def published(self) -> list[tuple[Slice, str]]:
        """What was published, in its order."""
        return [
            (Slice(each.hour, each.region, each.cluster), each.kind.value)
            for each in self.publications.after(0, 10_000)
        ]

    def states(self) -> dict[str, int]:
        """How many runs came to which end."""
        counted = select(runs.c.state, func.count()).group_by(runs.c.state)
        with reading(self.engine) as connection:
            return {state: number for state, number in connection.execute(counted)}  # noqa: C416 - rows are no pairs

    def hashes(self) -> list[tuple[str, int, str]]:
        """Of all that counts: the slice, and the hash of its rows."""
        wanted = (
            select(runs.c.cluster, runs.c.hour, runs.c.rows_sha256)
            .join(publications, publications.c.run_id == runs.c.id)
            .order_by(publications.c.sequence)
        )
        with reading(self.engine) as connection:
            return [(cluster, int(hour.timestamp()), digest) for cluster, hour, digest in connection.execute(wanted)]

    def remarks(self) -> list[tuple[str, str, int, int]]:
        """What each run that ended well says, and how much it put aside, by slice."""
        column = runs.c
        wanted = select(column.cluster, column.hour, column.message, column.quarantined, column.quarantined_builds)
        wanted = wanted.where(column.state == RunState.PUBLISHED).order_by(column.hour, column.cluster)
        with reading(self.engine) as connection:
            return [(f"{row.cluster} {row.hour}", *row[2:]) for row in connection.execute(wanted)]

    def forget(self) -> None:
        """Have no run, no publication and no row; the evidence stays."""
        with writing(self.engine) as connection:
            for table in (publications, runs, leases):
                connection.execute(table.delete())
            if connection.dialect.name == "postgresql":
                connection.execute(text("ALTER SEQUENCE billing_publications_sequence_seq RESTART"))
            else:
                connection.execute(text("DELETE FROM sqlite_sequence"))
        for name in ("usage", "publications"):
            self.deposit.clear_table(name)

    def configuration(self, since: int = H, **schedule: int) -> Path:
        """The billing file of these stores; nothing answers where its region's metrics should be."""
        path = self.folder / "billing.toml"
        times = "".join(f"{name} = {seconds}\n" for name, seconds in schedule.items())
        path.write_text(
            f'control_store = "{self.url}"\nledger_url = "{self.ledger_url}"\nsince = "{iso(since)}"\n'
            f'listen = "127.0.0.1:{self.port}"\n[schedule]\n{times}'
            '[[regions]]\nname = "fra"\nmetrics_url = "http://127.0.0.1:1"\n'
        )
        return path
