"""What a read of usage asks: of which span, how finely, of what, and from which source."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from billing.hour import DAY, HOUR, Period, iso, month_of
from billing.meter import Meter
from billing.surface.arguments import LAST
from core.errors import BadRequest
from query.logs.arguments import OverLimitError

if TYPE_CHECKING:
    from billing.surface.arguments import Arguments
    from billing.surface.cursor import Cursor
    from billing.surface.settings import UsageLimits

# What rows can be told apart by, in the order in which they are sorted after their time.
GROUPS: Final = ("project", "environment", "service", "region", "meter")
_BY_DEFAULT: Final = ("project", "environment", "service", "meter")
_GRAINS: Final = {"hour": HOUR, "day": DAY}
# What decides which rows there are; a cursor holds only for the same.
ASKED: Final = ("start", "end", "grain", "group_by", "source", *GROUPS)
NAMES: Final = (*ASKED, "limit", "cursor", "format")


class Source(StrEnum):
    """What rows are taken from: published runs; those, and estimates of hours without one; final invoices."""

    PUBLISHED = "published"
    ESTIMATE = "estimate"
    INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class Question:
    """Usage of a span of UTC seconds per `grain` seconds; an empty text where nothing is asked for in particular."""

    period: Period
    grain: int
    group_by: tuple[str, ...]
    source: Source
    project: str = ""
    environment: str = ""
    service: str = ""
    region: str = ""
    meter: str = ""

    @classmethod
    def of(cls, arguments: Arguments, cursor: Cursor | None, now: int, limits: UsageLimits) -> Self:
        """The question of a request; a cursor pins its span.

        Without `start` it begins with the current UTC month, without `end` it ends with the current hour or day.

        Raises:
            BadRequest: an argument is wrong, or several do not go together.
            OverLimitError: the span is longer than a read may ask for.
        """
        name = arguments.choice("grain", tuple(_GRAINS), "day")
        grain = _GRAINS[name]
        start, end = (arguments.moment(bound, grain, name) for bound in ("start", "end"))
        if cursor is not None:
            period = Period(cursor.start, cursor.end)
        else:
            end = now - now % grain + grain if end is None else end
            start = month_of(min(now, max(end - 1, 0))).start if start is None else start
            period = spanning(start, end, limits)
        asked = cls(
            period=period,
            grain=grain,
            group_by=arguments.choices("group_by", GROUPS, _BY_DEFAULT),
            source=Source(arguments.choice("source", tuple(Source), Source.PUBLISHED)),
            project=arguments.id("project") or "",
            environment=arguments.environment("environment") or "",
            service=arguments.id("service") or "",
            region=arguments.region("region") or "",
            meter=arguments.choice("meter", tuple(Meter), ""),
        )
        if grain == HOUR and asked.source is Source.INVOICE:
            raise BadRequest("grain: invoices have lines of days; ask for day")
        if grain == HOUR and "meter" not in asked.group_by:
            raise BadRequest("group_by: meters have no common unit and hours have no money; add meter, or ask for days")
        return asked

    def has(self, project: str, environment: str, service: str, region: str, meter: str) -> bool:
        """Whether something is of what is asked for."""
        names = {"project": project, "environment": environment, "service": service, "region": region, "meter": meter}
        return all(getattr(self, name) in {"", each} for name, each in names.items())


def spanning(start: int, end: int, limits: UsageLimits) -> Period:
    """A span that a read may ask for.

    Raises:
        BadRequest: it is empty, or in a month that the ledger's columns cannot hold as a whole.
        OverLimitError: it is too long.
    """
    if start >= end:
        raise BadRequest(f"start: {iso(start)} is not before end, {iso(end)}; the end is excluded")
    # Where a month's total decides about a price, all of the month is read.
    if month_of(end - 1).end > LAST:
        raise BadRequest(f"end: {iso(end)} is out of range; give an earlier one, until {iso(month_of(LAST).start)}")
    if end - start > limits.range_days * DAY:
        raise OverLimitError(f"start: the span is longer than {limits.range_days} days; ask for a shorter one")
    return Period(start, end)
