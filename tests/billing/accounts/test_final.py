"""What is final stays: the database itself refuses to change it, whoever asks."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from billing.errors import Unbalanced
from billing.schema import invoices
from core.errors import BadRequest
from tests.billing.accounts.world import builds, day
from tests.billing.books import BUILD, WORKSPACE, written

if TYPE_CHECKING:
    from tests.billing.accounts.world import World


@pytest.fixture
def final(world: World) -> World:
    """A world with a final invoice that took of a credit, and a draft."""
    world.activate(json.dumps(written([BUILD])))
    world.credits.give(WORKSPACE, "Welcome", Decimal("2.00"), by="ada")
    world.publish([builds(1, 100)], day(1))
    world.publish([builds(2, 100)], day(2))
    world.final(day(1))
    world.invoices.draft(WORKSPACE, day(2), world.evidence)
    return world


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoices SET content = '{}' WHERE state = 'final'",
        "UPDATE invoices SET total = '0.00' WHERE state = 'final'",
        "UPDATE invoices SET number = '2026-0099' WHERE state = 'final'",
        "UPDATE invoices SET number = NULL, state = 'draft' WHERE state = 'final'",
        "UPDATE invoices SET state = 'void', content_sha256 = '' WHERE state = 'final'",
        "UPDATE invoices SET state = 'void', publication = 0 WHERE state = 'final'",
        "UPDATE invoices SET void_reason = 'none' WHERE state = 'final'",
        "DELETE FROM invoices WHERE state = 'final'",
        "UPDATE journal SET amount = '0.00'",
        "DELETE FROM journal",
        "UPDATE credit_uses SET amount = '0.00'",
        "DELETE FROM credit_uses",
        "UPDATE price_books SET document = '{}'",
        "DELETE FROM price_books",
    ],
)
def test_the_database_refuses_to_change_what_is_final(final: World, statement: str) -> None:
    with final.engine.connect() as connection, pytest.raises(IntegrityError, match="never change"):
        connection.execute(text(statement))


def test_a_void_invoice_does_not_change_either(final: World) -> None:
    final.invoices.void("2026-0001", "ada", "wrong")

    with final.engine.connect() as connection, pytest.raises(IntegrityError, match="never changes"):
        connection.execute(text("UPDATE invoices SET state = 'final' WHERE state = 'void'"))


def test_a_draft_may_go(final: World) -> None:
    with final.engine.connect() as connection:
        assert connection.execute(text("DELETE FROM invoices WHERE state = 'draft'")).rowcount == 1


def test_a_workspace_has_one_live_invoice_for_a_period(final: World) -> None:
    there = final.invoices.row("2026-0001")
    values = there._asdict() | {"id": "another", "number": None, "state": "draft"}

    with final.engine.connect() as connection, pytest.raises(IntegrityError, match=r"(?i)unique"):
        connection.execute(insert(invoices).values(values))


def test_a_final_invoice_changed_beneath_the_database_is_not_shown(final: World) -> None:
    changed = text("UPDATE invoices SET content = replace(content, 'Acme', 'Evil')")
    with final.engine.connect() as connection, connection.begin():
        if final.engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE invoices DISABLE TRIGGER invoices_update"))
            connection.execute(changed)
            connection.execute(text("ALTER TABLE invoices ENABLE TRIGGER invoices_update"))
        else:
            connection.execute(text("DROP TRIGGER invoices_update"))
            connection.execute(changed)

    with pytest.raises(Unbalanced, match="its content is not what was made final"):
        final.invoices.get(WORKSPACE, "2026-0001")


def test_a_stored_price_book_takes_no_other_prices(final: World) -> None:
    with pytest.raises(BadRequest, match="test version 1 is stored with other prices; raise the version"):
        final.books.store(json.dumps(written([{**BUILD, "unit_price": "0.06"}])), "eve")
    assert Decimal("0.05") == final.books.get("test", 1).by_id("build").steps[0].unit_price
