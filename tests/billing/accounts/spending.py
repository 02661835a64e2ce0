"""What budgets are checked against: the shelf's rows added up, and a webhook that answers as it is told to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import httpx

from billing.accounts import alerts
from billing.accounts.budgets import check
from billing.accounts.plans import STANDARD
from billing.accounts.settings import WebhookSettings
from billing.rating import by_day
from tests.billing.accounts.world import Shelf
from tests.billing.books import BUILD, WORKSPACE, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from billing.accounts.budgets import Checked
    from billing.hour import Period
    from billing.price_book import PriceBook
    from billing.rating import DayUsage
    from tests.billing.accounts.world import World

BOOK: Final = json.dumps(written([BUILD]))
SETTINGS: Final = WebhookSettings(attempts=4)


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


def checked(world: World, hook: Hook | None = None) -> Checked:
    """Check all budgets at the world's time; webhooks are told through the hook."""
    sums = Sums(world.engine)
    sums.runs = world.shelf.runs
    transport = httpx.MockTransport(hook or Hook(200))
    return check(world.engine, sums, SETTINGS, clock=world.clock, transport=transport)


def fired(world: World) -> list[int]:
    """The thresholds of the workspace that have fired."""
    return sorted(each.threshold for each in alerts.listed(world.engine, WORKSPACE))
