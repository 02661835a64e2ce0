"""The ledger's store: rows go in once and come out as of a publication, exact to the integer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from billing.errors import MissingPrice
from billing.hour import DAY, HOUR, Period
from billing.ledger import row_table
from billing.ledger.publication import Publication, PublicationKind
from billing.ledger.store import Ledger
from billing.meter import Meter
from billing.ownership import UNATTRIBUTED
from billing.price_book_file import read_price_book
from billing.rating import by_day
from billing.usage import UsageRow, in_order
from compose.process import free_port
from core.errors import Unavailable
from tests.billing.books import BUILD, book_of
from tests.billing.month import BOOK
from tests.billing.month import rows as month_rows

if TYPE_CHECKING:
    from tests.billing.ledger.deposit import Deposit

H = 1_772_359_200
PERIOD = Period(H, H + DAY)
PUBLISHED, ESTIMATE = PublicationKind.PUBLISHED, PublicationKind.ESTIMATE


@pytest.fixture(autouse=True)
def _empty(deposit: Deposit) -> None:
    deposit.clear()


def _rows(quantity: int, hour: int = H, workspace: str = "ws-1") -> list[UsageRow]:
    return [
        UsageRow(workspace, "p", "production", "s", "fra", "c1", hour, meter, "uid-1", quantity, "n", 3600, 5, 7, 2)
        for meter in (Meter.CPU, Meter.MEMORY)
    ]


def _publication(sequence: int, run_id: str, kind: PublicationKind = PUBLISHED, hour: int = H) -> Publication:
    return Publication(sequence, "fra", "c1", hour, kind, run_id, H + HOUR, 119, 120, 2)


def _written(ledger: Ledger, sequence: int, rows: list[UsageRow], kind: PublicationKind = PUBLISHED) -> None:
    run_id = str(uuid4())
    ledger.write(rows, run_id)
    ledger.mirror([_publication(sequence, run_id, kind, rows[0].hour)])


def test_rows_come_back_as_they_were_written(ledger: Ledger) -> None:
    _written(ledger, 1, _rows(2**62))

    assert ledger.rows("ws-1", PERIOD) == _rows(2**62)
    assert ledger.rows("ws-2", PERIOD) == ledger.rows("ws-1", Period(H + HOUR, H + DAY)) == []


def test_a_run_made_anew_leaves_no_ghost_and_the_old_one_can_still_be_read(ledger: Ledger) -> None:
    _written(ledger, 1, [*_rows(10), *(replace(row, source_id="uid-2") for row in _rows(10))])
    _written(ledger, 2, _rows(11))

    assert ledger.rows("ws-1", PERIOD) == _rows(11)
    assert len(ledger.rows("ws-1", PERIOD, until=1)) == 4
    assert ledger.rows("ws-1", PERIOD, until=0) == []
    assert ledger.latest() == 2


def test_an_estimate_never_stands_before_what_is_published(ledger: Ledger) -> None:
    _written(ledger, 1, _rows(1), ESTIMATE)
    assert (ledger.rows("ws-1", PERIOD), ledger.rows("ws-1", PERIOD, estimates=True)) == ([], _rows(1))
    _written(ledger, 2, _rows(2))
    _written(ledger, 3, _rows(3), ESTIMATE)

    assert ledger.rows("ws-1", PERIOD) == ledger.rows("ws-1", PERIOD, estimates=True) == _rows(2)
    assert ledger.rows("ws-1", PERIOD, until=1, estimates=True) == _rows(1)


def test_a_write_that_is_repeated_counts_once_and_equal_rows_of_another_run_are_kept(
    ledger: Ledger, deposit: Deposit
) -> None:
    first, second = str(uuid4()), str(uuid4())
    for run_id in (first, first, second):
        ledger.write_table(row_table.table(_rows(1)), run_id, f"{run_id}/same")
    ledger.write([], str(uuid4()))
    for _ in range(2):
        ledger.mirror([_publication(1, first), _publication(2, second)])

    assert deposit.count("usage") == 4
    assert ledger.rows("ws-1", PERIOD) == _rows(1)


def test_dropping_estimates_takes_away_nothing_that_is_published(ledger: Ledger, deposit: Deposit) -> None:
    every = [_publication(number, str(uuid4()), kind) for number, kind in enumerate((ESTIMATE, PUBLISHED, ESTIMATE), 1)]
    for each in every:
        ledger.write(_rows(each.sequence), each.run_id)
    ledger.mirror(every)
    for _ in range(2):
        ledger.drop_estimates(every[:2])
    ledger.drop_estimates(every[1:2])

    assert ledger.rows("ws-1", PERIOD) == _rows(2)
    assert ledger.rows("ws-1", PERIOD, until=1, estimates=True) == []
    assert (deposit.count("usage"), deposit.count("publications"), ledger.latest()) == (4, 2, 3)


def test_workspaces_are_those_with_published_usage(ledger: Ledger) -> None:
    nobody = UNATTRIBUTED.workspace_id
    _written(ledger, 1, [*_rows(1, workspace="ws-2"), *_rows(1), *_rows(1, workspace=nobody)])
    _written(ledger, 2, _rows(1, H + HOUR, "ws-3"), ESTIMATE)

    assert ledger.workspaces(PERIOD) == ("ws-1", "ws-2")
    assert ledger.workspaces(PERIOD, until=0) == ()


def test_sums_of_days_are_priced_as_rows_are(ledger: Ledger) -> None:
    rows = month_rows()
    run_id, book = str(uuid4()), read_price_book(BOOK)
    ledger.write(rows, run_id)
    hours = sorted({(row.hour, row.cluster) for row in rows})
    ledger.mirror(
        replace(_publication(number, run_id, hour=hour), cluster=cluster, region=rows[0].region)
        for number, (hour, cluster) in enumerate(hours, 1)
    )
    (workspace,) = {row.workspace_id for row in rows}
    march = Period(min(hours)[0], max(hours)[0] + HOUR)

    assert ledger.rows(workspace, march) == in_order(rows)
    assert ledger.day_usage(workspace, march, book, lambda _: "pro") == by_day(rows, book, "pro")
    assert ledger.day_usage(None, march, book, {workspace: "pro"}.__getitem__) == by_day(rows, book, "pro")


def test_sums_of_nobody_are_not_priced(ledger: Ledger) -> None:
    nobody = UNATTRIBUTED.workspace_id
    _written(ledger, 1, [*_rows(7, workspace=nobody), *_rows(5)])
    # Were the bucket rated, the plan of a workspace that is none would be asked for.
    days = ledger.day_usage(None, PERIOD, read_price_book(BOOK), {"ws-1": "pro"}.__getitem__)

    assert [(each.workspace_id, each.base_quantity) for each in days] == [("ws-1", 5), ("ws-1", 5)]


def test_sums_without_a_price_are_refused_as_rows_are(ledger: Ledger) -> None:
    rows, book = _rows(5, H + 3 * HOUR), book_of([{**BUILD, "id": "cpu", "meter": "cpu_mcore_s", "unit": "vCPU-Hours"}])
    _written(ledger, 1, rows)
    message = "no sell price of mem_byte_s for plan 'pro' in region 'fra' at"

    with pytest.raises(MissingPrice, match=message):
        ledger.day_usage("ws-1", PERIOD, book, lambda _: "pro")
    with pytest.raises(MissingPrice, match=message):
        by_day(rows, book, "pro")


def test_sums_do_not_wrap_around(ledger: Ledger) -> None:
    _written(ledger, 1, [replace(row, source_id=f"uid-{number}") for number in range(4) for row in _rows(2**62)])

    days = ledger.day_usage("ws-1", PERIOD, read_price_book(BOOK), lambda _: "pro")
    assert [each.base_quantity for each in days] == [2**64, 2**64]


def test_a_store_that_does_not_answer_is_unavailable() -> None:
    lost = Ledger.at(f"http://writer:secret@127.0.0.1:{free_port()}")

    with pytest.raises(Unavailable, match="the ledger's store does not answer"):
        lost.rows("ws-1", PERIOD)
