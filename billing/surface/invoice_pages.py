"""`/invoices` and `/invoices/{invoice}`: the list, and one invoice as JSON, HTML, PDF, CSV or recomputable bundle.

Customers see what was issued to them, the void ones included; drafts, and who made an invoice, are the platform's own.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from billing.accounts.bundles import bundle_of
from billing.canonical import canonical, decimal_text, plain, sha256
from billing.documents import as_csv, as_html, as_json, as_pdf, file_name
from billing.hour import iso
from billing.invoice import State
from billing.surface.ask import Whole, unchanged
from billing.surface.bound_ledger import Pods
from billing.surface.negotiation import preferred
from billing.surface.scope import ABSENT
from core.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from billing.accounts.invoice_rows import Summary
    from billing.invoice import Invoice
    from billing.surface.ask import Ask

NAMES: Final = ("format",)

_OURS: Final = ("submitted_by", "approved_by", "voided_by")
_ISSUED: Final = frozenset({State.FINAL, State.VOID})
_LONGEST: Final = 100
_BUNDLE: Final = "zip"
# By the ending of the path: the type, and what writes it.
_DOCUMENTS: Final[dict[str, tuple[str, Callable[[Invoice], bytes]]]] = {
    "json": ("application/json", as_json),
    "html": ("text/html; charset=utf-8", as_html),
    "pdf": ("application/pdf", as_pdf),
    "csv": ("text/csv; charset=utf-8; header=present", as_csv),
}
_TYPES: Final = {**{ending: kind for ending, (kind, _) in _DOCUMENTS.items()}, _BUNDLE: "application/zip"}
_ACCEPTED: Final = {kind.partition(";")[0]: ending for ending, kind in _TYPES.items()}
# A page of ours has styles of its own and nothing else: no script, no frame, nothing from elsewhere.
_PAGE: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


async def listed(ask: Ask) -> Whole:
    """The workspace's invoices, the latest period first."""
    found = await asyncio.to_thread(ask.records.register.of_workspace, ask.scope.workspace_id)
    told = [_summary(each) for each in found if ask.scope.is_staff or each.state in _ISSUED]
    body = orjson.dumps({"invoices": told})
    tag = ask.tag("invoices", sha256(body))
    return unchanged(tag) if ask.has(tag) else Whole(body, headers={"ETag": tag})


async def one(ask: Ask) -> Whole:
    """One invoice, by its id or number, in the form of its ending or of `Accept`.

    Raises:
        NotFound: unknown, foreign, or not issued yet.
        Unbalanced: the ledger does not give the rows any more that a bundle needs.
    """
    name, ending = _named(ask)
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise NotFound(ABSENT)
    invoice = await asyncio.to_thread(_found, ask, name)
    tag = ask.tag("invoice", ending, sha256(canonical(invoice)))
    if ask.has(tag):
        return unchanged(tag)
    if ending == _BUNDLE:
        until = await asyncio.to_thread(ask.records.register.publication, invoice.content.invoice_id)
        ledger = Pods(ask.reader, asyncio.get_running_loop(), until)
        body = await asyncio.to_thread(bundle_of, ask.records.engine, ledger, invoice)
    else:
        write = _as_issued if ending == "json" and not ask.scope.is_staff else _DOCUMENTS[ending][1]
        body = await asyncio.to_thread(write, invoice)
    place = "inline" if ending in {"json", "html"} else "attachment"
    headers = {"ETag": tag, "Content-Disposition": f'{place}; filename="{file_name(invoice, ending)}"'}
    return Whole(body, _TYPES[ending], headers | (_PAGE if ending == "html" else {}))


def _found(ask: Ask, name: str) -> Invoice:
    try:
        invoice = ask.records.register.get(ask.scope.workspace_id, name)
    except NotFound:
        raise NotFound(ABSENT) from None
    if invoice.state not in _ISSUED and not ask.scope.is_staff:
        raise NotFound(ABSENT)
    # Who of us did what is none of a customer's concern, in no form.
    return invoice if ask.scope.is_staff else replace(invoice, submitted_by="", approved_by="", voided_by="")


def _as_issued(invoice: Invoice) -> bytes:
    """As the desk has it, without those who made it."""
    return canonical({name: value for name, value in plain(invoice).items() if name not in _OURS})


def _named(ask: Ask) -> tuple[str, str]:
    """The id or number, and the form.

    Raises:
        BadRequest: there is no such form, or the path and `format` name two.
    """
    name, _, ending = ask.name.rpartition(".")
    asked = ask.arguments.choice("format", tuple(_TYPES), "")
    if not name:
        return ask.name, asked or preferred(ask.headers.get("accept", ""), _ACCEPTED, "json")
    if ending not in _TYPES or asked not in {"", ending}:
        raise BadRequest(f"format: an invoice ends with one of {', '.join(_TYPES)}; name one of them, once")
    return name, ending


def _summary(each: Summary) -> dict[str, Any]:
    return {
        "id": each.id,
        "number": each.number or None,
        "start": iso(each.period.start),
        "end": iso(each.period.end),
        "state": each.state.value,
        "total": decimal_text(each.total),
        "currency": each.currency,
        "issued_at": None if each.issued_at is None else iso(each.issued_at),
        "content_sha256": each.content_sha256,
        "replaces": each.replaces or None,
    }
