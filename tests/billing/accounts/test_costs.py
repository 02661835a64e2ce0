"""What a month cost us, on a real ledger: cost prices that change, what is nobody's, whole bills."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from billing.accounts.costs import margin, reconcile
from billing.accounts.reconciliation import Billed
from billing.accounts.suppliers import SupplierBill, Suppliers
from billing.hour import month
from billing.meter import Meter
from billing.ownership import UNATTRIBUTED
from tests.billing.accounts.ledgers import running_ledger
from tests.billing.accounts.world import World, builds
from tests.billing.books import BUILD, MARCH, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from billing.accounts.margin import MarginReport
    from billing.accounts.reconciliation import Reconciliation
    from tests.billing.accounts.ledgers import RealLedger

PERIOD = month(2026, 3)
FROM_THE_16TH = "2026-03-16T00:00:00Z"


@pytest.fixture(scope="module")
def real_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLedger]:
    """A ledger for this module."""
    with running_ledger(tmp_path_factory.mktemp("costs")) as running:
        yield running


@pytest.fixture
def world(engine: Engine, real_ledger: RealLedger) -> World:
    """A world whose ledger is real, and empty."""
    real_ledger.clear()
    return World(engine, MARCH, real_ledger.ledger).build()


def _cost(price: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a price
    return {**BUILD, "id": "cost", "kind": "cost", "unit_price": price, **given}


def _margin(world: World, threshold: str | None = None) -> MarginReport:
    assert world.ledger is not None
    until = world.log.latest()
    return margin(world.engine, world.ledger, PERIOD, until, None if threshold is None else Decimal(threshold))


def _reconciled(world: World, currency: str, *billed: Billed) -> Reconciliation:
    assert world.ledger is not None
    Suppliers(world.engine, clock=world.clock).record(SupplierBill("depot", PERIOD, currency, billed), "ada")
    return reconcile(world.engine, world.ledger, PERIOD, world.log.latest())


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        pytest.param(
            [_cost("0.04", valid_to=FROM_THE_16TH), _cost("0.06", id="dearer", valid_from=FROM_THE_16TH)],
            "36.00",
            id="the price of the day on which they ran",
        ),
        pytest.param([_cost("0.0005", unit="Seconds")], "18.00", id="a price by the second"),
        pytest.param([_cost("0.04", valid_from="2026-03-02T00:00:00Z")], "24.00", id="a price from the second day on"),
        pytest.param([_cost("0.04", region="eu")], "24.00", id="a price of the builds' region alone"),
        pytest.param([_cost("0.09"), _cost("0.04", id="near", region="eu")], "24.00", id="a region's own price"),
    ],
)
def test_builds_cost_what_they_did_when_and_where_they_ran(
    world: World, costs: list[dict[str, Any]], expected: str
) -> None:
    """600 minutes on the 20th, 50 an hour."""
    world.activate(json.dumps(written([BUILD, *costs])))
    world.publish([replace(builds(20, 50), hour=builds(20, 50).hour + hour * 3600) for hour in range(12)])

    assert [Decimal(expected)] == [row.earned.build_cost for row in _margin(world).rows]
    found = _reconciled(world, "USD", Billed(Meter.BUILD, Decimal(600), Decimal(expected)))
    assert (found.comparisons[0].expected, found.findings(None)) == (Decimal(expected), ())


def test_what_is_nobodys_costs_us_and_is_found(world: World) -> None:
    world.activate(json.dumps(written([BUILD, _cost("0.04")])))
    lost = replace(
        builds(2, 1000),
        workspace_id=UNATTRIBUTED.workspace_id,
        project_id=UNATTRIBUTED.project_id,
        source_id="build-of-nobody",
        quantity=60_000,
    )
    world.publish([builds(2, 50), lost])
    report = _margin(world)

    assert {"unattributed": Decimal("40.00"), "Acme": Decimal("2.00")} == {
        row.earned.name: row.earned.build_cost for row in report.rows
    }
    assert (Decimal("2.50"), Decimal("42.00"), Decimal("-39.50")) == (
        report.total.revenue,
        report.total.earned.build_cost,
        report.total.gross,
    )
    assert report.findings == ("__unattributed__: builds cost 40.00 and earn nothing",)


def test_a_spend_that_reaches_its_threshold_is_told_beside_the_margin(world: World) -> None:
    world.activate(json.dumps(written([BUILD, _cost("0.04")])))
    world.publish([builds(2, 50)])
    assert _margin(world, "500.00").spend is None
    _reconciled(world, "USD", Billed(Meter.BUILD, Decimal(12_500), Decimal("500.00")))

    reached = "spend: 500.00 a month reaches 500.00, at which to move builds elsewhere"
    assert [(), (), (reached,)] == [_margin(world, threshold).findings for threshold in (None, "500.01", "500.00")]


def test_a_bill_is_held_against_all_that_was_measured_and_against_our_prices(world: World) -> None:
    cache = {"id": "cache", "kind": "cost", "meter": "cache_byte_s", "unit": "GB-Months", "unit_price": "0.20"}
    world.activate(json.dumps(written([BUILD, _cost("0.04"), {**BUILD, **cache}])))
    kept = replace(
        builds(2, 50),
        workspace_id=UNATTRIBUTED.workspace_id,
        project_id=UNATTRIBUTED.project_id,
        meter=Meter.BUILD_CACHE,
        source_id="cache",
        quantity=500 * 10**9 * 31 * 24 * 3600,
    )
    world.publish([builds(2, 50), kept])
    too_dear = _reconciled(world, "USD", Billed(Meter.BUILD, Decimal(50), Decimal("20.00")))
    foreign = _reconciled(world, "EUR", Billed(Meter.BUILD, Decimal(50), Decimal("2.00")))
    unmeasured = "cache_byte_s: we measured 500.00 GB-Months, the bill has 0.00: wholly apart, at most 2 % is expected"

    assert too_dear.findings(None) == (
        unmeasured,
        "build_s: 50.00 Minutes cost 2.00 by our price book, the bill says 20.00; one of the prices is wrong",
    )
    assert foreign.findings(Decimal("1.00")) == (
        unmeasured,
        "currency: the bill of depot is in EUR, the price book in USD; amounts cannot be compared",
    )
