"""Log records as agents send them, in the proportions of a mixed cluster."""

from __future__ import annotations

import random
import time
from typing import Final

import orjson

from tests.ingest.logs.world import LAB, LAB_WEB, SHOP, WEB, WORKER, of, record

# A slow machine takes its time to make them, and ingest asks the store for records that are half a minute old: what is
# measured is the usual case, where an agent sends what it has just read. So their clock is ahead by some seconds.
_AHEAD_SECONDS: Final = 60

# Of one round.
BODIES: Final = 40
RECORDS: Final = 5_000

_TENANTS: Final = (of(SHOP, WEB), of(SHOP, WORKER), of(SHOP, WEB, "pr-7"), of(LAB, LAB_WEB))


def bodies(seed: int) -> list[bytes]:
    """What agents send in one round, of about now: access logs, structured lines, plain text, stack traces."""
    drawn = random.Random(seed)
    at = time.time_ns() + _AHEAD_SECONDS * 10**9
    return [
        orjson.dumps(
            [
                record(
                    _line(drawn),
                    at=at + (number * RECORDS + position) * 1_000,
                    labels={**drawn.choice(_TENANTS), "app": "web", "pod-template-hash": "5d9c7b6f4"},
                    stream=drawn.choice(["stdout", "stdout", "stdout", "stderr"]),
                )
                for position in range(RECORDS)
            ]
        )
        for number in range(BODIES)
    ]


def _line(drawn: random.Random) -> str:
    request, took = f"{drawn.getrandbits(64):016x}", drawn.randrange(1, 900)
    match drawn.randrange(10):
        case 0 | 1 | 2 | 3:
            return (
                f'10.0.{drawn.randrange(256)}.{drawn.randrange(256)} - - "GET /items/{drawn.randrange(9999)} HTTP/1.1" '
                f'{drawn.choice([200, 200, 304, 404, 500])} {took * 17} "-" "Mozilla/5.0" rt=0.{took:03d} id={request}'
            )
        case 4 | 5 | 6:
            return orjson.dumps(
                {
                    "level": drawn.choice(["info", "warn", "error"]),
                    "msg": "request finished",
                    "request_id": request,
                    "duration_ms": took,
                    "http": {"method": "GET", "status": 200},
                }
            ).decode()
        case 7 | 8:
            return f'time=now level=info msg="checked out" cart={drawn.randrange(10**6)} id={request} took={took}ms'
        case _:
            return (
                f"Traceback (most recent call last):\n  File \"app.py\", line {took}, in handle\nKeyError: '{request}'"
            )
