"""What a workspace is charged for months: issued invoices as they are, open months one after another, to the cent."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from billing.accounts import outlook
from billing.focus import focus_rows
from billing.hour import HOUR, Period, iso, month
from billing.invoice import ItemKind, State
from billing.rounding import total
from tests.billing.accounts.world import MARCH_2026, builds
from tests.billing.books import BUILD, MARCH, WORKSPACE, row, written

if TYPE_CHECKING:
    from billing.accounts.outlook import Outlook
    from billing.usage import UsageRow
    from tests.billing.accounts.world import World

FEBRUARY: Final = month(2026, 2)
APRIL: Final = month(2026, 4)
MAY: Final = month(2026, 5)
SPAN: Final = Period(FEBRUARY.start, MAY.end)

pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


def _used(period: Period, minutes: int) -> UsageRow:
    """Build minutes in the first hour of a month."""
    hour = (period.start - MARCH) // HOUR
    return replace(row(hour, "build_s", minutes * 60, source=f"build-{hour}"), cluster="", running_s=HOUR)


def _expected(world: World, span: Period = SPAN) -> Outlook:
    return outlook.expected(world.engine, WORKSPACE, span, lambda _: world.evidence)


def _rows(found: Outlook) -> list[dict[str, Any]]:
    return [row for each in found.charged for row in focus_rows(each.invoice, found.periods, each.replaced)]


def _billed(found: Outlook) -> Decimal:
    return total(row["BilledCost"] for row in _rows(found))


def _months(found: Outlook) -> list[Decimal]:
    """The totals of what stands, by month."""
    return [each.total for each in found.standing]


def _issue(world: World, *periods: Period) -> list[Decimal]:
    return [world.final(each).content.total for each in periods]


def test_a_credit_is_taken_once_by_months_that_are_open_and_by_their_invoices_alike(world: World) -> None:
    world.activate(json.dumps(written()))
    world.at = MARCH
    world.credits.give(WORKSPACE, "Welcome", Decimal("100.00"), by="ada")
    for each in (FEBRUARY, MARCH_2026, APRIL):
        world.publish([_used(each, 1_600)], each)
    world.publish([], MAY)
    world.at = MAY.end
    open_months = _expected(world)
    alone = _expected(world, MARCH_2026)
    first = _issue(world, FEBRUARY)
    half = _expected(world)
    rest = _issue(world, MARCH_2026, APRIL, MAY)
    closed = _expected(world)

    due = [Decimal("0.00"), Decimal("60.00"), Decimal("80.00"), Decimal("0.00")]
    assert first + rest == due
    for seen in (open_months, half, closed, outlook.issued(world.engine, WORKSPACE, SPAN)):
        assert (_months(seen), _billed(seen)) == (due, total(due))
    # A month alone says what it says among others.
    assert _rows(alone) == [row for row in _rows(open_months) if row["BillingPeriodStart"] == iso(MARCH)]
    assert {row["x_Status"] for row in _rows(half)} == {"invoice", "estimate"}
    assert {row["x_Status"] for row in _rows(closed)} == {"invoice"}


def test_what_open_months_carry_over_is_taken_up_by_the_next(world: World) -> None:
    world.activate(json.dumps(written()))
    for each in (FEBRUARY, MARCH_2026):
        world.publish([_used(each, 8)], each)
    for each in (APRIL, MAY):
        world.publish([], each)
    world.at = MAY.end
    found = _expected(world)
    carried = [item for each in found.standing for item in each.items if item.kind is ItemKind.CARRIED_IN]
    issued = _issue(world, FEBRUARY, MARCH_2026, APRIL, MAY)

    assert [(each.title, each.amount) for each in carried] == [("Carried over from 2026-02", Decimal("0.40"))]
    assert issued == [Decimal("0.00"), Decimal("0.80"), Decimal("0.00"), Decimal("0.00")]
    for seen in (found, _expected(world)):
        assert (_months(seen), _billed(seen)) == (issued, Decimal("0.80"))


def test_late_usage_of_a_closed_month_is_on_the_first_open_one_alone(world: World) -> None:
    world.activate(json.dumps(written()))
    for each in (FEBRUARY, APRIL, MAY):
        world.publish([], each)
    world.publish([builds(1, 100)], MARCH_2026)
    _issue(world, FEBRUARY, MARCH_2026)
    world.publish([builds(2, 40)])
    world.at = MAY.end
    found = _expected(world)
    issued = [Decimal("0.00"), Decimal("5.00"), *_issue(world, APRIL, MAY)]

    assert issued == [Decimal("0.00"), Decimal("5.00"), Decimal("2.00"), Decimal("0.00")]
    for seen in (found, _expected(world)):
        assert (_months(seen), _billed(seen)) == (issued, Decimal("7.00"))


def test_a_month_keeps_its_invoices_rows_when_prices_or_usage_change(world: World) -> None:
    world.activate(json.dumps(written()))
    world.publish([builds(1, 100)], MARCH_2026)
    _issue(world, MARCH_2026)
    before = _rows(_expected(world, MARCH_2026))
    world.activate(json.dumps(written([{**BUILD, "unit_price": "0.09"}], version=2)))
    world.publish([builds(1, 130)])

    assert _rows(_expected(world, MARCH_2026)) == before
    assert {row["ListUnitPrice"] for row in before} == {Decimal("0.05")}


def test_the_difference_of_what_a_plan_includes_has_the_period_that_it_is_about(world: World) -> None:
    world.activate(json.dumps(written(included_amounts=[{"plan": "standard", "amount": "10.00"}])))
    world.publish([_used(FEBRUARY, 100)], FEBRUARY)
    world.publish([], MARCH_2026)
    _issue(world, FEBRUARY)
    world.publish([_used(FEBRUARY, 300)])
    _issue(world, MARCH_2026)
    rows = _rows(outlook.issued(world.engine, WORKSPACE, MARCH_2026))

    plan = [row for row in rows if row["ChargeClass"] == "Correction" and row["SkuId"] is None]
    assert [(row["BilledCost"], row["ChargePeriodStart"], row["ChargePeriodEnd"]) for row in plan] == [
        (Decimal("-5.00"), iso(FEBRUARY.start), iso(FEBRUARY.end))
    ]
    assert {row["BillingPeriodStart"] for row in plan} == {iso(MARCH)}


def test_a_void_invoice_keeps_its_rows_and_is_taken_back_by_what_replaces_it(world: World) -> None:
    """Whoever added up what was told earlier and adds what is new is right, and so is whoever begins anew."""
    world.activate(json.dumps(written()))
    world.publish([_used(FEBRUARY, 100)], FEBRUARY)
    world.publish([builds(1, 8)], MARCH_2026)
    _issue(world, FEBRUARY, MARCH_2026)
    world.publish([_used(FEBRUARY, 90)])
    world.publish([_used(APRIL, 100)], APRIL)
    _issue(world, APRIL)

    def told() -> list[dict[str, Any]]:
        return _rows(outlook.issued(world.engine, WORKSPACE, SPAN))

    loaded = told()
    (void,) = [each for each in world.invoices.of_workspace(WORKSPACE) if each.period == APRIL]
    world.invoices.void(void.id, "ada", "wrong")
    meanwhile, foreseen = told(), _expected(world)
    new = world.approve(world.invoices.reissue(void.id, world.evidence).content.invoice_id).content
    after = told()

    taken_back = [row for row in after if row["x_CorrectsInvoiceId"] == void.id]
    assert [row for row in meanwhile if row["x_Status"] == "invoice"] == loaded
    assert total(row["BilledCost"] for row in meanwhile) == total(row["BilledCost"] for row in loaded) - void.total
    assert _billed(foreseen) == total(_months(foreseen)) == Decimal("5.00") + new.total
    assert [row for row in after if row["InvoiceId"] != new.number] == loaded
    assert total(row["BilledCost"] for row in after) == Decimal("5.00") + new.total
    assert {(row["ChargeClass"], row["InvoiceId"]) for row in taken_back} == {("Correction", new.number)}
    # Row by row: the same but for the sign and what a correction says of itself.
    signed = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "PricingCurrencyEffectiveCost")
    itself = ("InvoiceId", "ChargeClass", "ChargeDescription", "x_ItemKind", "x_CorrectsInvoiceId")
    quantities = ("PricingQuantity", "ConsumedQuantity")
    originals = [row for row in loaded if row["InvoiceId"] == void.number]
    assert {row["x_ItemKind"] for row in originals} >= {"usage", "correction", "carried_in"}
    for was, back in zip(originals, taken_back, strict=True):
        for name, value in was.items():
            if name in signed or (name in quantities and value is not None):
                assert back[name] == -value
            elif name not in itself:
                assert back[name] == value


def test_an_invoice_that_was_void_twice_is_taken_back_twice(world: World) -> None:
    world.activate(json.dumps(written()))
    world.publish([builds(1, 100)], MARCH_2026)
    _issue(world, MARCH_2026)
    for minutes in (90, 80):
        (last,) = [each for each in world.invoices.of_workspace(WORKSPACE) if each.state is State.FINAL]
        world.invoices.void(last.id, "ada", "wrong")
        world.publish([builds(1, minutes)])
        world.approve(world.invoices.reissue(last.id, world.evidence).content.invoice_id)
    found = outlook.issued(world.engine, WORKSPACE, MARCH_2026)

    assert [each.invoice.content.total for each in found.charged] == [Decimal("5.00"), Decimal("4.50"), Decimal("4.00")]
    assert (_months(found), _billed(found)) == ([Decimal("4.00")], Decimal("4.00"))
