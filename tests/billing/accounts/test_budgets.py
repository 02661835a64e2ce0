"""Budgets: a threshold fires once a month, and its webhook is told until it takes it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import event

from billing.accounts import alerts
from billing.accounts.budgets import Budgets, Checked, check
from billing.accounts.plans import STANDARD, Plans
from billing.accounts.settings import WebhookSettings
from billing.hour import DAY, HOUR
from billing.rating import by_day
from core.errors import BadRequest, NotFound, Unauthenticated
from ingest.usage.signature import verify
from tests.billing.accounts.world import MARCH_2026, NEIGHBOUR, Shelf, builds, day, neighbours
from tests.billing.books import BUILD, WORKSPACE, row, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from billing.hour import Period
    from billing.price_book import PriceBook
    from billing.rating import DayUsage
    from tests.billing.accounts.world import World

BOOK = json.dumps(written([BUILD]))
SETTINGS = WebhookSettings(attempts=4)
URL = "https://hooks.example/budget"


class Sums(Shelf):
    """The shelf's rows added up per day, as the ledger's store does."""

    def day_usage(
        self,
        workspace_id: str | None,
        period: Period,
        book: PriceBook,
        plan_of: Callable[[str], str],
        *,
        until: int | None = None,
        estimates: bool = False,
    ) -> list[DayUsage]:
        rows = self.rows(workspace_id or "", period, until=until, estimates=estimates)
        return by_day(rows, book, plan_of(workspace_id or STANDARD))


class Hook:
    """A webhook that answers with what it is told to, the last answer again and again."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.told: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.told.append(request)
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status == 0:
            raise httpx.ConnectTimeout("nobody there", request=request)
        return httpx.Response(status, headers={"Location": "https://127.0.0.1/"})


@pytest.fixture
def budgets(world: World) -> Budgets:
    world.activate(BOOK)
    world.at = day(3).start
    return Budgets(world.engine, SETTINGS, clock=world.clock)


def _check(world: World, hook: Hook | None = None) -> Checked:
    sums = Sums(world.engine)
    sums.runs = world.shelf.runs
    transport = httpx.MockTransport(hook or Hook(200))
    return check(world.engine, sums, SETTINGS, clock=world.clock, transport=transport)


def _fired(world: World) -> list[int]:
    return sorted(each.threshold for each in alerts.listed(world.engine, WORKSPACE))


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

    assert (len(thresholds), thresholds) == (_check(world).fired, _fired(world))


def test_a_threshold_fires_once_a_month(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50,))
    world.publish([builds(1, 150)])
    first, second = _check(world).fired, _check(world).fired
    world.at = MARCH_2026.end + DAY
    empty = _check(world).fired
    april = row((MARCH_2026.end - MARCH_2026.start) // HOUR, "build_s", 9_000)
    world.publish([april])
    next_month = _check(world).fired

    assert (first, second, empty, next_month) == (1, 0, 0, 1)


def test_estimates_count_until_something_is_published(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50, 100))
    world.publish([builds(1, 100)], kind="estimate")
    estimated = _check(world).fired
    world.publish([builds(1, 90)])
    world.publish([builds(2, 100)])

    assert (estimated, _check(world).fired) == (1, 0)


def test_what_the_plan_includes_is_not_spent(world: World, budgets: Budgets) -> None:
    included = {**written([BUILD], version=2), "included_amounts": [{"plan": "pro", "amount": "5.00"}]}
    world.activate(json.dumps(included))
    Plans(world.engine).give(WORKSPACE, "pro", MARCH_2026.start)
    budgets.put(WORKSPACE, "all", Decimal("10.00"))
    world.publish([builds(1, 190)])

    assert (_check(world).fired, _fired(world)) == (0, [])


