"""Which accounts an event moves money between: the legs of a transaction, which add up to zero."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from billing.errors import Unbalanced
from billing.invoice import ItemKind
from billing.meter import Meter
from billing.rounding import total

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from decimal import Decimal

    from billing.invoice import Content, Item

RECEIVABLE: Final = "receivable"
CARRIED: Final = "carried"
PREPAID: Final = "liability:prepaid"
PROMOTION: Final = "contra:promotion"
INCLUDED: Final = "contra:included"
MINIMUM: Final = "revenue:minimum"
TAX: Final = "liability:tax"
ROUNDING: Final = "rounding"
CASH: Final = "cash"
# What a supplier bills per meter: part of what a sale costs, or overhead.
SUPPLIED: Final = {Meter.BUILD: "cost:build_s", Meter.BUILD_CACHE: "overhead:cache_byte_s"}
# Of rows that have no meter.
_ACCOUNTS: Final = {
    ItemKind.INCLUDED: INCLUDED,
    ItemKind.MINIMUM: MINIMUM,
    ItemKind.CORRECTION: INCLUDED,  # the difference of what the plan had included
    ItemKind.TAX: TAX,
    ItemKind.CARRIED_IN: CARRIED,
    ItemKind.CARRIED_OUT: CARRIED,
    ItemKind.ROUNDING: ROUNDING,
}


@dataclass(frozen=True, slots=True, order=True)
class Leg:
    """One side of a transaction: a debit, or with a minus a credit. `period_start`: the period that it belongs to."""

    account: str
    workspace_id: str
    period_start: int
    amount: Decimal


def invoice_legs(content: Content, periods: Mapping[str, int], prepaid: Collection[str]) -> tuple[Leg, ...]:
    """What a final invoice moves: its total is owed, and every row of it has an account.

    `periods`: when the periods of the invoices that it corrects began. `prepaid`: which credits were bought.
    """
    legs = [Leg(RECEIVABLE, content.workspace_id, content.period.start, content.total)]
    for item in content.items:
        start = periods[item.corrects] if item.kind is ItemKind.CORRECTION else content.period.start
        legs.append(Leg(_account(item, prepaid), content.workspace_id, start, item.amount.copy_negate()))
    return balanced(legs)


def credit_legs(workspace_id: str, period_start: int, amount: Decimal) -> tuple[Leg, ...]:
    """A credit that was bought: money came in, and is owed in services."""
    return balanced(
        [
            Leg(CASH, workspace_id, period_start, amount),
            Leg(PREPAID, workspace_id, period_start, amount.copy_negate()),
        ]
    )


def supplier_legs(supplier: str, period_start: int, amounts: Mapping[Meter, Decimal]) -> tuple[Leg, ...]:
    """A supplier's bill: what it is for, and that it is owed."""
    legs = [Leg(SUPPLIED[meter], "", period_start, amount) for meter, amount in amounts.items()]
    owed = total(amounts.values()).copy_negate()
    return balanced([*legs, Leg(f"payable:{supplier}", "", period_start, owed)])


def reversed_legs(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """The same the other way round."""
    return tuple(Leg(leg.account, leg.workspace_id, leg.period_start, leg.amount.copy_negate()) for leg in legs)


def balanced(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Legs of one account, workspace and period added up, without those of nothing, in order.

    Raises:
        Unbalanced: they do not add up to zero.
    """
    sums: defaultdict[tuple[str, str, int], list[Decimal]] = defaultdict(list)
    for leg in legs:
        sums[leg.account, leg.workspace_id, leg.period_start].append(leg.amount)
    netted = [Leg(*place, amount) for place, amounts in sorted(sums.items()) if (amount := total(amounts))]
    if rest := total(leg.amount for leg in netted):
        raise Unbalanced(f"journal: the legs add up to {rest}, not to zero")
    return tuple(netted)


def _account(item: Item, prepaid: Collection[str]) -> str:
    if item.kind is ItemKind.USAGE or (item.kind is ItemKind.CORRECTION and item.meter is not None):
        return f"revenue:{item.meter}"
    if item.kind is ItemKind.CREDIT:
        return PREPAID if item.corrects in prepaid else PROMOTION
    return _ACCOUNTS[item.kind]
