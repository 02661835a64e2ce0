"""An invoice as a document: JSON, CSV, HTML and PDF; the same invoice gives the same bytes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import jinja2

from billing.canonical import canonical, decimal_text, plain
from billing.hour import date
from billing.presentation import page

if TYPE_CHECKING:
    from decimal import Decimal

    from billing.invoice import Invoice

# A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS: Final = (
    *("invoice", "item", "kind", "title", "project_id", "project", "environment", "service_id", "service", "region"),
    *("meter", "price_id", "step", "quantity", "unit", "unit_price", "amount", "shown", "currency", "corrects"),
)


def as_json(invoice: Invoice) -> bytes:
    """Canonical JSON: amounts and quantities are texts, times UTC seconds since 1970."""
    return canonical(invoice)


def as_csv(invoice: Invoice, *, for_excel: bool = False) -> bytes:
    """One row per item, RFC 4180; for Excel with a byte order mark, by which it knows UTF-8.

    Texts that a spreadsheet would take for a formula begin with an apostrophe. Numbers are ours and stay numbers.
    """
    content = invoice.content
    names = dict(content.names)
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(_COLUMNS)
    for item in content.items:
        texts = {
            "invoice": content.number or content.invoice_id,
            "kind": item.kind.value,
            "title": item.title,
            "project_id": item.project_id,
            "project": names.get(item.project_id, ""),
            "environment": item.environment,
            "service_id": item.service_id,
            "service": names.get(item.service_id, ""),
            "region": item.region,
            "meter": "" if item.meter is None else item.meter.value,
            "price_id": item.price_id,
            "unit": item.unit,
            "currency": content.currency,
            "corrects": item.corrects,
        }
        numbers = {
            "item": str(item.number),
            "step": str(item.step) if item.meter is not None else "",
            "quantity": _number(item.quantity),
            "unit_price": _number(item.unit_price),
            "amount": _number(item.amount),
            "shown": _number(item.shown),
        }
        cells = {**{name: cell(text) for name, text in texts.items()}, **numbers}
        writer.writerow([cells[name] for name in _COLUMNS])
    return sheet.getvalue().encode("utf-8-sig" if for_excel else "utf-8")


def cell(text: str) -> str:
    """A text that no spreadsheet computes with."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_html(invoice: Invoice) -> bytes:
    """One self-contained page, readable without scripts, on paper, and in the dark."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(_template("invoice.html")).render(page=page(invoice)).encode()


def as_pdf(invoice: Invoice) -> bytes:
    """PDF, with the fonts that typst carries, so that no machine's own fonts change it."""
    import typst  # noqa: PLC0415 - seven megabytes, which only these need

    texts = json.dumps(plain(asdict(page(invoice))), ensure_ascii=False, sort_keys=True)
    rendered = typst.compile(
        _template("invoice.typ").encode(), ignore_system_fonts=True, format="pdf", sys_inputs={"page": texts}
    )
    if not isinstance(rendered, bytes):
        raise TypeError("typst: gave several pages apart, not one document")
    return rendered


def file_name(invoice: Invoice, ending: str) -> str:
    """Such as `invoice-2026-0001-2026-03-01.pdf`."""
    content = invoice.content
    return f"invoice-{content.number or content.invoice_id}-{date(content.period.start)}.{ending}"


def _number(value: Decimal | None) -> str:
    return "" if value is None else decimal_text(value)


def _template(name: str) -> str:
    return files("billing").joinpath(f"templates/{name}").read_text(encoding="utf-8")
