"""Amounts stay in their currency: what is open in one is never charged in another, nor lost, on both databases."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from billing.accounts import journal
from billing.errors import CurrencyOpen
from billing.schema import journal as entries
from core.control import writing
from tests.billing.accounts.world import NEIGHBOUR, builds, day, neighbours
from tests.billing.books import BUILD, WORKSPACE, written

if TYPE_CHECKING:
    from billing.invoice import Invoice
    from tests.billing.accounts.world import World


def _book(currency: str, version: int = 1, **more: Any) -> str:  # noqa: ANN401 - fields of a book
    return json.dumps(written([BUILD], name=currency.lower(), version=version, currency=currency, **more))


def _again(world: World, invoice: Invoice) -> Invoice:
    """The same invoice, void and reissued."""
    world.invoices.void(invoice.content.invoice_id, "ada", "another currency")
    return world.approve(world.invoices.reissue(invoice.content.invoice_id, world.evidence).content.invoice_id)


def test_a_currency_is_not_left_while_an_invoice_has_carried_something_over_in_it(world: World) -> None:
    world.activate(_book("USD"))
    world.publish([builds(1, 8), neighbours(builds(1, 6))], day(1))
    first, other = world.final(day(1)), world.final(day(1), NEIGHBOUR)

    with pytest.raises(CurrencyOpen, match=r"2026-0001 and 1 more carried over amounts such as 0.40 USD.*reissue"):
        world.activate(_book("EUR"))
    assert world.books.active().currency == "USD"

    # What the message says to do leads out of it.
    world.activate(_book("USD", 2, carry_forward_below="0.00"))
    totals = [_again(world, each).content.total for each in (first, other)]
    world.activate(_book("EUR"))
    world.publish([builds(2, 100)], day(2))
    second = world.final(day(2)).content

    assert (totals, second.total, second.currency) == ([Decimal("0.40"), Decimal("0.30")], Decimal("5.00"), "EUR")
    assert journal.findings(world.engine) == ()


def test_an_amount_that_was_carried_over_is_on_no_invoice_in_another_currency(world: World) -> None:
    """As when the invoice was approved after the currency had been changed."""
    world.activate(_book("USD"))
    world.publish([builds(1, 8), neighbours(builds(1, 6))], day(1))
    world.publish([builds(2, 100)], day(2))
    world.at = day(2).end
    draft = world.invoices.draft(WORKSPACE, day(1), world.evidence).content
    world.invoices.submit(draft.invoice_id, "ada")
    world.activate(_book("EUR"))
    first = world.invoices.approve(draft.invoice_id, "bob", world.log)

    with pytest.raises(CurrencyOpen, match=r"2026-0001 carried over 0\.40 USD, which none in EUR can take up"):
        world.invoices.draft(WORKSPACE, day(2), world.evidence)

    # Going back to settle is not refused, even with something open in the currency that is left.
    world.final(day(1), NEIGHBOUR)
    world.activate(_book("USD", 2, carry_forward_below="0.00"))
    assert _again(world, first).content.total == Decimal("0.40")
    assert journal.findings(world.engine) == ()


def test_late_usage_of_a_period_in_another_currency_is_not_passed_over(world: World) -> None:
    world.activate(_book("USD"))
    world.publish([builds(1, 100), neighbours(builds(1, 100))], day(1))
    world.publish([builds(2, 100), neighbours(builds(2, 100))], day(2))
    first = world.final(day(1))
    world.final(day(1), NEIGHBOUR)
    world.activate(_book("EUR"))
    world.publish([builds(1, 1_100), neighbours(builds(1, 100))])
    world.at = day(2).end

    for rerate in (False, True):
        with pytest.raises(CurrencyOpen, match="2026-0001 in USD is to be corrected by late usage, which none in EUR"):
            world.invoices.draft(WORKSPACE, day(2), world.evidence, rerate=rerate)
    # Whoever has no late usage is not kept waiting by it.
    assert world.final(day(2), NEIGHBOUR).content.total == Decimal("5.00")

    world.activate(_book("USD", 2))
    assert _again(world, first).content.total == Decimal("55.00")
    world.activate(_book("EUR", 2))
    assert world.final(day(2)).content.total == Decimal("5.00")
    assert journal.findings(world.engine) == ()


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_journal_says_so_when_a_carried_amount_changed_its_currency_or_is_gone(world: World) -> None:
    world.activate(_book("USD"))
    world.publish([builds(1, 8)], day(1))
    world.final(day(1))
    assert journal.findings(world.engine) == ()
    with writing(world.engine) as connection:
        for trigger in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f"DROP TRIGGER {trigger.name}")
        connection.execute(update(entries).values(currency="EUR"))

    found = journal.findings(world.engine)
    assert len(found) == 2
    assert f"{WORKSPACE} has EUR 0.40 more booked as carried over than its invoices carry" in found[0]
    assert f"{WORKSPACE} has USD -0.40 more booked" in found[1]
