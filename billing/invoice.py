"""What an invoice is: its items, which add up to its total to the cent, and the day lines that they were made of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - stored invoices are read by the annotations
from enum import StrEnum
from typing import Final

from billing.canonical import canonical, sha256
from billing.hour import Period  # noqa: TC001 - stored invoices are read by the annotations
from billing.meter import Meter  # noqa: TC001 - the same
from billing.rating import RatedLine  # noqa: TC001 - the same

# Rules by which usage becomes money; another number, another result.
RULES: Final = "starmeter-billing/1"


class State(StrEnum):
    """Of an invoice: draft, in review, final, void. Only drafts can be made anew."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    FINAL = "final"
    VOID = "void"


class ItemKind(StrEnum):
    """What an item of an invoice is for, in the order in which they are computed."""

    USAGE = "usage"
    INCLUDED = "included"
    MINIMUM = "minimum"
    CORRECTION = "correction"
    CREDIT = "credit"
    TAX = "tax"
    CARRIED_IN = "carried_in"
    ROUNDING = "rounding"
    CARRIED_OUT = "carried_out"


@dataclass(frozen=True, slots=True)
class Item:
    """One row of an invoice. `amount` is exact; `shown` is in cents, and all that is shown adds up to the total.

    Usage and corrections name their service and price; `corrects` is the invoice that a correction belongs to, or where
    a carried amount comes from.
    """

    number: int
    kind: ItemKind
    title: str
    amount: Decimal
    shown: Decimal
    project_id: str = ""
    environment: str = ""
    service_id: str = ""
    region: str = ""
    meter: Meter | None = None
    price_id: str = ""
    step: int = 0
    quantity: Decimal | None = None
    unit: str = ""
    unit_price: Decimal | None = None
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """All that an invoice says. It is what is hashed, and what never changes once it is final.

    `names`: what projects and services were called. `completeness`: percent of the expected evidence that was there.
    `usage_rows`, `usage_sha256`: the ledger rows it was made of. Empty `number` and `None` in `issued_at` until final.
    """

    invoice_id: str
    number: str
    workspace_id: str
    workspace_name: str
    period: Period
    currency: str
    plan: str
    rules: str
    price_book: str
    price_book_version: int
    price_book_sha256: str
    completeness: Decimal
    usage_rows: int
    usage_sha256: str
    names: tuple[tuple[str, str], ...]
    items: tuple[Item, ...]
    lines: tuple[RatedLine, ...]
    total: Decimal
    issued_at: int | None = None
    replaces: str = ""

    @property
    def sha256(self) -> str:
        """The hash of the canonical content."""
        return sha256(canonical(self))


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice on its way from draft to final; who did what is beside its content.

    `content_sha256` is pinned when it becomes final.
    """

    content: Content
    state: State = State.DRAFT
    content_sha256: str = ""
    submitted_by: str = ""
    approved_by: str = ""
    voided_by: str = ""
    voided_at: int | None = None
    void_reason: str = ""
