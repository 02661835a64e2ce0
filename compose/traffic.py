"""The customers' customers: calls every demonstration service of every environment through its region's gateway."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp

from compose.demo import deployments
from core import log

if TYPE_CHECKING:
    from collections.abc import Iterable

_log = logging.getLogger("compose.traffic")

_PATHS: Final = ("/", "/items", "/items/42", "/search?q=meter", "/health-of-orders", "/assets/app.js")
_POST_SHARE: Final = 0.15
# An arrival beyond this many in flight is left out, so that a slow service cannot pile up work here.
_IN_FLIGHT: Final = 100
_REPORT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Target:
    """Where to call (`url`, a gateway's) for which `host`, and how often compared with the other targets."""

    url: str
    host: str
    weight: float = 1.0


def targets(gateways: dict[str, str]) -> list[Target]:
    """Every deployment of the regions whose gateway's URL is given."""
    return [
        Target(url, one.domain, one.environment.weight)
        for region, url in gateways.items()
        for one in deployments(region)
    ]


class Traffic:
    """Requests at random moments, `rate` a second on average over all targets."""

    def __init__(self, aims: Iterable[Target], rate: float, drawn: random.Random) -> None:
        self._aims = list(aims)
        self._weights = list(itertools.accumulate(aim.weight for aim in self._aims))
        self._rate = rate
        self._drawn = drawn
        self._outcomes: Counter[str] = Counter()
        self._running: set[asyncio.Task[None]] = set()

    async def drive(self) -> None:
        """Call until cancelled."""
        limit = aiohttp.ClientTimeout(total=10)
        connector = aiohttp.TCPConnector(limit=_IN_FLIGHT)
        async with aiohttp.ClientSession(timeout=limit, connector=connector) as session:
            # One call each beforehand, so that no service waits for its first request.
            for aim in self._aims:
                self._start(session, aim)
            clock = asyncio.get_running_loop().time
            due, report = clock(), clock() + _REPORT_SECONDS
            while True:
                # Behind by more than a second (a machine that slept), it does not catch up.
                due = max(due, clock() - 1) + self._drawn.expovariate(self._rate)
                await asyncio.sleep(max(0.0, due - clock()))
                if len(self._running) < _IN_FLIGHT:
                    self._start(session, self._drawn.choices(self._aims, cum_weights=self._weights)[0])
                else:
                    self._outcomes["left out"] += 1
                if clock() >= report:
                    report += _REPORT_SECONDS
                    _log.info("answers", extra=dict(self._outcomes))
                    self._outcomes.clear()

    def _start(self, session: aiohttp.ClientSession, aim: Target) -> None:
        task = asyncio.create_task(self._call(session, aim))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _call(self, session: aiohttp.ClientSession, aim: Target) -> None:
        is_post = self._drawn.random() < _POST_SHARE
        body = b"x" * self._drawn.randint(50, 3_000) if is_post else None
        url = aim.url + self._drawn.choice(_PATHS)
        try:
            async with session.request(
                "POST" if is_post else "GET", url, headers={"Host": aim.host}, data=body, allow_redirects=False
            ) as answer:
                await answer.read()
                self._outcomes[f"{answer.status // 100}xx"] += 1
        except (aiohttp.ClientError, TimeoutError) as failure:
            self._outcomes[type(failure).__name__] += 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, required=True, help="requests a second, over all services")
    parser.add_argument("gateways", nargs="+", metavar="region=url", help="where each region's gateway listens")
    given = parser.parse_args()
    log.configure()
    aims = targets(dict(gateway.split("=", 1) for gateway in given.gateways))
    asyncio.run(Traffic(aims, given.rate, random.Random()).drive())  # noqa: S311 - variety, not secrecy
