"""Billing's seconds as the control store keeps them: aware times of UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def moment(second: int) -> datetime:
    """A UTC second as an aware time."""
    return datetime.fromtimestamp(second, UTC)


def seconds(instant: datetime) -> int:
    """An aware time as a UTC second, rounded down."""
    return int(instant.timestamp())


def now() -> int:
    """The UTC second that it is; classes take it as their `clock`, so that a test has its own."""
    return int(time.time())
