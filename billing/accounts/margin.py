"""What is left of a month's revenue: after what the builds cost us (gross), and after the cache's overhead (net)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from billing.accounts.reconciliation import percent
from billing.meter import Meter
from billing.rounding import Mode, money, rounded, shares_in_cents, total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from billing.accounts.reconciliation import Spend

_ZERO: Final = Decimal(0)
_FINE: Final = 12
# Builds sell for 0.05 and cost 0.04: another margin means that the minutes are not the supplier's.
EXPECTED_PERCENT: Final = Decimal(20)
_PERCENT_APART: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Earned:
    """What a workspace brought in for a period, and what it used that costs us something.

    `revenue` by meter. `deductions`: included usage (negative) and minimums. `credits`: promotions given, positive.
    `is_booked`: from the journal, with all later corrections; otherwise rated from the ledger. Seconds say how sure it
    is: not billed as nobody saw the end, billed within a hole of the evidence. Floored pod-hours had no request.
    """

    workspace_id: str
    name: str
    revenue: Mapping[Meter, Decimal]
    deductions: Decimal
    credits: Decimal
    build_cost: Decimal
    build_s: int
    cache_byte_s: int
    unbracketed_s: int
    interpolated_s: int
    floored_pod_hours: int
    is_booked: bool


@dataclass(frozen=True, slots=True)
class Margin:
    """One workspace's row of the report, or the total's. Percentages are of the revenue, `None` without any."""

    earned: Earned
    revenue: Decimal
    overhead: Decimal
    gross: Decimal
    gross_percent: Decimal | None
    net: Decimal
    net_percent: Decimal | None
    build_percent: Decimal | None


@dataclass(frozen=True, slots=True)
class MarginReport:
    """Every workspace's margin and their total, and what somebody should look into.

    `spend`: what the builds' supplier billed; `None` while there is no bill.
    """

    currency: str
    rows: tuple[Margin, ...]
    total: Margin
    findings: tuple[str, ...]
    spend: Spend | None = None


def margin_report(
    earned: Sequence[Earned], overhead: Decimal, currency: str, spend: Spend | None = None
) -> MarginReport:
    """The report. `overhead`: what the cache cost, shared by cache bytes where any are measured, else by build seconds.

    The shares are in whole cents and add up to the overhead, rounded to cents. What nobody used is the total's alone.
    """
    shares = _shares(earned, money(overhead))
    rows = tuple(_margin(each, share) for each, share in zip(earned, shares, strict=True))
    whole = _margin(_summed(earned), money(overhead))
    findings = [
        f"{row.earned.workspace_id}: builds earn {row.build_percent} %, expected are {EXPECTED_PERCENT} %; their "
        "minutes or their price are not the supplier's"
        for row in rows
        if row.build_percent is not None and abs(total([row.build_percent, -EXPECTED_PERCENT])) > _PERCENT_APART
    ]
    findings += [
        f"{row.earned.workspace_id}: builds cost {money(row.earned.build_cost)} and earn nothing"
        for row in rows
        if row.build_percent is None and row.earned.build_cost
    ]
    findings += spend.findings(currency) if spend else ()
    return MarginReport(currency, rows, whole, tuple(findings), spend)


def _shares(earned: Sequence[Earned], overhead: Decimal) -> list[Decimal]:
    by_cache = [each.cache_byte_s for each in earned]
    weights = by_cache if any(by_cache) else [each.build_s for each in earned]
    if not any(weights):
        return [_ZERO] * len(weights)
    cents = int(overhead.scaleb(2))
    fine = [rounded(cents * weight, sum(weights) * 100, _FINE, Mode.HALF_EVEN) for weight in weights]
    # What rounding at the twelfth decimal left over is the first one's.
    fine[0] = total([fine[0], overhead, total(fine).copy_negate()])
    return list(shares_in_cents(fine, overhead))


def _margin(earned: Earned, overhead: Decimal) -> Margin:
    revenue = total([*earned.revenue.values(), earned.deductions])
    gross = total([revenue, earned.build_cost.copy_negate()])
    net = total([gross, overhead.copy_negate()])
    builds = earned.revenue.get(Meter.BUILD, _ZERO)
    return Margin(
        earned=earned,
        revenue=revenue,
        overhead=overhead,
        gross=gross,
        gross_percent=percent(gross, revenue),
        net=net,
        net_percent=percent(net, revenue),
        build_percent=percent(total([builds, earned.build_cost.copy_negate()]), builds),
    )


def _summed(earned: Sequence[Earned]) -> Earned:
    meters = sorted({meter for each in earned for meter in each.revenue})
    return Earned(
        workspace_id="",
        name="total",
        revenue={meter: total(each.revenue.get(meter, _ZERO) for each in earned) for meter in meters},
        deductions=total(each.deductions for each in earned),
        credits=total(each.credits for each in earned),
        build_cost=total(each.build_cost for each in earned),
        build_s=sum(each.build_s for each in earned),
        cache_byte_s=sum(each.cache_byte_s for each in earned),
        unbracketed_s=sum(each.unbracketed_s for each in earned),
        interpolated_s=sum(each.interpolated_s for each in earned),
        floored_pod_hours=sum(each.floored_pod_hours for each in earned),
        is_booked=all(each.is_booked for each in earned),
    )
