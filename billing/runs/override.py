"""Hours whose node law somebody has set aside: that nodes seem to hold more than they have is known, and right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from billing.accounts.moment import moment, now, seconds
from billing.conservation import NODE_LAW
from billing.hour import hour_of
from billing.schema import law_overrides
from core.control import reading, writing
from core.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from billing.runs.metered import Metered


@dataclass(frozen=True, slots=True)
class Override:
    """Who has set the node law aside for a cluster's hour, when (UTC seconds), and why."""

    cluster: str
    hour: int
    reason: str
    by: str
    at: int

    def __str__(self) -> str:
        return f"{NODE_LAW}: set aside by {self.by}: {self.reason}"

    def applied(self, metered: Metered) -> Metered:
        """The same rows without what this hour may violate; every other law still blocks them."""
        kept = tuple(each for each in metered.violations if each.law != NODE_LAW)
        return replace(metered, violations=kept)


class Overrides:
    """The control store's list; every method raises `Unavailable` when the store fails."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int] = now) -> None:
        self._engine = engine
        self._clock = clock

    def set_aside(self, cluster: str, hour: int, reason: str, by: str) -> None:
        """Decide that an hour of a cluster is billed although its nodes seem to hold more than they have.

        Raises:
            BadRequest: without a cluster, a reason or a name, within an hour, or it is decided already.
        """
        for field, value in (("cluster", cluster.strip()), ("reason", reason.strip()), ("by", by.strip())):
            if not value:
                raise BadRequest(f"{field}: is empty; say which cluster, why, and who decides it")
        if hour_of(hour) != hour:
            raise BadRequest("hour: is within an hour; use a whole UTC hour")
        row = {"cluster": cluster, "hour": moment(hour), "reason": reason, "overridden_by": by}
        row["overridden_at"] = moment(self._clock())
        with writing(self._engine) as connection:
            connection.execute(insert(law_overrides).values(row))

    def of(self, cluster: str, hour: int) -> Override | None:
        """What is decided of an hour; `None`: nothing."""
        column = law_overrides.c
        wanted = select(law_overrides).where(column.cluster == cluster, column.hour == moment(hour))
        with reading(self._engine) as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            return None
        return Override(row.cluster, hour, row.reason, row.overridden_by, seconds(row.overridden_at))
