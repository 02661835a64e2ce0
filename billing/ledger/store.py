"""The usage ledger's store: rows of runs go in once, and come out as of a publication.

The only part of billing that holds the raw client: all others ask through it, by the name of a statement.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from itertools import groupby
from string import Template
from typing import TYPE_CHECKING, Any, Final, TypeVar

import polars as pl

from billing.hour import month_of
from billing.ledger import row_table
from billing.ledger.day import Tariffs
from billing.ledger.day_table import day_usage
from billing.ledger.publication import PublicationKind
from billing.ownership import UNATTRIBUTED
from billing.price import ANY, Kind
from billing.usage import in_order
from core import clickhouse
from core.errors import StarmeterError
from sql import load

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from clickhouse_connect.driver.client import Client

    from billing.hour import Period
    from billing.ledger.publication import Publication
    from billing.meter import Meter
    from billing.price_book import PriceBook
    from billing.rating import DayUsage
    from billing.usage import UsageRow
    from core.clickhouse import Endpoint

_DATABASE: Final = "billing"
_PIECES: Final = ("seen", "told", "steadiness", "steady")
# Larger than any sequence that a control store can count to.
_NOW: Final = 2**63 - 1
Answer = TypeVar("Answer")


class Ledger:
    """The ledger at `endpoint`. It connects when first needed, and again after a failure; threads may share it.

    Every method raises `Unavailable` when the store does not answer or fails.
    """

    def __init__(self, endpoint: Endpoint, *, answer_seconds: int = 120) -> None:
        self._endpoint = endpoint
        self._answer_seconds = answer_seconds
        self._client: Client | None = None
        self._connecting = threading.Lock()

    @classmethod
    def at(cls, url: str) -> Ledger:
        """The ledger by a URL that holds the user and the password.

        Raises:
            ConfigurationError: it is none.
        """
        return cls(clickhouse.Endpoint.of("ledger_url: the ledger's store", url))

    def close(self) -> None:
        """Drop the connection; the next question opens another."""
        with self._connecting:
            if self._client is not None:
                self._client.close()
                self._client = None

    def rows(
        self, workspace_id: str, period: Period, *, until: int | None = None, estimates: bool = False
    ) -> list[UsageRow]:
        """A workspace's rows as of the publication `until` (all of them without it), as `in_order` sorts them.

        With `estimates`, hours of which nothing is published yet have their last estimate. As of an earlier
        publication, they have it for an hour after something newer has taken its place.

        Raises:
            Unavailable: the store does not answer.
        """
        found = self.row_table(workspace_id, period, until=until, estimates=estimates)
        return row_table.rows(found.sort(row_table.SCHEMA.names()))

    def row_table(
        self, workspace_id: str, period: Period, *, until: int | None = None, estimates: bool = False
    ) -> pl.DataFrame:
        """The same as a table with the columns of `billing.ledger.row_table.SCHEMA`, in no order."""
        asked = _as_of(period, until) | {"workspace": workspace_id, "estimates": estimates}
        return self.query("ledger/read/usage", asked).cast(row_table.SCHEMA)

    def day_usage(
        self,
        workspace_id: str | None,
        period: Period,
        book: PriceBook,
        plan_of: Callable[[str], str],
        *,
        until: int | None = None,
        estimates: bool = False,
    ) -> list[DayUsage]:
        """What `billing.rating.by_day` makes of the rows, added up in the store: for `billing.rating.rate_days`.

        `plan_of` tells a workspace's plan. The unattributed bucket, for which nobody pays, is left out.

        Raises:
            MissingPrice: an hour's usage has no price.
        """
        asked = {"workspace": workspace_id or "", "estimates": estimates}
        sums = self._day_sums(period, book, until, asked)
        paid = sums.filter(pl.col("workspace_id") != UNATTRIBUTED.workspace_id)
        return day_usage(paid, Tariffs(book, plan_of))

    def day_costs(
        self, period: Period, book: PriceBook, meters: Collection[Meter], *, until: int | None = None
    ) -> list[DayUsage]:
        """All usage of some meters by what we pay for it, whoever it is of: the unattributed bucket's, too.

        Raises:
            MissingPrice: an hour's usage has no cost price.
        """
        sums = self._day_sums(period, book, until, {"workspace": "", "estimates": False})
        return day_usage(sums.filter(pl.col("meter").is_in(list(meters))), Tariffs(book, lambda _: ANY, Kind.COST))

    def _day_sums(
        self, period: Period, book: PriceBook, until: int | None, asked: Mapping[str, object]
    ) -> pl.DataFrame:
        cuts = [each for each in book.changes if each in period]
        return self.query("ledger/read/day_sums", {**_as_of(period, until), **asked, "cuts": cuts})

    def workspaces(self, period: Period, until: int | None = None) -> tuple[str, ...]:
        """The workspaces with published usage in the period, sorted; not the unattributed bucket."""
        found = self.query("ledger/read/workspaces", _as_of(period, until))["workspace_id"].to_list()
        return tuple(each for each in found if not each.startswith("__"))

    def latest(self) -> int:
        """The largest publication that the ledger has a copy of; 0 for none. It has all before it, too."""
        sequence: int = self.query("ledger/read/latest_publication")["sequence"][0]
        return sequence

    def write(self, rows: Iterable[UsageRow], run_id: str) -> None:
        """Add the rows of a run."""
        usage = row_table.table(in_order(rows))
        self.write_table(usage, run_id, run_id)

    def write_table(self, usage: pl.DataFrame, run_id: str, token: str) -> None:
        """Add the rows of a run, a table with the columns of `SCHEMA`; the same `token` adds them once.

        A token belongs to one run: another run's rows under it would be taken for a repetition, and be lost.
        """
        self.write_runs(usage.with_columns(run_id=pl.lit(run_id)), token)

    def write_runs(self, usage: pl.DataFrame, token: str) -> None:
        """Add the rows of several runs, with a column `run_id` beside `SCHEMA`; the same `token` adds them once."""
        if not usage.is_empty():
            self._insert("usage", usage, {"insert_deduplication_token": token})

    def mirror(self, publications: Iterable[Publication]) -> None:
        """Copy publications, in the order of their sequence; copying one twice changes nothing.

        Months are stored apart, and only what is in one is stored at once: so there is never a hole in the copy.
        """
        ordered = sorted(publications)
        for _, months in groupby(ordered, lambda each: month_of(each.hour)):
            self._insert("publications", pl.DataFrame(list(months)), {})

    def drop_estimates(self, superseded: Collection[Publication]) -> None:
        """Take rows and entries of estimates away, as if they had never been; what is published stays in any case.

        A second time changes nothing.
        """
        dropped = [each for each in superseded if each.kind is PublicationKind.ESTIMATE]
        if not dropped:
            return
        hours = [each.hour for each in dropped]
        asked = {"first": min(hours), "last": max(hours), "runs": [each.run_id for each in dropped]}
        for name in ("usage", "publications"):
            self._command(f"ledger/drop/{name}", asked)

    def query(self, statement: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The answer to the statement in `sql/<statement>.sql`, its values bound by the store."""
        asked = dict(parameters or {})
        answer = self._run(lambda client: client.query_arrow(_text(statement), parameters=asked, use_strings=True))
        found = pl.from_arrow(answer)
        assert isinstance(found, pl.DataFrame)  # noqa: S101 - a table becomes a frame
        return found

    def _insert(self, name: str, rows: pl.DataFrame, settings: dict[str, str]) -> None:
        arrow = rows.to_arrow()
        self._run(lambda client: client.insert_arrow(name, arrow, database=_DATABASE, settings=settings))

    def _command(self, statement: str, parameters: Mapping[str, Any]) -> None:
        # A replica that is down does it once it is back; nobody waits for it.
        settings = {"lightweight_deletes_sync": 1}
        asked = dict(parameters)
        self._run(lambda client: client.command(_text(statement), parameters=asked, settings=settings))

    def _run(self, work: Callable[[Client], Answer]) -> Answer:
        try:
            with clickhouse.translated(self._endpoint.name):
                return work(self._connected())
        except StarmeterError:
            self.close()
            raise

    def _connected(self) -> Client:
        with self._connecting:
            if self._client is None:
                self._client = clickhouse.writer(self._endpoint, answer_seconds=self._answer_seconds)
            return self._client


@lru_cache
def _text(statement: str) -> str:
    """A statement; of all that several of them have in common there is one piece."""
    pieces = {name: load(f"ledger/read/{name}") for name in _PIECES}
    return Template(load(statement)).safe_substitute(pieces)


def _as_of(period: Period, until: int | None) -> dict[str, Any]:
    return {"start": period.start, "end": period.end, "until": _NOW if until is None else until}
