"""One delivery: a file per UTC day, then its manifest, which says what the file must be; told day by day how far it is.

The same run twice puts nothing twice, and one that was interrupted goes on where it was: a day counts once its manifest
is there. A day whose rows have changed since, by evidence that was late, is put anew; its name stays. A closed month is
worth what its invoices say, whatever price book is in force, and of a day that is the same nothing is put.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import func, select

from billing.accounts.moment import moment
from billing.accounts.terms import Terms, terms_of
from billing.accounts.workspaces import places_of
from billing.canonical import canonical, decimal_text, sha256
from billing.hour import DAY, HOUR, Period, date, iso, month_of
from billing.rating import rate_days
from billing.schema import publications
from billing.surface.question import GROUPS, Question, Source
from billing.surface.spool import spooled
from billing.surface.table import USAGE
from billing.surface.worth import Worth
from core.control import reading

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from billing.coverage import Completeness
    from billing.delivery.bucket import Bucket
    from billing.delivery.target import Target, Targets
    from billing.ledger.store import Ledger
    from billing.rating import RatedLine
    from billing.runs.publication import Publications

FORMAT: Final = "starmeter-delivery/1"
MANIFEST: Final = "manifest.json"

# A day without all of its evidence is delivered after so long all the same; its manifest says what it lacks.
_PATIENCE: Final = 2 * DAY
_ENDINGS: Final = {"parquet": "parquet", "csv": "csv", "ndjson": "ndjson", "arrow": "arrows"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which days were put, as UTC seconds; `message` says why it ended early, empty when it did not."""

    target: Target
    days: tuple[int, ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """What days are made of: the stores as of the publication `until`."""

    engine: Engine
    ledger: Ledger
    publications: Publications
    until: int


class Daily:
    """The days of one target."""

    def __init__(self, origin: Origin, target: Target) -> None:
        self._origin = origin
        self.target = target
        self._terms: dict[int, Terms] = {}
        self._rated: tuple[int, list[RatedLine]] | None = None

    def state(self, day: int) -> str:
        """What a day's rows follow from: it changes whenever they could."""
        terms = self._terms_of(day)
        # Where a month's total decides about a price, all of the month counts.
        span = month_of(day) if terms.has_steps else Period(day, day + DAY)
        column = publications.c
        statement = select(func.max(column.sequence)).where(
            column.kind == "published",
            column.hour >= moment(span.start),
            column.hour < moment(span.end),
            column.sequence <= self._origin.until,
        )
        with reading(self._origin.engine) as connection:
            last = connection.execute(statement).scalar() or 0
        return sha256(canonical([FORMAT, last, terms.basis, self.target.format]))

    def completeness(self, day: int) -> Completeness:
        """How much of a day's evidence there is where the workspace may have used something."""
        period = Period(day, day + DAY)
        with reading(self._origin.engine) as connection:
            places = places_of(connection, self.target.workspace_id, period)
        return self._origin.publications.completeness(period, clusters=places, until=self._origin.until)

    def put(self, bucket: Bucket, day: int, known: dict[str, Any] | None, percent: str) -> bool:
        """Put a day's file and then its manifest, unless the `known` manifest says that they are there already.

        Returns whether anything was put. What is published of others changes the state of a day and not its rows: then
        nothing is.
        """
        state = self.state(day)
        if known is not None and (known.get("state"), known.get("completeness")) == (state, percent):
            return False
        book = self._terms_of(day).book
        question = Question(Period(day, day + DAY), DAY, GROUPS, Source.PUBLISHED)
        batch = Worth(question, self.target.workspace_id, book.currency).batch(self._lines(day))
        spool = spooled([] if batch is None else [batch], self.target.format, USAGE)
        told = {
            "format": FORMAT,
            "workspace_id": self.target.workspace_id,
            "start": iso(day),
            "end": iso(day + DAY),
            "file": file_name(self.target),
            "rows": spool.rows,
            "bytes": spool.length,
            "sha256": spool.sha256.hex(),
            "completeness": percent,
            "price_book": f"{book.name} {book.version}",
        }
        with spool.content as content:
            if known is not None and told.items() <= known.items():
                return False
            if known is None or any(known.get(name) != told[name] for name in ("file", "sha256")):
                bucket.put(f"{folder(day)}/{file_name(self.target)}", content)
        manifest = orjson.dumps(told | {"state": state}, option=orjson.OPT_INDENT_2)
        bucket.put(f"{folder(day)}/{MANIFEST}", io.BytesIO(manifest))
        return True

    def _terms_of(self, day: int) -> Terms:
        month = month_of(day)
        if month.start not in self._terms:
            self._terms |= terms_of(self._origin.engine, self.target.workspace_id, [month])
        return self._terms[month.start]

    def _lines(self, day: int) -> list[RatedLine]:
        """The month's lines, which are rated once for all of its days."""
        month = month_of(day)
        if self._rated is None or self._rated[0] != month.start:
            terms = self._terms_of(day)
            used = self._origin.ledger.day_usage(
                self.target.workspace_id, month, terms.book, terms.plan_of, until=self._origin.until
            )
            self._rated = month.start, rate_days(used, terms.book)
        return self._rated[1]


def deliver(daily: Daily, bucket: Bucket, targets: Targets, *, now: int, again_days: int) -> Outcome:
    """Put every day that is due, the earliest first.

    Raises:
        Unavailable: a store or the bucket does not answer; the days before are delivered.
        MissingPrice: usage has no price.
    """
    target = daily.target
    put: list[int] = []
    # What was delivered is looked at again; days without a manifest there were never this delivery's.
    for day in range(target.delivered_until - again_days * DAY, target.delivered_until, DAY):
        known = manifest_of(bucket, day)
        if known is not None and daily.put(bucket, day, known, decimal_text(daily.completeness(day).percent)):
            put.append(day)
    for day in due(target, now):
        found = daily.completeness(day)
        if found.incomplete and day + DAY + _PATIENCE > now:
            break
        if daily.put(bucket, day, manifest_of(bucket, day), decimal_text(found.percent)):
            put.append(day)
        targets.note(target.id, until=day + DAY)
    return Outcome(target, tuple(put))


def manifest_of(bucket: Bucket, day: int) -> dict[str, Any] | None:
    """A day's manifest; `None` when there is none, empty when it cannot be read."""
    text = bucket.read(f"{folder(day)}/{MANIFEST}")
    if text is None:
        return None
    try:
        manifest = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return manifest if isinstance(manifest, dict) else {}


def due(target: Target, now: int) -> range:
    """The days that are over by the UTC second `now`, with an hour for their evidence, and not delivered."""
    return range(target.delivered_until, now - DAY - HOUR + 1, DAY)


def file_name(target: Target) -> str:
    """What a day's file is called within its folder."""
    return f"usage.{_ENDINGS[target.format]}"


def folder(day: int) -> str:
    """Where a day's objects are, below the prefix."""
    return f"day={date(day)}"
