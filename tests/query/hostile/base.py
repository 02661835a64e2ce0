"""The honest reads that everything hostile is compared with: one of each endpoint, fixed in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote_plus

from tests.query import platform
from tests.query.hostile.request import FORM, PRODUCTION, PROJECT, SERVICE, Request

EVERYTHING: Final = '{__name__!=""}'
Arguments = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Base:
    """One honest read, within `scope`."""

    name: str
    path: bytes
    arguments: Arguments
    scope: bytes = PROJECT
    takes_post: bool = True

    @property
    def form(self) -> bytes:
        """The arguments, encoded."""
        return encoded(self.arguments)

    def get(self) -> Request:
        """The read with everything in the URL."""
        return Request(self.path, self.form, scope=self.scope)

    def post(self) -> Request:
        """The read with everything in the body."""
        return Request(self.path, b"", self.form, b"POST", (FORM,), scope=self.scope)


def encoded(arguments: Arguments) -> bytes:
    """A well-formed form."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in arguments).encode()


def bases(now: float) -> tuple[Base, ...]:
    """Every honest read, as of `now`, the time of the newest sample in unix seconds."""
    time = ("time", f"{now:.0f}")
    end = now // platform.INTERVAL * platform.INTERVAL
    span = (("start", f"{end - 40 * platform.INTERVAL:.0f}"), ("end", f"{end:.0f}"))
    date = datetime.fromtimestamp(now, UTC).date().isoformat()
    everything = ("match[]", EVERYTHING)
    count = f"count({EVERYTHING})"
    return (
        # Its answer is one number without a label: a leak that no text shows changes it.
        Base("count", b"/api/v1/query", (("query", count), time)),
        Base("query", b"/api/v1/query", (("query", "up"), time)),
        Base("query_range", b"/api/v1/query_range", (("query", "sum(up)"), *span, ("step", "15"))),
        Base("series", b"/api/v1/series", (everything, *span)),
        Base("labels", b"/api/v1/labels", span),
        Base("values of mark", b"/api/v1/label/mark/values", span, takes_post=False),
        Base("values of project_id", b"/api/v1/label/project_id/values", span, takes_post=False),
        Base("values of nothing", b"/api/v1/label/nothing/values", span, takes_post=False),
        Base("federate", b"/federate", (everything,), takes_post=False),
        Base("tsdb", b"/api/v1/status/tsdb", (("topN", "10"), ("date", date)), takes_post=False),
        Base("production", b"/api/v1/query", (("query", count), time), PRODUCTION),
        Base("service", b"/api/v1/query", (("query", count), time), SERVICE),
    )
