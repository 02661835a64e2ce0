"""What a meter's unit costs or sells for: when, where, on which plan, and how the price depends on the amount."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from decimal import Decimal

    from billing.meter import Meter

ANY: Final = "*"


class Kind(StrEnum):
    """Whether customers pay it, or we do. A cost never reaches an invoice."""

    SELL = "sell"
    COST = "cost"


class Origin(StrEnum):
    """Where a price comes from. A sample was invented to show the machinery and is nobody's decision."""

    DECIDED = "decided"
    SAMPLE = "sample"


class Model(StrEnum):
    """How the price depends on what a workspace uses of it in a calendar month of UTC.

    Flat: not at all. Graduated: each step's part at that step's price. Volume: all at the price of the step that the
    month's total is in. Package: per begun package.
    """

    FLAT = "flat"
    GRADUATED = "graduated"
    VOLUME = "volume"
    PACKAGE = "package"


@dataclass(frozen=True, slots=True)
class Step:
    """Up to and with so many units, all in all; the last step has no end."""

    up_to: int | None
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """One price, in force from `valid_from` until before `valid_to`: whole UTC hours, `None` for no end.

    `plan` and `region` are names, or `*` for those that have no price of their own. All models but graduated and volume
    have one step. `package_size`: units of one package, 1 in other models.
    """

    id: str
    kind: Kind
    meter: Meter
    unit: str
    model: Model
    steps: tuple[Step, ...]
    valid_from: int
    valid_to: int | None
    origin: Origin
    plan: str = ANY
    region: str = ANY
    package_size: int = 1
    note: str = ""

    def is_valid(self, second: int) -> bool:
        """Whether it is in force."""
        return self.valid_from <= second and (self.valid_to is None or second < self.valid_to)

    @property
    def priced_unit(self) -> str:
        """What one unit of price buys, as invoices and exports say it."""
        return f"{self.package_size} {self.unit}" if self.model is Model.PACKAGE else self.unit
