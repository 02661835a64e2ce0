"""A budget's webhook is told of a threshold until it takes it, later and later, and not for ever."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from sqlalchemy import event

from billing.accounts import alerts
from billing.accounts.budgets import Checked, check
from billing.accounts.settings import WebhookSettings
from billing.hour import DAY, HOUR
from core.errors import Unauthenticated
from ingest.usage.signature import verify
from tests.billing.accounts.spending import SETTINGS, Hook, Sums, checked
from tests.billing.accounts.world import MARCH_2026, builds
from tests.billing.books import WORKSPACE, row

if TYPE_CHECKING:
    from billing.accounts.budgets import Budgets
    from tests.billing.accounts.world import World

URL: Final = "https://hooks.example/budget"


def test_a_webhook_is_told_signed_and_once(world: World, budgets: Budgets) -> None:
    _, secret = budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50, 75), webhook_url=URL)
    world.publish([builds(1, 100)])
    hook = Hook(204)
    done, again = checked(world, hook), checked(world, hook)
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


def test_an_equal_budget_put_again_tells_nothing_twice_and_signs_with_its_new_secret(
    world: World, budgets: Budgets
) -> None:
    hook = Hook(204)
    first, old = budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50, 75), webhook_url=URL)
    world.publish([builds(1, 100)])
    told = checked(world, hook).fired
    world.at += DAY
    again, new = budgets.put(WORKSPACE, "all", Decimal(10), thresholds=(75, 50), webhook_url=URL)
    silent = checked(world, hook).fired
    world.publish([builds(2, 50)])
    next_one = checked(world, hook).fired

    assert (told, silent, next_one) == (1, 0, 1)
    assert (first,) == (again,) == budgets.listed()
    request = hook.told[-1]
    verify(request.headers[alerts.SIGNATURE], request.content, [new.encode()], world.at, 1)
    with pytest.raises(Unauthenticated):
        verify(request.headers[alerts.SIGNATURE], request.content, [old.encode()], world.at, 1)


def test_another_month_is_another_message_and_so_is_another_threshold(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50, 75), webhook_url=URL)
    world.publish([builds(1, 150)])
    hook = Hook(200)
    checked(world, hook)
    world.at = MARCH_2026.end + DAY
    world.publish([row((MARCH_2026.end - MARCH_2026.start) // HOUR, "build_s", 9_000)])
    checked(world, hook)
    told = [json.loads(request.content) for request in hook.told]

    assert [(each["month"], each["threshold_percent"]) for each in sorted(told, key=_place)] == [
        ("2026-03", 50),
        ("2026-03", 75),
        ("2026-04", 50),
        ("2026-04", 75),
    ]
    assert len({each["id"] for each in told}) == 4


def _place(message: dict[str, Any]) -> tuple[str, int]:
    return message["month"], message["threshold_percent"]


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
        done = checked(world, hook)
        tries.append((done.delivered, done.failed))

    assert tries == [(0, 1), (0, 0), (0, 1), (0, 0), (1, 0), (0, 0)]
    assert len({request.headers[alerts.DELIVERY] for request in hook.told}) == 1
    assert len({request.headers[alerts.SIGNATURE] for request in hook.told}) == 3


def test_a_webhook_that_never_takes_it_is_given_up(world: World, budgets: Budgets) -> None:
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50,), webhook_url=URL)
    world.publish([builds(1, 100)])
    hook = Hook(500)
    for _ in range(7):
        checked(world, hook)
        world.at += DAY

    (alert,) = alerts.listed(world.engine)
    assert (alert.attempts, alert.given_up, alert.delivered_at) == (4, True, None)
    assert len(hook.told) == 4


def test_two_who_deliver_at_once_tell_a_webhook_once(world: World, budgets: Budgets) -> None:
    """The second one comes in between the first one's look and its claim."""
    budgets.put(WORKSPACE, "all", Decimal("10.00"), thresholds=(50,), webhook_url=URL)
    world.publish([builds(1, 100)])
    checked(world, Hook(500))
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
