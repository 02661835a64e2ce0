"""How an invoice is drawn up: everything that it depends on, gathered as of one publication, and assembled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.accounts.closed_periods import Amends, amends, reopened
from billing.accounts.credits import usable
from billing.accounts.history import History
from billing.accounts.plans import plan_of
from billing.accounts.price_books import active_book, book_document
from billing.accounts.workspaces import names_of, places_of, require_workspace
from billing.assembly import Inputs, assemble
from billing.price_book_file import read_price_book
from core.control import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from billing.accounts.evidence import Evidence
    from billing.assembly import Entry
    from billing.hour import Period
    from billing.invoice import Content
    from billing.price_book import PriceBook
    from billing.usage import UsageRow


@dataclass(frozen=True, slots=True)
class Drawn:
    """An invoice as it was drawn up, with what it was made of and what it knew."""

    content: Content
    inputs: Inputs
    publication: int
    history_sha256: str
    rerates: bool


@dataclass(frozen=True, slots=True)
class Order:
    """Which invoice is to be drawn up. `taxes` are given, in whole cents; `replaces` is a void invoice's id.

    `rerate`: closed periods are rated with the price book in force, and the difference is put on this invoice.
    """

    invoice_id: str
    workspace_id: str
    period: Period
    taxes: tuple[Entry, ...] = ()
    replaces: str = ""
    rerate: bool = False


def draw(engine: Engine, order: Order, evidence: Evidence, expected: Sequence[Drawn] = ()) -> Drawn:
    """Draw up an invoice and write nothing; those that are `expected` before it are taken for final.

    Raises:
        CurrencyOpen: amounts of another currency are left to be charged.
        MissingPrice: usage has no price, or no book is in force.
        NotFound: no such workspace.
        Unavailable: a store does not answer, or the ledger lags behind.
    """
    until = evidence.until()
    with reading(engine) as connection:
        name = require_workspace(connection, order.workspace_id)
        chosen = active_book(connection)
        plan = plan_of(connection, order.workspace_id, order.period.start)
        history = History(connection, order.workspace_id, expected)
        again = reopened(connection, history, order.period.start, until, chosen, rerate=order.rerate)
        taking = [each.content for each in expected]
        credit = usable(connection, order.workspace_id, chosen.currency, taking)
        carried = history.carried(order.period.start, chosen.currency)
        places = places_of(connection, order.workspace_id, order.period)
    rows = evidence.ledger.rows(order.workspace_id, order.period, until=until)
    made_good = amends(again, history, evidence.ledger, until, chosen.currency)
    complete = evidence.publications.completeness(order.period, clusters=places, until=until)
    with reading(engine) as connection:
        names = names_of(connection, _ids(rows, made_good))
    inputs = Inputs(
        invoice_id=order.invoice_id,
        workspace_id=order.workspace_id,
        workspace_name=name,
        period=order.period,
        plan=plan,
        completeness=complete.percent,
        names=names,
        credits=credit,
        taxes=order.taxes,
        carried_in=carried,
        corrections=made_good.lines,
        adjustments=made_good.adjustments,
        replaces=order.replaces,
    )
    return Drawn(assemble(rows, chosen, inputs), inputs, until, history.digest, order.rerate)


def pinned_book(engine: Engine, content: Content) -> tuple[PriceBook, bytes]:
    """The price book that an invoice was rated with, and its normal form."""
    with reading(engine) as connection:
        document = book_document(connection, content.price_book, content.price_book_version)
    return read_price_book(document), document


def _ids(rows: list[UsageRow], made_good: Amends) -> set[str]:
    used = {name for row in rows for name in (row.project_id, row.service_id)}
    return used.union(name for line in made_good.lines for name in (line.project_id, line.service_id))
