"""`/usage/focus`: charges as rows of FOCUS, of final invoices or of what the invoices of months would be now.

Rows are those of whole invoices, so that they add up to their totals; so spans are whole months. A month that has a
final invoice has its rows, whatever is asked for. A file has rows alone,
as those who load it expect: its length and its digest are told before it, so that a cut one is known by them.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass
from hashlib import blake2s
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Final

import orjson
import pyarrow as pa  # type: ignore[import-untyped]

from billing.accounts import outlook
from billing.accounts.evidence import Evidence
from billing.canonical import decimal_text
from billing.errors import CurrencyOpen
from billing.focus import focus_rows
from billing.hour import DAY, iso, month_of, parse
from billing.surface.ask import Flow, Whole, unchanged
from billing.surface.bound_ledger import Days, Log
from billing.surface.cursor import BadCursor, Cursor, Signer
from billing.surface.encoding import FORMATS, JSON, objects
from billing.surface.question import Source, spanning
from billing.surface.spool import spooled
from billing.surface.table import FOCUS
from billing.surface.verification import assert_rows
from core.errors import BadRequest, Unavailable
from core.scope import Action

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence

    from billing.accounts.outlook import Outlook
    from billing.hour import Period
    from billing.surface.ask import Answer, Ask

_log = logging.getLogger("billing.surface.focus_page")

_ASKED: Final = ("start", "end", "source")
NAMES: Final = (*_ASKED, "limit", "cursor", "format")

_PAGE_ROWS: Final = 1_000
_PIECE: Final = 1 << 18
# A row has 72 columns.
_BATCH_ROWS: Final = 8_192
_TIMES: Final = tuple(each.name for each in FOCUS if pa.types.is_timestamp(each.type))
_LATER: Final = "charges cannot be told now, since invoices of two currencies are open; retry later"


@dataclass(frozen=True, slots=True)
class _Charges:
    """The invoices whose rows are asked for, as of a publication."""

    outlook: Outlook
    publication: int

    @property
    def digest(self) -> str:
        """What tells two of them apart."""
        invoices = [each.invoice for each in self.outlook.charged]
        text = "\n".join(f"{each.state} {each.content.replaces} {each.content.sha256}" for each in invoices)
        return blake2s(text.encode(), digest_size=16).hexdigest()

    def rows(self) -> Iterator[Mapping[str, object]]:
        """All rows, in the order of the invoices."""
        told = self.outlook
        return chain.from_iterable(focus_rows(each.invoice, told.periods, each.replaced) for each in told.charged)


async def answer(ask: Ask) -> Answer:
    """The rows of a span of months, or that the client has them already.

    Raises:
        BadRequest: an argument is wrong, or a cursor's data is not there any more.
        MissingPrice: usage has no price.
        Unavailable: amounts of another currency have to be settled first.
    """
    form = ask.format
    signer = Signer(ask.settings.cursor_key, ask.scope, f"focus\n{ask.arguments.canonical(_ASKED)}")
    text = ask.arguments.text("cursor")
    cursor = None if text is None else signer.read(text)
    source = Source(ask.arguments.choice("source", tuple(Source), Source.PUBLISHED))
    # What is charged is of invoices (credits, amounts carried over, corrections); what it is charged for is usage.
    ask.scope.require(Action.READ_INVOICES)
    ask.scope.require(Action.READ_USAGE)
    period = _period(ask, cursor)
    most = ask.settings.limits.rows
    limit = ask.arguments.number("limit", _PAGE_ROWS, most)
    if form != JSON and (cursor is not None or ask.arguments.text("limit") is not None):
        raise BadRequest("format: files are whole; leave out limit and cursor, or ask for json")
    until = await ask.reader.latest() if cursor is None else cursor.publication
    charges = await asyncio.to_thread(_charges, ask, period, source, until, asyncio.get_running_loop())
    if cursor is not None and cursor.basis != charges.digest:
        raise BadCursor("cursor: invoices or prices have changed since it was given out; leave it out to begin anew")
    tag = ask.tag("focus", form, text, limit, charges.digest)
    if ask.has(tag):
        return unchanged(tag)
    if form != JSON:
        return await _file(ask, charges, form, tag, f"focus-{iso(period.start)[:7]}-{iso(period.end - 1)[:7]}")
    begin = 0 if cursor is None else int(cursor.key[0])
    rows = await asyncio.to_thread(lambda: list(islice(charges.rows(), begin, begin + limit + 1)))
    after = Cursor(period.start, period.end, until, charges.digest, (begin + limit,))
    percent = min((each.completeness for each in charges.outlook.standing), default=None)
    body = {
        "rows": objects(_batch(rows[:limit], ask.scope.workspace_id)),
        "next_cursor": signer.write(after) if len(rows) > limit else None,
        "completeness": {"percent": None if percent is None else decimal_text(percent)},
    }
    return Whole(orjson.dumps(body), headers={"ETag": tag})


def _period(ask: Ask, cursor: Cursor | None) -> Period:
    """The span: whole months, the current one unless told otherwise.

    Raises:
        BadRequest: a bound is within a month.
    """
    bounds = {name: ask.arguments.moment(name, DAY, "day") for name in ("start", "end")}
    for name, second in bounds.items():
        if second is not None and month_of(second).start != second:
            raise BadRequest(f"{name}: {iso(second)} is within a month; charges are those of whole months of UTC")
    start = month_of(ask.now).start if bounds["start"] is None else bounds["start"]
    end = month_of(start).end if bounds["end"] is None else bounds["end"]
    if cursor is not None:
        start, end = cursor.start, cursor.end
    return spanning(start, end, ask.settings.limits)


def _charges(ask: Ask, period: Period, source: Source, until: int, loop: asyncio.AbstractEventLoop) -> _Charges:
    """In a thread."""
    workspace, records = ask.scope.workspace_id, ask.records
    if source is Source.INVOICE:
        return _Charges(outlook.issued(records.engine, workspace, period), until)
    changes = records.changes()

    def evidence(month: Period) -> Evidence:
        ledger = Days(ask.reader, loop, until, changes, month if source is Source.ESTIMATE else None)
        return Evidence(ledger, Log(records.publications, until))

    try:
        return _Charges(outlook.expected(records.engine, workspace, period, evidence), until)
    except CurrencyOpen as failure:
        # The message is for those who make invoices.
        _log.error("charges are not told", extra={"workspace": workspace, "reason": failure.message})
        raise Unavailable(_LATER) from failure


async def _file(ask: Ask, charges: _Charges, form: str, tag: str, name: str) -> Flow:
    kind = FORMATS[form]
    spool = await asyncio.to_thread(spooled, _batches(charges, ask.scope.workspace_id), form, FOCUS)
    headers = {
        "ETag": tag,
        "Content-Disposition": f'attachment; filename="{name}.{kind.suffix}"',
        "Repr-Digest": f"sha-256=:{base64.b64encode(spool.sha256).decode()}:",
    }
    return Flow(_pieces(spool.content), kind.media_type, headers, ask.settings.limits.export_seconds, spool.length)


async def _pieces(content: IO[bytes]) -> AsyncGenerator[bytes, None]:
    with content:
        while piece := await asyncio.to_thread(content.read, _PIECE):
            yield piece


def _batches(charges: _Charges, workspace_id: str) -> Iterator[pa.RecordBatch]:
    rows = charges.rows()
    while some := list(islice(rows, _BATCH_ROWS)):
        yield _batch(some, workspace_id)


def _batch(rows: Sequence[Mapping[str, object]], workspace_id: str) -> pa.RecordBatch:
    assert_rows(workspace_id, {row["BillingAccountId"] for row in rows})
    columns: dict[str, list[object]] = {name: [row[name] for row in rows] for name in FOCUS.names}
    for name in _TIMES:
        columns[name] = [None if text is None else parse(str(text), name) for text in columns[name]]
    return pa.RecordBatch.from_pydict(columns, schema=FOCUS)
