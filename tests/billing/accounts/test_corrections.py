"""What comes to light about a closed period is on the next invoice, and on no other."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from billing.accounts import journal
from billing.accounts.bundles import bundle_of
from billing.accounts.plans import Plans
from billing.invoice import ItemKind
from billing.rounding import total
from billing.verification import verify
from tests.billing.accounts.world import MARCH_2026, builds, day
from tests.billing.books import BUILD, WORKSPACE, row, written

if TYPE_CHECKING:
    from billing.invoice import Content
    from tests.billing.accounts.world import World

BOOK = json.dumps(written([BUILD]))
DEARER = json.dumps(written([{**BUILD, "unit_price": "0.06"}], version=2))


def _corrections(content: Content) -> Decimal:
    return total(item.amount for item in content.items if item.kind is ItemKind.CORRECTION)


def test_a_backfill_after_an_invoice_is_final_is_corrected_on_the_next(world: World) -> None:
    """A region's hour was lost and waived; what it had kept comes in a day later."""
    world.activate(BOOK)
    world.publish([builds(1, 100)], day(1))
    world.publish([builds(2, 10)], day(2))
    first = world.final(day(1)).content
    world.publish([builds(1, 130)])
    second = world.final(day(2)).content

    lines = [(line.quantity, line.amount, line.corrects) for line in second.lines if line.corrects]
    assert [
        (Decimal(-100), Decimal("-5.00"), first.invoice_id),
        (Decimal(130), Decimal("6.50"), first.invoice_id),
    ] == lines
    assert {day(1).start} == {line.day for line in second.lines if line.corrects}
    assert (Decimal("1.50"), Decimal("2.00")) == (_corrections(second), second.total)
    assert world.invoices.get(WORKSPACE, first.number).content == first
    assert journal.findings(world.engine) == ()


def test_what_was_corrected_is_not_corrected_again_and_a_second_backfill_is(world: World) -> None:
    world.activate(BOOK)
    for number in (1, 2, 3, 4):
        world.publish([builds(number, 10)], day(number))
    world.final(day(1))
    world.publish([builds(1, 30)])
    world.final(day(2))
    third = world.final(day(3)).content
    world.publish([builds(1, 20)])
    fourth = world.final(day(4)).content

    assert (Decimal(0), Decimal("-0.50")) == (_corrections(third), _corrections(fourth))
    charged = total(each.total for each in world.invoices.of_workspace(WORKSPACE))
    assert Decimal("2.50") == charged  # 20 + 10 + 10 + 10 minutes, whatever the order in which they were known


def test_void_corrections_are_made_again_on_what_replaces_them(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1, 10)], day(1))
    world.publish([builds(2, 10)], day(2))
    world.final(day(1))
    world.publish([builds(1, 30)])
    second = world.final(day(2)).content
    world.invoices.void(second.invoice_id, "ada", "wrong address")
    again = world.approve(world.invoices.reissue(second.invoice_id, world.evidence).content.invoice_id).content

    assert Decimal("1.00") == _corrections(second) == _corrections(again)
    assert journal.findings(world.engine) == ()


def test_a_new_price_book_changes_no_closed_period_unless_it_is_asked_to(world: World) -> None:
    world.activate(BOOK)
    for number in (1, 2, 3, 4):
        world.publish([builds(number, 100)], day(number))
    world.final(day(1))
    world.activate(DEARER)
    second = world.final(day(2)).content
    third = world.invoices.draft(WORKSPACE, day(3), world.evidence, rerate=True).content
    world.at = day(3).end
    world.approve(third.invoice_id)
    fourth = world.final(day(4)).content

    assert (Decimal(0), Decimal("6.00")) == (_corrections(second), second.total)
    assert (Decimal("1.00"), Decimal("7.00")) == (_corrections(third), third.total)
    assert (Decimal(0), Decimal("6.00")) == (_corrections(fourth), fourth.total)


def test_late_usage_of_a_closed_period_has_that_periods_price(world: World) -> None:
    """Not that of the day on which it is heard of; and once the period was rated anew, its new one."""
    world.activate(BOOK)
    for number in (1, 2, 3, 4):
        world.publish([builds(number, 100)], day(number))
    world.final(day(1))
    world.activate(DEARER)
    world.publish([builds(1, 200)])
    second = world.final(day(2)).content
    world.at = day(3).end
    world.approve(world.invoices.draft(WORKSPACE, day(3), world.evidence, rerate=True).content.invoice_id)
    world.publish([builds(1, 300)])
    fourth = world.final(day(4)).content

    assert (Decimal("5.00"), Decimal("6.00")) == (_corrections(second), _corrections(fourth))


def test_late_usage_takes_from_what_the_plan_includes_before_it_is_charged(world: World) -> None:
    world.activate(json.dumps(written([BUILD], included_amounts=[{"plan": "pro", "amount": "3.00"}])))
    Plans(world.engine).give(WORKSPACE, "pro", MARCH_2026.start)
    world.publish([builds(1, 40)], day(1))
    world.publish([builds(2, 100)], day(2))
    world.publish([builds(3, 100)], day(3))
    world.final(day(1))
    world.publish([builds(1, 80)])
    second, third = (world.final(each).content for each in (day(2), day(3)))

    # 40 more minutes are 2.00, of which 1.00 was still included; the second day itself is 5.00 less 3.00.
    assert [str(item.shown) for item in second.items if item.kind is ItemKind.CORRECTION][-2:] == ["2.00", "-1.00"]
    assert (Decimal("1.00"), Decimal("3.00")) == (_corrections(second), second.total)
    assert (Decimal(0), Decimal("2.00")) == (_corrections(third), third.total)
    assert journal.findings(world.engine) == ()


def test_a_price_that_changes_within_a_month_holds_from_its_hour_on(world: World) -> None:
    noon = "2026-03-16T12:00:00Z"
    prices = [
        {**BUILD, "id": "old", "valid_to": noon},
        {**BUILD, "id": "new", "unit_price": "0.08", "valid_from": noon},
    ]
    world.activate(json.dumps(written(prices)))
    hours = (15 * 24 + 11, 15 * 24 + 12)
    world.publish([row(hour, "build_s", 6_000, source=f"build-{hour}") for hour in hours], MARCH_2026)
    content = world.final(MARCH_2026).content

    assert [(item.price_id, str(item.shown)) for item in content.items] == [("new", "8.00"), ("old", "5.00")]
    assert [(line.price_id, str(line.quantity)) for line in content.lines] == [
        ("new", "100.00"),
        ("old", "100.00"),
    ]


def test_the_bundle_of_an_invoice_with_corrections_is_computed_again(world: World) -> None:
    world.activate(BOOK)
    world.credits.give(WORKSPACE, "Welcome", Decimal("0.75"), by="ada")
    world.publish([builds(1, 10)], day(1))
    world.publish([builds(2, 10)], day(2))
    world.final(day(1))
    world.publish([builds(1, 30)])
    second = world.final(day(2))
    verdict = verify(bundle_of(world.engine, world.shelf, second), second.content_sha256)

    assert ((), str(second.content.total)) == (verdict.findings, verdict.total)


def test_an_invoice_corrects_only_periods_before_its_own(world: World) -> None:
    """A later period may be closed first: the earlier one is drafted as it is."""
    world.activate(BOOK)
    world.publish([builds(1, 10)], day(1))
    world.publish([builds(2, 10)], day(2))
    world.final(day(2))
    world.publish([builds(2, 20)])
    first = world.final(day(1)).content

    assert (Decimal(0), Decimal("0.50")) == (_corrections(first), first.total)
