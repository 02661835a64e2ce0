"""Budgets: a threshold fires once a month, from its percentage on."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from billing.accounts import alerts
from billing.accounts.budgets import Budgets
from billing.accounts.plans import Plans
from billing.hour import DAY, HOUR
from core.errors import BadRequest, NotFound
from tests.billing.accounts.spending import SETTINGS, checked, fired
from tests.billing.accounts.world import MARCH_2026, NEIGHBOUR, builds, neighbours
from tests.billing.books import BUILD, WORKSPACE, row, written

if TYPE_CHECKING:
    from tests.billing.accounts.world import World


@pytest.mark.parametrize(
    ("minutes", "thresholds"),
    [
        pytest.param(99, [], id="4.95 of 10.00"),
        pytest.param(100, [50], id="a threshold is included"),
        pytest.param(149, [50], id="7.45"),
        pytest.param(150, [50, 75], id="7.50"),
        pytest.param(180, [50, 75, 90], id="9.00"),
        pytest.param(500, [50, 75, 90, 100], id="all at once"),
    ],
)
def test_thresholds_fire_from_their_percentage_on(
    world: World, budgets: Budgets, minutes: int, thresholds: list[int]
) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"))
    world.publish([builds(1, minutes)])

    assert (len(thresholds), thresholds) == (checked(world).fired, fired(world))


def test_a_threshold_fires_once_a_month(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50,))
    world.publish([builds(1, 150)])
    first, second = checked(world).fired, checked(world).fired
    world.at = MARCH_2026.end + DAY
    empty = checked(world).fired
    april = row((MARCH_2026.end - MARCH_2026.start) // HOUR, "build_s", 9_000)
    world.publish([april])
    next_month = checked(world).fired

    assert (first, second, empty, next_month) == (1, 0, 0, 1)


def test_estimates_count_until_something_is_published(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50, 100))
    world.publish([builds(1, 100)], kind="estimate")
    estimated = checked(world).fired
    world.publish([builds(1, 90)])
    world.publish([builds(2, 100)])

    assert (estimated, checked(world).fired) == (1, 0)


def test_what_the_plan_includes_is_not_spent(world: World, budgets: Budgets) -> None:
    included = {**written([BUILD], version=2), "included_amounts": [{"plan": "pro", "amount": "5.00"}]}
    world.activate(json.dumps(included))
    Plans(world.engine).give(WORKSPACE, "pro", MARCH_2026.start)
    budgets.put(WORKSPACE, "all", Decimal("10.00"))
    world.publish([builds(1, 190)])

    assert (checked(world).fired, fired(world)) == (0, [])


def test_a_plans_minimum_is_not_spent_either(world: World, budgets: Budgets) -> None:
    """It is owed whatever is used, and no use less of anything brings it down."""
    minimum = {**written([BUILD], version=2), "minimums": [{"plan": "pro", "amount": "20.00"}]}
    world.activate(json.dumps(minimum))
    Plans(world.engine).give(WORKSPACE, "pro", MARCH_2026.start)
    budgets.put(WORKSPACE, "all", Decimal("10.00"))
    world.publish([builds(1, 99)])

    assert (checked(world).fired, fired(world)) == (0, [])


def test_a_budget_whose_currency_prices_have_left_is_named_until_it_is_put_anew(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("1.00"), thresholds=(50,))
    world.publish([builds(1, 100)])
    world.activate(json.dumps(written([BUILD], version=2, currency="EUR")))
    left = checked(world)
    anew, _ = budgets.put(WORKSPACE, "all", Decimal("1.00"), thresholds=(50,))
    done = checked(world)

    said = f"{WORKSPACE}, all: the budget is in USD, prices in EUR; put it anew in EUR"
    assert (left.fired, left.unrated) == (0, (said,))
    assert (anew.currency, done.fired, done.unrated) == ("EUR", 1, ())


def test_a_budget_in_a_currency_without_prices_is_refused(budgets: Budgets) -> None:
    with pytest.raises(BadRequest, match=r"^currency: prices are in USD, and nothing is spent in EUR"):
        budgets.put(WORKSPACE, "all", Decimal("1.00"), currency="EUR")
    assert budgets.listed() == ()


def test_as_long_as_there_are_no_prices_a_budget_may_be_in_any_currency(world: World) -> None:
    early = Budgets(world.engine, SETTINGS, clock=world.clock)
    put = [early.put(WORKSPACE, "all", Decimal("1.00"), currency=each)[0].currency for each in ("EUR", None)]

    assert put == ["EUR", "USD"]


def test_what_is_published_within_two_days_of_a_months_end_counts_for_it(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50, 75, 100, 150))
    told = []
    for number, after in ((29, 0), (30, 2 * DAY - 1), (31, 2 * DAY)):
        world.at = MARCH_2026.end + after
        world.publish([builds(number, 100)])
        told.append(checked(world).fired)

    assert told == [1, 2, 0]
    assert {each.period_start for each in alerts.listed(world.engine)} == {MARCH_2026.start}


@pytest.mark.parametrize(
    ("put", "told"),
    [
        pytest.param((-1,), 4, id="put in the month"),
        pytest.param((0,), 0, id="put when it was over"),
        pytest.param((-1, HOUR), 4, id="put again as it was"),
    ],
)
def test_nobody_is_told_of_a_month_that_was_over_when_the_budget_was_put(
    world: World, budgets: Budgets, put: tuple[int, ...], told: int
) -> None:
    world.publish([builds(1, 200)])
    for after in put:
        world.at = MARCH_2026.end + after
        budgets.put(WORKSPACE, "all", Decimal("10.00"))
    world.at = MARCH_2026.end + DAY

    assert checked(world).fired == told


def test_only_the_workspace_of_the_budget_counts(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"))
    budgets.put(NEIGHBOUR, "all", Decimal("100.00"), thresholds=(50,))
    world.publish([neighbours(builds(1, 1_000))])
    checked(world)

    assert [(each.workspace_id, each.threshold) for each in alerts.listed(world.engine)] == [(NEIGHBOUR, 50)]


def test_usage_without_a_price_is_named_and_keeps_no_other_budget_back(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"))
    budgets.put(NEIGHBOUR, "all", Decimal("10.00"), thresholds=(50,))
    world.publish([row(0, "cpu_mcore_s", 5), neighbours(builds(1, 100))])
    done = checked(world)

    assert done.fired == 1
    (unrated,) = done.unrated
    assert unrated.startswith(f"{WORKSPACE}: price book test version 1: no sell price of cpu_mcore_s")


@pytest.mark.parametrize(
    ("amount", "thresholds", "url", "said"),
    [
        pytest.param("0.00", (50,), "", "amount: 0.00 is no positive amount", id="nothing"),
        pytest.param("1.001", (50,), "", "amount: 1.001", id="less than a cent"),
        pytest.param("1.00", (), "", "thresholds: give percentages", id="no threshold"),
        pytest.param("1.00", (0, 50), "", "thresholds: give percentages", id="nothing at all"),
        pytest.param("1.00", (50, 1001), "", "thresholds: give percentages", id="far beyond"),
        pytest.param("1.00", (50,), "http://hooks.example/", "url: is not https", id="no TLS"),
    ],
)
def test_an_impossible_budget_is_refused(
    budgets: Budgets, amount: str, thresholds: tuple[int, ...], url: str, said: str
) -> None:
    with pytest.raises(BadRequest, match=said):
        budgets.put(WORKSPACE, "all", Decimal(amount), thresholds=thresholds, webhook_url=url)
    assert budgets.listed() == ()


def test_a_budget_is_replaced_and_removed_by_its_name(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"))
    world.publish([builds(1, 100)])
    checked(world)
    changed, _ = budgets.put(WORKSPACE, "all", Decimal("20.00"))

    assert (changed,) == budgets.listed(WORKSPACE)
    assert budgets.put(WORKSPACE, "all", Decimal("20.00"), thresholds=(90, 50, 90))[0].thresholds == (50, 90)
    budgets.remove(WORKSPACE, "all")
    assert (budgets.listed(), alerts.listed(world.engine)) == ((), ())
    with pytest.raises(NotFound):
        budgets.remove(WORKSPACE, "all")
    with pytest.raises(NotFound):
        budgets.put("nobody", "all", Decimal("10.00"))
