"""Void invoices, what takes their place, and drafts that others have overtaken, on both databases."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from billing.accounts import journal
from billing.assembly import Entry
from billing.errors import Immutable
from billing.invoice import State
from core.errors import BadRequest, NotFound
from tests.billing.accounts.world import NEIGHBOUR, builds, day, neighbours
from tests.billing.books import BUILD, WORKSPACE, written

if TYPE_CHECKING:
    from tests.billing.accounts.world import World

BOOK = json.dumps(written([BUILD]))


def test_a_foreign_invoice_looks_like_an_unknown_one(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1), neighbours(builds(1))], day(1))
    world.final(day(1), NEIGHBOUR)

    said = []
    for workspace, named in ((WORKSPACE, "2026-0001"), (WORKSPACE, "2026-0009"), ("nobody", "2026-0001")):
        with pytest.raises(NotFound) as refusal:
            world.invoices.get(workspace, named)
        said.append(refusal.value.message)
    assert len(set(said)) == 1
    assert world.invoices.get(NEIGHBOUR, "2026-0001").content.number == "2026-0001"


def test_a_void_invoice_stays_is_reversed_and_replaced(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1, 100)], day(1))
    final = world.final(day(1)).content
    world.publish([builds(1, 90)])
    voided = world.invoices.void(final.invoice_id, "ada", "the builds were ours")
    balances = [each.amount for each in journal.balances(world.engine)]
    replacement = world.invoices.reissue(final.invoice_id, world.evidence).content
    issued = world.approve(replacement.invoice_id).content

    assert (State.VOID, final, "the builds were ours") == (voided.state, voided.content, voided.void_reason)
    assert voided == world.invoices.get(WORKSPACE, final.number)
    assert [Decimal(0), Decimal(0)] == balances
    assert ("2026-0002", final.invoice_id, Decimal("4.50")) == (issued.number, issued.replaces, issued.total)
    assert journal.findings(world.engine) == ()
    with pytest.raises(Immutable, match="reissued already"):
        world.invoices.reissue(final.invoice_id, world.evidence)


def test_a_void_period_is_reissued_and_not_drafted(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1)], day(1))
    world.invoices.void(world.final(day(1)).content.invoice_id, "ada", "wrong")

    with pytest.raises(Immutable, match="2026-0001: was voided; reissue it"):
        world.invoices.draft(WORKSPACE, day(1), world.evidence)


def test_what_takes_a_void_invoices_place_does_so_however_often_it_is_drafted(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1)], day(1))
    final = world.final(day(1)).content
    world.invoices.void(final.invoice_id, "ada", "wrong")
    first = world.invoices.reissue(final.invoice_id, world.evidence).content
    world.publish([builds(1, 120)])
    again = world.invoices.draft(WORKSPACE, day(1), world.evidence).content

    assert (again.invoice_id, again.replaces) == (first.invoice_id, final.invoice_id)
    assert again.total == 2 * first.total


def test_an_invoice_that_another_builds_on_is_not_voided_before_it(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1, 4)], day(1))
    world.publish([builds(2, 100)], day(2))
    first, second = (world.final(each).content for each in (day(1), day(2)))

    with pytest.raises(Immutable, match="2026-0001: 2026-0002 corrects it or took up its amount; void that one first"):
        world.invoices.void(first.invoice_id, "ada", "wrong")
    world.invoices.void(second.invoice_id, "ada", "wrong")
    world.invoices.void(first.invoice_id, "ada", "wrong")

    assert {Decimal(0)} == {each.amount for each in journal.balances(world.engine)}


def test_an_invoice_drafted_before_another_became_final_is_drafted_anew(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1, 4)], day(1))
    world.publish([builds(2, 100)], day(2))
    world.at = day(2).end
    second = world.invoices.draft(WORKSPACE, day(2), world.evidence).content
    world.invoices.submit(second.invoice_id, "ada")
    world.final(day(1))

    with pytest.raises(BadRequest, match="other invoices have changed since it was drafted"):
        world.invoices.approve(second.invoice_id, "bob", world.log)
    world.invoices.withdraw(second.invoice_id)
    assert Decimal("5.20") == world.final(day(2)).content.total


def test_a_tax_is_neither_kept_nor_dropped_without_a_word(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1, 100)], day(1))
    world.at = day(3).end
    vat = (Entry("VAT 19 %", Decimal("0.95")),)
    drafted = world.invoices.draft(WORKSPACE, day(1), world.evidence, taxes=vat).content
    with pytest.raises(BadRequest, match=rf"^taxes: invoice {drafted.invoice_id} has VAT 19 % 0.95; say"):
        world.invoices.draft(WORKSPACE, day(1), world.evidence)
    final = world.approve(drafted.invoice_id).content
    world.invoices.void(final.invoice_id, "ada", "wrong address")

    with pytest.raises(BadRequest, match=r"^taxes: invoice 2026-0001 has VAT 19 % 0.95; say"):
        world.invoices.reissue(final.invoice_id, world.evidence)
    again = world.invoices.reissue(final.invoice_id, world.evidence, taxes=vat).content
    untaxed = world.invoices.draft(WORKSPACE, day(1), world.evidence, taxes=()).content

    assert [Decimal("5.95"), Decimal("5.95"), Decimal("5.00")] == [final.total, again.total, untaxed.total]
