"""`/usage`: a workspace's usage by hour or day, page by page as JSON, or as a file in one piece."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import blake2s
from typing import TYPE_CHECKING, Final

import orjson

from billing.canonical import decimal_text
from billing.hour import HOUR, Period, iso
from billing.surface.ask import Flow, Whole, unchanged
from billing.surface.cursor import BadCursor, Cursor, Signer
from billing.surface.days import days, of_invoices
from billing.surface.encoding import FORMATS, JSON, objects
from billing.surface.export import Export, page
from billing.surface.hours import hours
from billing.surface.question import ASKED, NAMES, Question, Source
from billing.surface.row import FIRST
from billing.surface.table import USAGE
from core.errors import BadRequest
from core.scope import Action

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import pyarrow as pa  # type: ignore[import-untyped]

    from billing.invoice import Invoice
    from billing.surface.ask import Answer, Ask
    from billing.surface.records import Tariff
    from billing.surface.row import Key

__all__ = ["NAMES", "answer"]

_PAGE_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Basis:
    """What rows follow from besides the ledger as of `publication`, and how complete they are."""

    publication: int
    tariff: Tariff | None
    invoices: tuple[Invoice, ...]
    completeness: dict[str, object]

    @property
    def digest(self) -> str:
        """What tells two of them apart."""
        parts = ("" if self.tariff is None else self.tariff.basis, *(each.content_sha256 for each in self.invoices))
        return blake2s("\n".join(parts).encode(), digest_size=16).hexdigest()


async def answer(ask: Ask) -> Answer:
    """The rows that are asked for, or that the client has them already.

    Raises:
        BadRequest: an argument is wrong, or a cursor's data is not there any more.
        MissingPrice: usage has no price.
    """
    form = ask.format
    signer = Signer(ask.settings.cursor_key, ask.scope, f"usage\n{ask.arguments.canonical(ASKED)}")
    text = ask.arguments.text("cursor")
    cursor = None if text is None else signer.read(text)
    question = Question.of(ask.arguments, cursor, ask.now, ask.settings.limits)
    if question.source is Source.INVOICE:
        ask.scope.require(Action.READ_INVOICES)
    most = ask.settings.limits.rows if form == JSON else ask.settings.limits.export_rows
    limit = ask.arguments.number("limit", _PAGE_ROWS if form == JSON else most, most)
    until = await ask.reader.latest() if cursor is None else cursor.publication
    basis = await asyncio.to_thread(_basis, ask, question, until)
    if cursor is not None and cursor.basis != basis.digest:
        raise BadCursor("cursor: prices or invoices have changed since it was given out; leave it out to begin anew")
    tag = ask.tag(question, text, form, limit, basis.digest, until, sorted(basis.completeness.items()))
    if ask.has(tag):
        return unchanged(tag)
    after = FIRST if cursor is None else cursor.key
    batches = _batches(ask, question, basis, after)
    period = question.period

    def beyond(key: Key) -> str:
        return signer.write(Cursor(period.start, period.end, until, basis.digest, key))

    headers = {"ETag": tag}
    if form == JSON:
        kept, last = await page(batches, limit)
        body = {
            "rows": [row for batch in kept for row in objects(batch)],
            "next_cursor": None if last is None else beyond(last),
            "completeness": basis.completeness,
        }
        return Whole(orjson.dumps(body), headers=headers)
    told: dict[str, object] = {
        "start": iso(period.start),
        "end": iso(period.end),
        "source": question.source.value,
        "publication": until,
        "completeness": basis.completeness,
    }
    made = Export(batches, form, USAGE, limit, beyond, told)
    kind = FORMATS[form]
    name = f"usage-{iso(period.start)[:13]}-{iso(period.end)[:13]}.{kind.suffix}"
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Flow(made.pieces(), kind.media_type, headers, ask.settings.limits.export_seconds)


def _basis(ask: Ask, question: Question, until: int) -> _Basis:
    """From the control store; in a thread."""
    workspace, period = ask.scope.workspace_id, question.period
    if question.source is Source.INVOICE:
        invoices = tuple(_about(ask.records.final_invoices(workspace), period))
        if len({each.content.currency for each in invoices}) > 1:
            raise BadRequest("source: the invoices of this span are in several currencies; ask for a shorter span")
        percent = min((each.content.completeness for each in invoices), default=None)
        told: dict[str, object] = {"percent": None if percent is None else decimal_text(percent)}
        return _Basis(until, None, invoices, told)
    tariff = None if question.grain == HOUR else ask.records.tariff(workspace, period)
    return _Basis(until, tariff, (), _completeness(ask, period, until))


def _about(invoices: list[Invoice], period: Period) -> list[Invoice]:
    """Those with a line of a day within a period."""
    return [each for each in invoices if any(line.day in period for line in each.content.lines)]


def _completeness(ask: Ask, period: Period, until: int) -> dict[str, object]:
    """How much of the evidence of the hours that are over was published; the platform's own names are left out."""
    end = min(period.end, ask.now - ask.now % HOUR)
    if end <= period.start:
        return {"percent": None, "incomplete_hours": 0, "waived_hours": 0}
    found = ask.records.completeness(ask.scope.workspace_id, Period(period.start, end), until)
    return {
        "percent": decimal_text(found.percent),
        "incomplete_hours": len({each.hour for each in found.incomplete}),
        "waived_hours": len({each.hour for each in found.waived}),
    }


async def _batches(ask: Ask, question: Question, basis: _Basis, after: Key) -> AsyncGenerator[pa.RecordBatch, None]:
    if question.source is Source.INVOICE:
        for batch in of_invoices(question, basis.invoices, ask.scope.workspace_id, after):
            yield batch
        return
    if basis.tariff is None:
        found = hours(ask.reader, question, basis.publication, after)
    else:
        found = days(ask.reader, question, basis.publication, basis.tariff, after)
    async for batch in found:
        yield batch
