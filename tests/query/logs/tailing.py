"""Clients of live tails."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

# Settings of a front-door whose tails are quick.
QUICK: Final = {"settle_seconds": 0.3, "poll_seconds": 0.1, "heartbeat_seconds": 0.3}
Event = dict[str, Any]


def events(lines: Iterator[str]) -> Iterator[Event]:
    """Server-sent events, comments as such."""
    event: Event = {}
    for line in lines:
        if not line:
            if event:
                yield event
            event = {}
            continue
        name, _, value = line.partition(": ")
        event[name or "comment"] = json.loads(value) if name == "data" else value


@contextmanager
def tailing(client: httpx.Client, *, last: str = "", **arguments: str) -> Iterator[Iterator[Event]]:
    """The events of a tail, from the position `last` on."""
    headers = {"Last-Event-ID": last} if last else {}
    with client.stream("GET", "logs/tail", params=arguments, headers=headers) as answer:
        answer.raise_for_status()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer.iter_lines())
