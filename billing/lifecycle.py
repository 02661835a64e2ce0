"""The steps of an invoice's life, and who may take them: draft, review, final, void. Nothing else changes one."""

from __future__ import annotations

from dataclasses import replace
from unicodedata import normalize

from billing.errors import Immutable, Unbalanced
from billing.invoice import Content, Invoice, ItemKind, State
from billing.rounding import money, product, total
from core.errors import BadRequest


def revise(invoice: Invoice, content: Content) -> Invoice:
    """A draft made anew, as when late usage has come in.

    Raises:
        Immutable: it is no draft any more.
    """
    _require(invoice, State.DRAFT, "made anew")
    if content.invoice_id != invoice.content.invoice_id:
        raise BadRequest("invoice_id: is another invoice's; revise a draft with its own content")
    return Invoice(content)


def submit(invoice: Invoice, by: str) -> Invoice:
    """Put a draft up for review.

    Raises:
        Immutable: it is no draft.
        Unbalanced: its items do not add up.
    """
    _require(invoice, State.DRAFT, "submitted")
    require_balance(invoice.content)
    return replace(invoice, state=State.IN_REVIEW, submitted_by=by)


def withdraw(invoice: Invoice) -> Invoice:
    """Take an invoice back from review, so that it can be made anew.

    Raises:
        Immutable: it is not in review.
    """
    _require(invoice, State.IN_REVIEW, "withdrawn")
    return Invoice(invoice.content)


def finalise(invoice: Invoice, number: str, issued_at: int, approved_by: str) -> Invoice:
    """Make an invoice final: it gets its number and its hash, and never changes again.

    Raises:
        Immutable: it is not in review.
        BadRequest: it has no number, or whoever submitted it approves it, too.
    """
    _require(invoice, State.IN_REVIEW, "made final")
    if not number:
        raise BadRequest("number: is empty; take the next of the sequence")
    if _folded(approved_by) == _folded(invoice.submitted_by):
        raise BadRequest("approved_by: submitted it; a second person approves")
    content = replace(invoice.content, number=number, issued_at=issued_at)
    return replace(invoice, content=content, state=State.FINAL, content_sha256=content.sha256, approved_by=approved_by)


def void(invoice: Invoice, at: int, by: str, reason: str) -> Invoice:
    """Declare a final invoice void; what it says stays as it was.

    Raises:
        Immutable: it is not final.
        BadRequest: no reason is given.
    """
    _require(invoice, State.FINAL, "voided")
    if not reason.strip():
        raise BadRequest("reason: is empty; say why, it stays with the invoice")
    return replace(invoice, state=State.VOID, voided_at=at, voided_by=by, void_reason=reason)


def reissue(voided: Invoice, content: Content) -> Invoice:
    """The draft that takes a void invoice's place, and says so.

    Raises:
        Immutable: the invoice is not void.
        BadRequest: the new one has the old one's id, or is another workspace's or period's.
    """
    _require(voided, State.VOID, "reissued")
    old = voided.content
    if content.invoice_id == old.invoice_id:
        raise BadRequest("invoice_id: is the void invoice's; give the new one its own")
    if (content.workspace_id, content.period) != (old.workspace_id, old.period):
        raise BadRequest("workspace_id: a reissue is for the same workspace and period")
    return Invoice(replace(content, replaces=old.invoice_id))


def require_intact(invoice: Invoice) -> None:
    """Refuse a final or void invoice whose content is not what was made final.

    Raises:
        Unbalanced: the hash or the sums do not hold.
    """
    if invoice.content_sha256 and invoice.content.sha256 != invoice.content_sha256:
        raise Unbalanced(f"invoice {invoice.content.invoice_id}: its content is not what was made final")
    require_balance(invoice.content)


def require_balance(content: Content) -> None:
    """Refuse an invoice whose lines are not quantity times price, or whose items do not add up.

    Raises:
        Unbalanced: naming what does not hold.
    """
    name = f"invoice {content.invoice_id}"
    for line in content.lines:
        if line.amount != product(line.quantity, line.unit_price):
            raise Unbalanced(f"{name}: {line.meter} of {line.service_id} is not quantity times price")
    usage = {ItemKind.USAGE, ItemKind.CORRECTION}
    itemised = total(each.amount for each in content.items if each.kind in usage and each.meter is not None)
    if itemised != total(line.amount for line in content.lines):
        raise Unbalanced(f"{name}: its items are not the sum of its lines")
    if content.total != total(each.amount for each in content.items):
        raise Unbalanced(f"{name}: its items do not add up to its total")
    if content.total != total(each.shown for each in content.items) or content.total != money(content.total):
        raise Unbalanced(f"{name}: what is shown does not add up to its total")


def _folded(subject: str) -> str:
    """A person's name as one writes it who looks at neither case nor width nor how accents are put together."""
    return normalize("NFKC", normalize("NFKC", subject).casefold())


def _require(invoice: Invoice, state: State, wanted: str) -> None:
    if invoice.state is not state:
        raise Immutable(f"invoice {invoice.content.invoice_id}: is {invoice.state}; only a {state} one can be {wanted}")
