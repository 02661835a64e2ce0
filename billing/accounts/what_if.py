"""What a period would have cost under another price book: rated beside its own, nothing written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.accounts.plans import plan_of
from billing.accounts.price_books import active_book, stored_book
from billing.accounts.register import Register
from billing.accounts.workspaces import require_workspace
from billing.assembly import Inputs, assemble
from billing.comparison import compare
from billing.invoice import State
from core.control import reading

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from billing.accounts.evidence import Evidence
    from billing.comparison import Change
    from billing.hour import Period
    from billing.invoice import Content
    from billing.price_book import PriceBook


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A workspace's usage of a period under the book that it was (or would be) rated with, and under another."""

    workspace_id: str
    before: Content
    after: Content
    changes: tuple[Change, ...]


def what_if(engine: Engine, evidence: Evidence, workspace_id: str, period: Period, book: PriceBook) -> WhatIf:
    """Rate a period's usage under another book beside its own, and write nothing.

    Its own book and rows are those of its invoice, or without one the book in force and all that is published. Credits,
    taxes, corrections and carried amounts are left out on both sides.

    Raises:
        MissingPrice: one of the books lacks a price.
        NotFound: no such workspace.
    """
    listed = [each for each in Register(engine).of_workspace(workspace_id) if each.period == period]
    live = next((each for each in listed if each.state is not State.VOID), None)
    with reading(engine) as connection:
        name = require_workspace(connection, workspace_id)
        row = None if live is None else Register(engine).find(live.id).content
        own = (
            active_book(connection) if row is None else stored_book(connection, row.price_book, row.price_book_version)
        )
        plan = plan_of(connection, workspace_id, period.start) if row is None else row.plan
    until = evidence.until() if live is None else live.publication
    rows = evidence.ledger.rows(workspace_id, period, until=until)
    complete = evidence.publications.completeness(period, until=until).percent
    bare = Inputs("what-if", workspace_id, name, period, plan, complete)
    before, after = assemble(rows, own, bare), assemble(rows, book, bare)
    return WhatIf(workspace_id, before, after, compare(before, after))
