"""A workspace in a real control store, and a ledger in memory that follows the publications of that store."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import insert, select

from billing.accounts.credits import Credits
from billing.accounts.evidence import Evidence
from billing.accounts.invoices import Invoices
from billing.accounts.moment import moment, seconds
from billing.accounts.price_books import PriceBooks
from billing.hour import HOUR, Period, month
from billing.runs.publication import Publications
from billing.schema import publications, runs
from billing.usage import in_order
from core.control import reading, writing
from core.registry import Registry
from tests.billing.books import MARCH, PROJECT, SERVICES, WORKSPACE, row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Engine

    from billing.invoice import Invoice
    from billing.ledger.store import Ledger
    from billing.usage import UsageRow

NEIGHBOUR: Final = "aaaaaaaa-0000-4000-8000-000000000002"
NEIGHBOURS_PROJECT: Final = "bbbbbbbb-0000-4000-8000-000000000002"
CLUSTER: Final = "cluster-1"
EXPECTED: Final = 120
_BEFORE: Final = moment(MARCH - 90 * 24 * HOUR)


class Shelf:
    """The ledger's reads over rows in memory: which run counts is read from the control store's publications."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.runs: dict[str, list[UsageRow]] = {}

    def rows(
        self, workspace_id: str, period: Period, *, until: int | None = None, estimates: bool = False
    ) -> list[UsageRow]:
        counted = _counted(self._engine, period, until, ("published", "estimate") if estimates else ("published",))
        found = [each for run in counted for each in self.runs[run]]
        return in_order(each for each in found if each.workspace_id == workspace_id)

    def latest(self) -> int:
        return Publications(self._engine).latest()


def _counted(engine: Engine, period: Period, until: int | None, kinds: Sequence[str]) -> list[str]:
    statement = select(publications).where(publications.c.hour >= moment(period.start))
    statement = statement.where(publications.c.hour < moment(period.end)).order_by(publications.c.sequence)
    if until is not None:
        statement = statement.where(publications.c.sequence <= until)
    last: dict[tuple[str, str, int], Any] = {}
    with reading(engine) as connection:
        for each in connection.execute(statement.where(publications.c.kind.in_(kinds))):
            place = each.region, each.cluster, seconds(each.hour)
            if each.kind == "published" or place not in last or last[place].kind == "estimate":
                last[place] = each
    return [each.run_id for each in last.values()]


@dataclass(slots=True)
class World:
    """One workspace with a project of two services, its neighbour, and a clock that tests set.

    With a real `ledger`, what is published goes there, too, and is read from there.
    """

    engine: Engine
    at: int = MARCH
    ledger: Ledger | None = None
    shelf: Shelf = field(init=False)
    invoices: Invoices = field(init=False)
    books: PriceBooks = field(init=False)
    credits: Credits = field(init=False)

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.engine)
        self.invoices = Invoices(self.engine, clock=self.clock)
        self.books = PriceBooks(self.engine, clock=self.clock)
        self.credits = Credits(self.engine, clock=self.clock)

    def clock(self) -> int:
        """The time that it is in this world."""
        return self.at

    def build(self) -> World:
        """Write it into its store."""
        registry = Registry(self.engine)
        for workspace, name, project, title in (
            (WORKSPACE, "Acme", PROJECT, "Shop"),
            (NEIGHBOUR, "Globex", NEIGHBOURS_PROJECT, "Portal"),
        ):
            registry.create_workspace(name, workspace_id=workspace)
            registry.create_project(workspace, title, "eu", project_id=project, at=_BEFORE)
        registry.create_service(PROJECT, "web", service_id=SERVICES["a"])
        registry.create_service(PROJECT, "worker", service_id=SERVICES["b"])
        registry.create_cluster(CLUSTER, "eu", _BEFORE)
        return self

    @property
    def evidence(self) -> Evidence:
        """The ledger and its publications."""
        return Evidence(self.ledger or self.shelf, self.log)

    @property
    def log(self) -> Publications:
        """The publications."""
        return Publications(self.engine, clock=self.clock)

    def publish(
        self, rows: Iterable[UsageRow], period: Period | None = None, *, heard: int = EXPECTED, kind: str = "published"
    ) -> None:
        """Publish the hours of the rows, or all of a period: what was published of them before counts no more."""
        slices: defaultdict[tuple[str, str, int], list[UsageRow]] = defaultdict(list)
        for hour in range(period.start, period.end, HOUR) if period else ():
            slices |= {("eu", cluster, hour): [] for cluster in (CLUSTER, "")}
        for each in rows:
            slices[each.region, each.cluster, each.hour].append(each)
        made = {place: str(uuid4()) for place in slices}
        self.shelf.runs |= {made[place]: each for place, each in slices.items()}
        with writing(self.engine) as connection:
            connection.execute(insert(runs), [self._run(place, run) for place, run in sorted(made.items())])
            published = [
                {
                    **_slice(place),
                    "kind": kind,
                    "run_id": made[place],
                    "published_at": moment(self.at),
                    "heard": heard,
                    "expected": EXPECTED,
                    "rows": len(slices[place]),
                }
                for place in sorted(slices)
            ]
            connection.execute(insert(publications), published)
        if self.ledger is not None:
            for place, rows_of in slices.items():
                self.ledger.write(rows_of, made[place])
            self.ledger.mirror(self.log.after(0, 1_000_000))

    def activate(self, text: str) -> None:
        """Store a price book and put it in force."""
        book = self.books.store(text, "ada")
        self.books.activate(book.name, book.version, "ada")

    def final(self, period: Period, workspace: str = WORKSPACE) -> Invoice:
        """Draft, submit and approve a workspace's invoice, a day after its period."""
        self.at = max(self.at, period.end + 24 * HOUR)
        draft = self.invoices.draft(workspace, period, self.evidence)
        return self.approve(draft.content.invoice_id)

    def approve(self, invoice_id: str) -> Invoice:
        """Submit and approve a draft."""
        self.invoices.submit(invoice_id, "ada")
        return self.invoices.approve(invoice_id, "bob", self.log)

    def _run(self, place: tuple[str, str, int], run: str) -> dict[str, Any]:
        return {
            **_slice(place),
            "id": run,
            "kind": "hourly",
            "as_of": moment(self.at),
            "state": "published",
            "fence": 1,
            "rules": "test",
            **dict.fromkeys(("quarantined", "quarantined_builds", "mismatched", "unattributed"), 0),
            "policy_sha256": "0" * 64,
            "inputs_sha256": "0" * 64,
            "rows_sha256": "0" * 64,
            "rows": 0,
            "started_at": moment(self.at),
            "finished_at": moment(self.at),
            "message": "",
        }


def _slice(place: tuple[str, str, int]) -> dict[str, Any]:
    region, cluster, hour = place
    return {"region": region, "cluster": cluster, "hour": moment(hour)}


def day(number: int) -> Period:
    """So many days into March 2026."""
    return Period(MARCH + (number - 1) * 24 * HOUR, MARCH + number * 24 * HOUR)


def neighbours(each: UsageRow) -> UsageRow:
    """The same use, by the neighbour."""
    return replace(each, workspace_id=NEIGHBOUR, project_id=NEIGHBOURS_PROJECT)


def builds(number: int, minutes: int = 60, service: str = "a") -> UsageRow:
    """Build minutes in the first hour of a day of March 2026."""
    used = row((number - 1) * 24, "build_s", minutes * 60, service, source=f"build-{number}-{service}")
    return replace(used, cluster="", running_s=min(used.quantity, HOUR))


MARCH_2026: Final = month(2026, 3)
