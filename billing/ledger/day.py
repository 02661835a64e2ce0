"""A service's usage of a day as the store has added it up, and the prices that it falls under."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from billing.hour import day_of
from billing.ownership import UNATTRIBUTED
from billing.price import Kind
from billing.rating import DayUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from billing.meter import Meter
    from billing.price_book import PriceBook


@dataclass(frozen=True, slots=True, order=True)
class DaySum:
    """What a service used of a meter in a stretch of one UTC day that begins at `since` (a UTC second, a whole hour).

    `quantity` counts the meter's base unit.
    """

    since: int
    workspace_id: str
    project_id: str
    environment: str
    service_id: str
    region: str
    meter: Meter
    quantity: int


class Tariffs:
    """The prices of a book for workspaces, whose plan `plan_of` tells; each is looked for once.

    `kind`: what they pay us, or what we pay for them.
    """

    def __init__(self, book: PriceBook, plan_of: Callable[[str], str], kind: Kind = Kind.SELL) -> None:
        self._kind = kind
        self._book = book
        self._plan_of = cache(plan_of)
        self._ids: dict[tuple[Meter, str, str, int], str] = {}

    def price_id(self, workspace_id: str, meter: Meter, region: str, since: int) -> str:
        """The price of a stretch that begins at `since`.

        Raises:
            MissingPrice: there is none.
        """
        place = meter, self._plan_of(workspace_id), region, since
        found = self._ids.get(place)
        if found is None:
            found = self._ids[place] = self._book.price(self._kind, *place).id
        return found


def priced(sums: Iterable[DaySum], tariffs: Tariffs) -> list[DayUsage]:
    """The sums by the price that holds in each stretch, in order; no price may change within a stretch.

    Raises:
        MissingPrice: a stretch's usage has no price.
    """
    found: defaultdict[tuple[int, str, str, str, str, str, Meter, str], int] = defaultdict(int)
    for each in sums:
        if each.workspace_id == UNATTRIBUTED.workspace_id:
            continue
        found[
            day_of(each.since),
            each.workspace_id,
            each.project_id,
            each.environment,
            each.service_id,
            each.region,
            each.meter,
            tariffs.price_id(each.workspace_id, each.meter, each.region, each.since),
        ] += each.quantity
    return [DayUsage(*key, quantity) for key, quantity in sorted(found.items())]
