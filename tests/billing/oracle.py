"""A slow second opinion: asks of every single second by itself whether it is billed, and computes with fractions.

It shares no code with the product's metering and rating, and works the other way round: the product joins neighbouring
observations into stretches; this looks up the evidence around one second.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from billing.observation import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from billing.observation import PodObservation
    from billing.policy import MeteringPolicy
    from billing.price import Price
    from billing.price_book import PriceBook
    from billing.usage import UsageRow


class Held(NamedTuple):
    """What one pod is billed for in one hour."""

    running_s: int
    core_hours: Fraction
    byte_hours: Fraction


def second_by_second(
    observations: Iterable[PodObservation], policy: MeteringPolicy, start: int, end: int
) -> dict[tuple[str, str, int], Held]:
    """Every (cluster, uid, hour) with a billed second in `[start, end)`."""
    pods: dict[tuple[str, str], list[PodObservation]] = defaultdict(list)
    for observation in observations:
        pods[observation.cluster, observation.uid].append(observation)
    held: dict[tuple[str, str, int], Held] = {}
    for (cluster, uid), seen in pods.items():
        told = {each.observed_at: each for each in sorted(seen, key=_preferred)}
        lifetimes = sorted(told.values(), key=lambda each: each.observed_at)
        for second in range(start, end):
            request = _request(lifetimes, second, policy)
            if request is not None:
                key = (cluster, uid, second - second % 3600)
                before = held.get(key, Held(0, Fraction(0), Fraction(0)))
                held[key] = Held(
                    before.running_s + 1,
                    before.core_hours + Fraction(request[0], 1000 * 3600),
                    before.byte_hours + Fraction(request[1], 3600),
                )
    return held


def listed(
    observations: Iterable[PodObservation], policy: MeteringPolicy, start: int, end: int
) -> dict[tuple[str, str, int], int]:
    """Seconds in `[start, end)` that are not billed since nobody saw the end, by (cluster, uid, hour)."""
    pods: dict[tuple[str, str], list[PodObservation]] = defaultdict(list)
    for observation in observations:
        pods[observation.cluster, observation.uid].append(observation)
    found: dict[tuple[str, str, int], int] = defaultdict(int)
    for (cluster, uid), seen in pods.items():
        told = {each.observed_at: each for each in sorted(seen, key=_preferred)}
        lifetimes = sorted(told.values(), key=lambda each: each.observed_at)
        for second in range(start, end):
            before = next((each for each in reversed(lifetimes) if each.observed_at <= second), None)
            after = next((each for each in lifetimes if each.observed_at > second), None)
            if before is not None and _runs(before, policy) and _is_dark(before, after, second, policy):
                found[cluster, uid, second - second % 3600] += 1
    return dict(found)


def _is_dark(before: PodObservation, after: PodObservation | None, second: int, policy: MeteringPolicy) -> bool:
    """Whether nobody can say if a pod that ran before still ran in a second."""
    if after is None:
        return before.deletion_at is None and second < before.observed_at + policy.scrape_interval_s
    if _shown(after):
        return False
    return after.phase < Phase.SUCCEEDED or _end(after) is None


def _preferred(each: PodObservation) -> tuple[int, int, int, int]:
    return each.observed_at, each.phase, each.cpu_m, each.memory_b


def _request(seen: Sequence[PodObservation], second: int, policy: MeteringPolicy) -> tuple[int, int] | None:
    """The request for which `[second, second + 1)` is billed, if it is."""
    before = next((each for each in reversed(seen) if each.observed_at <= second), None)
    after = next((each for each in seen if each.observed_at > second), None)
    if before is not None and _runs(before, policy):
        return _after_running(before, after, second, policy)
    if after is None or after.started_at is None or second < after.started_at:
        return None
    if before is not None and before.phase is not Phase.PENDING:
        return None
    if _runs(after, policy):
        return after.cpu_m, after.memory_b
    if after.phase >= Phase.SUCCEEDED and after.finished_at is not None and second < after.finished_at:
        return (after.cpu_m, after.memory_b) if _may_run(after, second, policy) else None
    return None


def _after_running(
    before: PodObservation, after: PodObservation | None, second: int, policy: MeteringPolicy
) -> tuple[int, int] | None:
    own = before.cpu_m, before.memory_b
    if after is None:
        limit = before.observed_at + policy.scrape_interval_s
        until = before.observed_at if before.deletion_at is None else min(before.deletion_at, limit)
        return own if second < until else None
    if _shown(after) and not _may_run(after, after.observed_at - 1, policy):
        return own if _may_run(after, second, policy) else None
    if _shown(after):
        if after.observed_at - before.observed_at <= policy.max_gap_s:
            return own
        return min(before.cpu_m, after.cpu_m), min(before.memory_b, after.memory_b)
    end = _end(after)
    if after.phase >= Phase.SUCCEEDED and end is not None and second < end:
        return own if _may_run(after, second, policy) else None
    return None


def _end(final: PodObservation) -> int | None:
    """When it ended: of what is gone, at the latest when it was to be gone."""
    known = [final.finished_at, final.deletion_at if final.phase is Phase.GONE else None]
    return next((each for each in known if each is not None), None)


def _shown(each: PodObservation) -> bool:
    return each.phase is Phase.RUNNING and each.node != ""


def _runs(each: PodObservation, policy: MeteringPolicy) -> bool:
    return _shown(each) and _may_run(each, each.observed_at - 1, policy)


def _may_run(each: PodObservation, second: int, policy: MeteringPolicy) -> bool:
    """Whether it may run in a second, by when it is to be gone: a scrape later nothing does."""
    return each.deletion_at is None or second < each.deletion_at + policy.scrape_interval_s


class Sold(NamedTuple):
    """One line of the second opinion: quantity and amount as fractions that were never rounded by the product."""

    quantity: Fraction
    amount: Fraction


def worth(rows: Iterable[UsageRow], book: PriceBook, plan: str) -> dict[tuple[str, ...], Sold]:
    """Flat-priced usage by (day, service, meter, price id): looked up row by row, rounded by integers alone."""
    used: dict[tuple[str, ...], int] = defaultdict(int)
    rates: dict[tuple[str, ...], tuple[int, Fraction]] = {}
    for row in rows:
        if row.quantity == 0:
            continue
        price = _price(book, row, plan)
        key: tuple[str, ...] = (str(row.hour // 86400), row.service_id, row.meter.value, price.id)
        used[key] += row.quantity
        base = {"vCPU-Seconds": 1000, "GiB-Seconds": 2**30, "Minutes": 60}[price.unit]
        rates[key] = base, Fraction(price.steps[0].unit_price)
    sold: dict[tuple[str, ...], Sold] = {}
    for key, base_quantity in used.items():
        base, rate = rates[key]
        quantity = _half_even(Fraction(base_quantity, base) * 10**10) / 10**10
        sold[key] = Sold(quantity, quantity * rate)
    return sold


def _half_even(value: Fraction) -> Fraction:
    return Fraction(round(value))  # Python rounds a Fraction exactly, halves to even


def _price(book: PriceBook, row: UsageRow, plan: str) -> Price:
    fitting = [
        price
        for price in book.prices
        if price.kind.value == "sell"
        and price.meter == row.meter
        and price.plan in {plan, "*"}
        and price.region in {row.region, "*"}
        and price.valid_from <= row.hour
        and (price.valid_to is None or row.hour < price.valid_to)
    ]
    return max(fitting, key=lambda price: (price.plan != "*", price.region != "*"))
