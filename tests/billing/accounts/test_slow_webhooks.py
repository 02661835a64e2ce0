"""Webhooks that take their time: several are told at once, and each has one deadline."""

from __future__ import annotations

import asyncio
import threading
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import TYPE_CHECKING

import httpx
import pytest

from billing.accounts import alerts
from billing.accounts.budgets import Budgets, check
from billing.accounts.settings import WebhookSettings
from tests.billing.accounts.spending import SETTINGS, Sums
from tests.billing.accounts.world import NEIGHBOUR, builds, neighbours
from tests.billing.books import WORKSPACE

if TYPE_CHECKING:
    from tests.billing.accounts.world import World


class _Hooks(ThreadingHTTPServer):
    """Two webhooks: `/drip` answers byte by byte without an end, `/take` while the other goes on."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.drop = threading.Condition()
        self.dripped = 0
        self.seen: list[str] = []


class _Answer(BaseHTTPRequestHandler):
    server: _Hooks

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/drip":
            self.server.seen.append(self._drip())
        elif self._other_goes_on():
            self.server.seen.append("taken")
            self.send_response(204)
            self.end_headers()

    def _other_goes_on(self) -> bool:
        # What is written to somebody who has gone is lost no sooner than at the second time.
        with self.server.drop:
            enough = self.server.dripped + 5
            return self.server.drop.wait_for(lambda: self.server.dripped >= enough, 20)

    def _drip(self) -> str:
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(600):
                self.wfile.write(b".")
                with self.server.drop:
                    self.server.dripped += 1
                    self.server.drop.notify_all()
                time.sleep(0.05)
        except ConnectionError:
            return "given up"
        return "heard to the end"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_webhook_that_drips_its_answer_is_given_up_and_holds_nobody_elses_alert(
    world: World, budgets: Budgets
) -> None:
    del budgets
    settings = WebhookSettings(allowed_networks=(ip_network("127.0.0.0/8"),), timeout_seconds=5)
    world.publish([builds(1, 100), neighbours(builds(1, 100))])
    sums = Sums(world.engine)
    sums.runs = world.shelf.runs
    with _Hooks() as hooks:
        serving = threading.Thread(target=hooks.serve_forever)
        serving.start()
        for workspace, path in ((WORKSPACE, "drip"), (NEIGHBOUR, "take")):
            url = f"http://127.0.0.1:{hooks.server_port}/{path}"
            put = Budgets(world.engine, settings, clock=world.clock).put
            put(workspace, "all", Decimal("10.00"), thresholds=(50,), webhook_url=url)
        done = check(world.engine, sums, settings, clock=world.clock)
        hooks.shutdown()
        serving.join()

    # Closing the server has waited for both answers.
    assert (done.delivered, done.failed, hooks.seen) == (1, 1, ["taken", "given up"])
    assert [each.delivered_at for each in alerts.listed(world.engine, NEIGHBOUR)] == [world.at]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_ten_webhooks_are_told_at_once_and_no_more(world: World, budgets: Budgets) -> None:
    busy: set[str] = set()
    most = 0
    ten = asyncio.Event()

    async def hook(request: httpx.Request) -> httpx.Response:
        nonlocal most
        busy.add(request.headers[alerts.DELIVERY])
        most = max(most, len(busy))
        if most == 10:
            ten.set()
        await ten.wait()
        # An eleventh would have the time to come.
        await asyncio.sleep(0.05)
        busy.remove(request.headers[alerts.DELIVERY])
        return httpx.Response(204)

    for number in range(12):
        budgets.put(
            WORKSPACE, f"number {number}", Decimal("10.00"), thresholds=(50,), webhook_url="https://hooks.example/"
        )
    world.publish([builds(1, 100)])
    sums = Sums(world.engine)
    sums.runs = world.shelf.runs
    done = check(world.engine, sums, SETTINGS, clock=world.clock, transport=httpx.MockTransport(hook))

    assert (done.delivered, done.failed, most) == (12, 0, 10)
