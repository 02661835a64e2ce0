"""The price book: every price there was and is, what a plan includes, and what it costs at least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.errors import MissingPrice
from billing.hour import iso
from billing.price import ANY

if TYPE_CHECKING:
    from decimal import Decimal

    from billing.meter import Meter
    from billing.price import Kind, Price


@dataclass(frozen=True, slots=True)
class IncludedUsage:
    """So many units of a meter are free on a plan in every billing period; the meter has flat prices."""

    plan: str
    meter: Meter
    unit: str
    quantity: int


@dataclass(frozen=True, slots=True)
class IncludedAmount:
    """Usage for so much money is free on a plan in every billing period."""

    plan: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Minimum:
    """What a billing period costs at least on a plan, before credits and tax."""

    plan: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PriceBook:
    """A version of the book. `digest`: SHA-256 of its content. A total below `carry_forward_below` is carried over."""

    name: str
    version: int
    currency: str
    prices: tuple[Price, ...]
    included_usage: tuple[IncludedUsage, ...]
    included_amounts: tuple[IncludedAmount, ...]
    minimums: tuple[Minimum, ...]
    carry_forward_below: Decimal
    digest: str

    @property
    def changes(self) -> tuple[int, ...]:
        """The hours at which some price begins or ends, sorted; from one to the next, every price stays."""
        bounds = {bound for each in self.prices for bound in (each.valid_from, each.valid_to)}
        return tuple(sorted(each for each in bounds if each is not None))

    def price(self, kind: Kind, meter: Meter, plan: str, region: str, hour: int) -> Price:
        """The price of usage in an hour: of the plan and region, else of the plan, else of the region, else of any.

        Raises:
            MissingPrice: there is none; usage is never rated at 0.
        """
        for wanted in ((plan, region), (plan, ANY), (ANY, region), (ANY, ANY)):
            for price in self.prices:
                serves = (price.kind, price.meter, price.plan, price.region) == (kind, meter, *wanted)
                if serves and price.is_valid(hour):
                    return price
        raise MissingPrice(
            f"price book {self.name} version {self.version}: no {kind} price of {meter} for plan {plan!r} in region "
            f"{region!r} at {iso(hour)}; add one to the book"
        )

    def by_id(self, price_id: str) -> Price:
        """A price by its id.

        Raises:
            MissingPrice: the book has none of that id.
        """
        for price in self.prices:
            if price.id == price_id:
                return price
        raise MissingPrice(f"price book {self.name} version {self.version}: no price has the id {price_id!r}")
