"""What workspaces have spent in a month so far: published and estimated usage less what their plans include of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, Protocol

from billing.accounts.plans import plan_of
from billing.assembly import charges
from billing.errors import MissingPrice
from billing.invoice import ItemKind
from billing.rating import rate_days
from billing.rounding import total
from core.control import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Engine

    from billing.hour import Period
    from billing.price_book import PriceBook
    from billing.rating import DayUsage

_SPENT: Final = {ItemKind.USAGE, ItemKind.INCLUDED}


class SpendLedger(Protocol):
    """The ledger's sums by day (`billing.ledger.store.Ledger`)."""

    def day_usage(  # noqa: D102 - said there
        self,
        workspace_id: str | None,
        period: Period,
        book: PriceBook,
        plan_of: Callable[[str], str],
        *,
        until: int | None = None,
        estimates: bool = False,
    ) -> list[DayUsage]: ...


def spend(
    engine: Engine, ledger: SpendLedger, workspaces: Iterable[str], period: Period, book: PriceBook
) -> tuple[dict[str, Decimal], list[str]]:
    """What each of the workspaces has spent in a month so far, exactly; and for those that cannot be rated, why.

    Raises:
        Unavailable: a store does not answer.
    """
    with reading(engine) as connection:
        plans = {each: plan_of(connection, each, period.start) for each in sorted(workspaces)}
    spent, missing = dict[str, Decimal](), list[str]()
    for workspace, plan in plans.items():
        try:
            spent[workspace] = _spend(ledger, workspace, period, book, plan)
        except MissingPrice as failure:
            missing.append(f"{workspace}: {failure.message}")
    return spent, missing


def _spend(ledger: SpendLedger, workspace_id: str, period: Period, book: PriceBook, plan: str) -> Decimal:
    days = ledger.day_usage(workspace_id, period, book, lambda _: plan, estimates=True)
    items = charges(rate_days(days, book), book, plan)
    return total(item.amount for item in items if item.kind in _SPENT)
