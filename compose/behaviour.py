"""How a demonstration service behaves: how long it takes, how much it answers, how often it fails."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gets: a status after `delay` seconds, and a body of `size` bytes."""

    status: int
    delay: float
    size: int


@dataclass(frozen=True, slots=True)
class Burst:
    """A share of requests that fail during the last `lasts` of every `every` seconds."""

    every: float
    lasts: float
    failures: float

    def covers(self, now: float) -> bool:
        """Whether the burst is on at `now` (seconds)."""
        return now % self.every >= self.every - self.lasts


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Log-normal latency around `median_ms` and body size around `size` bytes; shares of 3xx, 4xx and 5xx answers."""

    median_ms: float = 20.0
    spread: float = 0.5
    size: int = 2_000
    redirects: float = 0.02
    client_errors: float = 0.02
    server_errors: float = 0.002
    burst: Burst | None = None

    def answer(self, random: Random, now: float) -> Answer:
        """Draw the next answer; `now` (seconds) decides whether a burst is on."""
        failures = self.burst.failures if self.burst is not None and self.burst.covers(now) else self.server_errors
        status = self._status(random, failures)
        delay = random.lognormvariate(math.log(self.median_ms), self.spread) / 1000
        if status >= 500:  # noqa: PLR2004 - HTTP's own boundary
            # What fails, fails early (refused) or late (a time-out further down).
            delay *= random.choice((0.3, 3.0))
        size = round(random.lognormvariate(math.log(self.size), 0.4)) if status in {200, 201} else 120
        return Answer(status, min(delay, 8.0), size)

    def _status(self, random: Random, failures: float) -> int:
        drawn = random.random()
        if drawn < failures:
            return random.choice((500, 502, 503))
        drawn = (drawn - failures) / (1 - failures) if failures < 1 else 1.0
        if drawn < self.client_errors:
            return random.choice((400, 401, 404, 404, 429))
        if drawn < self.client_errors + self.redirects:
            return 302
        return random.choice((200, 200, 200, 201))