def test_only_the_workspace_of_the_budget_counts(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"))
    budgets.put(NEIGHBOUR, "all", Decimal("100.00"), thresholds=(50,))
    world.publish([neighbours(builds(1, 1_000))])
    _check(world)

    assert [(each.workspace_id, each.threshold) for each in alerts.listed(world.engine)] == [(NEIGHBOUR, 50)]


def test_usage_without_a_price_is_named_and_keeps_no_other_budget_back(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"))
    budgets.put(NEIGHBOUR, "all", Decimal("10.00"), thresholds=(50,))
    world.publish([row(0, "cpu_mcore_s", 5), neighbours(builds(1, 100))])
    done = _check(world)

    assert done.fired == 1
    (unrated,) = done.unrated
    assert unrated.startswith(f"{WORKSPACE}: price book test version 1: no sell price of cpu_mcore_s")


def test_a_webhook_is_told_signed_and_once(world: World, budgets: Budgets) -> None:
    _, secret = budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50, 75), webhook_url=URL)
    world.publish([builds(1, 100)])
    hook = Hook(204)
    done, again = _check(world, hook), _check(world, hook)
    (request,) = hook.told

    assert (done.fired, done.delivered, done.failed) == (1, 1, 0)
    assert Checked(0, 0, 0, ()) == again
    verify(request.headers[alerts.SIGNATURE], request.content, [secret.encode()], world.at, 1)
    with pytest.raises(Unauthenticated):
        verify(request.headers[alerts.SIGNATURE], request.content + b" ", [secret.encode()], world.at, 1)
    told = json.loads(request.content)
    assert request.headers[alerts.DELIVERY] == told["id"]
    assert tuple(
        told[name]
        for name in ("type", "budget", "workspace_id", "month", "threshold_percent", "amount", "spent", "currency")
    ) == ("budget.threshold_reached", "all", WORKSPACE, "2026-03", 50, "10.00", "5.00", "USD")
    assert world.at == alerts.listed(world.engine)[0].delivered_at


@pytest.mark.parametrize("failure", [0, 302, 404, 500])
def test_a_webhook_that_fails_is_told_again_later_and_later(world: World, budgets: Budgets, failure: int) -> None:
    """A redirect is a failure, too: it is not followed."""
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50,), webhook_url=URL)
    world.publish([builds(1, 100)])
    hook = Hook(failure, failure, 200)
    start = world.at
    tries = []
    for after in (0, 59, 60, 179, 180, 10_000):
        world.at = start + after
        done = _check(world, hook)
        tries.append((done.delivered, done.failed))

    assert tries == [(0, 1), (0, 0), (0, 1), (0, 0), (1, 0), (0, 0)]
    assert len({request.headers[alerts.DELIVERY] for request in hook.told}) == 1
    assert len({request.headers[alerts.SIGNATURE] for request in hook.told}) == 3


def test_a_webhook_that_never_takes_it_is_given_up(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50,), webhook_url=URL)
    world.publish([builds(1, 100)])
    hook = Hook(500)
    for _ in range(7):
        _check(world, hook)
        world.at += DAY

    (alert,) = alerts.listed(world.engine)
    assert (alert.attempts, alert.given_up, alert.delivered_at) == (4, True, None)
    assert len(hook.told) == 4


def test_two_who_deliver_at_once_tell_a_webhook_once(world: World, budgets: Budgets) -> None:
    """The second one comes in between the first one's look and its claim."""
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50,), webhook_url=URL)
    world.publish([builds(1, 100)])
    _check(world, Hook(500))
    world.at += DAY
    hook = Hook(200)
    transport = httpx.MockTransport(hook)
    done: list[tuple[int, int]] = []

    def come_between(*told: Any) -> None:  # noqa: ANN401 - whatever the event tells
        if not done and "FROM budget_alerts" in told[2]:
            done.append((0, 0))
            done[0] = alerts.deliver(world.engine, SETTINGS, world.at, transport=transport)

    event.listen(world.engine, "after_cursor_execute", come_between)
    first = alerts.deliver(world.engine, SETTINGS, world.at, transport=transport)

    assert (first, done, len(hook.told)) == ((0, 0), [(1, 0)], 1)


def test_a_webhook_that_leads_home_is_not_called(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50,), webhook_url="https://localhost/hook")
    world.publish([builds(1, 100)])
    sums = Sums(world.engine)
    sums.runs = world.shelf.runs
    done = check(world.engine, sums, SETTINGS, clock=world.clock)

    assert (done.fired, done.delivered, done.failed) == (1, 0, 1)


def test_waits_double_up_to_the_longest_and_end(world: World) -> None:
    del world
    settings = WebhookSettings(attempts=5, first_wait_seconds=10, longest_wait_seconds=60)

    assert [alerts.wait_after(attempts, settings) for attempts in range(1, 6)] == [10, 20, 40, 60, None]


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
    _check(world)
    changed, _ = budgets.put(WORKSPACE, "all", Decimal("20.00"))

    assert (changed,) == budgets.listed(WORKSPACE)
    budgets.remove(WORKSPACE, "all")
    assert (budgets.listed(), alerts.listed(world.engine)) == ((), ())
    with pytest.raises(NotFound):
        budgets.remove(WORKSPACE, "all")
    with pytest.raises(NotFound):
        budgets.put("nobody", "all", Decimal("10.00"))
