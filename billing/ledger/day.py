"""A service's usage of a day as the store has added it up, and the prices that it falls under."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.hour import day_of
from billing.ownership import UNATTRIBUTED
from billing.price import Kind
from billing.rating import DayUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from billing.meter import Meter
    from billing.price import Price
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


def priced(sums: Iterable[DaySum], book: PriceBook, plan_of: Callable[[str], str]) -> list[DayUsage]:
    """The sums by the price that holds in each stretch, in order; no price may change within a stretch.

    Raises:
        MissingPrice: a stretch's usage has no price.
    """
    prices: dict[tuple[Meter, str, str, int], Price] = {}
    plans: dict[str, str] = {}
    found: defaultdict[tuple[int, str, str, str, str, str, Meter, str], int] = defaultdict(int)
    for each in sums:
        if each.workspace_id == UNATTRIBUTED.workspace_id:
            continue
        plan = plans.get(each.workspace_id)
        if plan is None:
            plan = plans[each.workspace_id] = plan_of(each.workspace_id)
        place = each.meter, plan, each.region, each.since
        price = prices.get(place)
        if price is None:
            price = prices[place] = book.price(Kind.SELL, *place)
        found[
            day_of(each.since),
            each.workspace_id,
            each.project_id,
            each.environment,
            each.service_id,
            each.region,
            each.meter,
            price.id,
        ] += each.quantity
    return [DayUsage(*key, quantity) for key, quantity in sorted(found.items())]
