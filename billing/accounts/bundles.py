"""An invoice with the rows and prices that it was made of: as a bundle, or explained item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing.accounts.price_books import book_document, stored_book
from billing.accounts.register import Register
from billing.bundle import write_bundle
from billing.canonical import lines, sha256
from billing.code_version import code_version
from billing.errors import Unbalanced
from billing.explanation import changed_hours, explain, hours_of
from billing.invoice import ItemKind
from billing.usage import in_order
from core.control import reading
from core.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from billing.accounts.evidence import UsageLedger
    from billing.explanation import Explanation, SourceHour
    from billing.invoice import Content, Invoice
    from billing.usage import UsageRow


def bundle_of(engine: Engine, ledger: UsageLedger, invoice: Invoice) -> bytes:
    """The invoice's bundle, by which anyone can compute it again.

    Raises:
        Unbalanced: the ledger does not give the rows any more that the invoice was made of.
        Unavailable: a store does not answer.
    """
    content, register = invoice.content, Register(engine)
    rows = pinned_rows(ledger, content, register.publication(content.invoice_id))
    with reading(engine) as connection:
        document = book_document(connection, content.price_book, content.price_book_version)
    return write_bundle(invoice, rows, document, register.inputs(content.invoice_id), code_version())


def explanation(engine: Engine, ledger: UsageLedger, invoice: Invoice, number: int) -> Explanation:
    """Why an item of an invoice is what it is, down to pods and builds; it adds up to the item exactly.

    Raises:
        NotFound: the invoice has no such item.
        Unbalanced: the ledger does not give the rows any more that the invoice was made of.
    """
    content = invoice.content
    rows = pinned_rows(ledger, content, Register(engine).publication(content.invoice_id))
    with reading(engine) as connection:
        book = stored_book(connection, content.price_book, content.price_book_version)
    return explain(content, number, rows, book)


def explained_hours(engine: Engine, ledger: UsageLedger, invoice: Invoice, number: int) -> tuple[SourceHour, ...]:
    """The hours of the pods and builds behind an item; of a correction, those that are other than they were.

    Raises:
        NotFound: the invoice has no such item.
        Unbalanced: the ledger does not give the rows any more that the invoice was made of.
    """
    content, register = invoice.content, Register(engine)
    item = next((each for each in content.items if each.number == number), None)
    if item is None:
        raise NotFound(f"item: invoice {content.invoice_id} has items 1 to {len(content.items)}, not {number}")
    publication = register.publication(content.invoice_id)
    if item.kind is ItemKind.CORRECTION:
        corrected = register.find(item.corrects).content
        before = pinned_rows(ledger, corrected, register.publication(corrected.invoice_id))
        after = ledger.rows(content.workspace_id, corrected.period, until=publication)
        return changed_hours(content, number, before, after)
    with reading(engine) as connection:
        book = stored_book(connection, content.price_book, content.price_book_version)
    return hours_of(content, number, pinned_rows(ledger, content, publication), book)


def pinned_rows(ledger: UsageLedger, content: Content, publication: int) -> list[UsageRow]:
    """The rows that an invoice was made of.

    Raises:
        Unbalanced: they are not the ones of its hash.
    """
    rows = ledger.rows(content.workspace_id, content.period, until=publication)
    if sha256(lines(in_order(rows))) != content.usage_sha256:
        raise Unbalanced(
            f"invoice {content.number or content.invoice_id}: the ledger's rows as of publication {publication} are "
            "not those that it was made of; draft it anew if it is a draft, or restore the ledger's backup"
        )
    return rows
