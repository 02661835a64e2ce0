"""How an invoice lies in the control store: its row to what the rest of billing calls an invoice, and back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy import insert, select, update

from billing.accounts.moment import moment, seconds
from billing.assembly import Inputs
from billing.canonical import canonical, decimal_text
from billing.errors import Immutable
from billing.hour import Period
from billing.invoice import Content, Invoice, State
from billing.schema import invoices

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import Row

    from billing.accounts.drafting import Drawn


@dataclass(frozen=True, slots=True)
class Summary:
    """An invoice in a list. `number` is empty and `issued_at` is `None` until it is final; times are UTC seconds."""

    id: str
    number: str
    workspace_id: str
    period: Period
    state: State
    total: Decimal
    currency: str
    issued_at: int | None
    publication: int
    content_sha256: str
    replaces: str


@cache
def _contents() -> TypeAdapter[Content]:
    return TypeAdapter(Content)


@cache
def _inputs() -> TypeAdapter[Inputs]:
    return TypeAdapter(Inputs)


def read_content(text: str) -> Content:
    """What an invoice says."""
    return _contents().validate_json(text)


def read_inputs(text: str) -> Inputs:
    """What an invoice was made of besides rows and prices."""
    return _inputs().validate_json(text)


def read_invoice(row: Row[Any]) -> Invoice:
    """An invoice from its row."""
    return Invoice(
        content=read_content(row.content),
        state=State(row.state),
        content_sha256=row.content_sha256 if row.number is not None else "",
        submitted_by=row.submitted_by,
        approved_by=row.approved_by,
        voided_by=row.voided_by,
        voided_at=None if row.voided_at is None else seconds(row.voided_at),
        void_reason=row.void_reason,
    )


def read_summary(row: Row[Any]) -> Summary:
    """A list's entry from a row; its content is not read."""
    return Summary(
        id=row.id,
        number=row.number or "",
        workspace_id=row.workspace_id,
        period=Period(seconds(row.period_start), seconds(row.period_end)),
        state=State(row.state),
        total=Decimal(row.total),
        currency=row.currency,
        issued_at=None if row.issued_at is None else seconds(row.issued_at),
        publication=row.publication,
        content_sha256=row.content_sha256,
        replaces=row.replaces or "",
    )


def add(connection: Connection, drawn: Drawn, at: int) -> None:
    """Add a new draft."""
    connection.execute(insert(invoices).values(_drawn_values(drawn) | {"created_at": moment(at), **_NOBODY}))


def replace_draft(connection: Connection, drawn: Drawn, at: int) -> None:
    """Write a draft anew.

    Raises:
        Immutable: it is no draft any more.
    """
    change(connection, drawn.content.invoice_id, State.DRAFT, _drawn_values(drawn) | {"created_at": moment(at)})


def change(connection: Connection, invoice_id: str, state: State, values: dict[str, Any]) -> None:
    """Change an invoice that is in a state, in this very statement.

    Raises:
        Immutable: it is in another one by now.
    """
    there = update(invoices).where(invoices.c.id == invoice_id, invoices.c.state == state.value)
    if connection.execute(there.values(values)).rowcount != 1:
        raise Immutable(f"invoice {invoice_id}: is no {state} one any more; somebody else was faster")


def locked(connection: Connection, invoice_id: str) -> Row[Any] | None:
    """An invoice's row, which nobody else changes until the end of this transaction."""
    return connection.execute(select(invoices).where(invoices.c.id == invoice_id).with_for_update()).one_or_none()


def final_values(invoice: Invoice) -> dict[str, Any]:
    """What changes in the row of an invoice that becomes final."""
    content = invoice.content
    return {
        "state": invoice.state.value,
        "number": content.number,
        "content": canonical(content).decode(),
        "content_sha256": invoice.content_sha256,
        "approved_by": invoice.approved_by,
        "issued_at": None if content.issued_at is None else moment(content.issued_at),
    }


_NOBODY = {"submitted_by": "", "approved_by": "", "voided_by": "", "void_reason": ""}


def _drawn_values(drawn: Drawn) -> dict[str, Any]:
    content = drawn.content
    return {
        "id": content.invoice_id,
        "workspace_id": content.workspace_id,
        "period_start": moment(content.period.start),
        "period_end": moment(content.period.end),
        "state": State.DRAFT.value,
        "content": canonical(content).decode(),
        "inputs": canonical(drawn.inputs).decode(),
        "content_sha256": content.sha256,
        "price_book": content.price_book,
        "price_book_version": content.price_book_version,
        "total": decimal_text(content.total),
        "currency": content.currency,
        "publication": drawn.publication,
        "history_sha256": drawn.history_sha256,
        "rerates": drawn.rerates,
        "replaces": content.replaces or None,
    }
