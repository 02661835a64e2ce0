"""Per-tenant concurrency: places are taken, waited for, handed over and always given back."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import TooBusy
from query.limiter import Limiter
from query.settings import Limits

ONE = Limits(concurrency=1, queue=1, queue_seconds=5)
IMPATIENT = Limits(concurrency=1, queue=1, queue_seconds=0.01)


async def test_a_waiting_read_gets_the_place_that_comes_free() -> None:
    limiter = Limiter()
    await limiter.enter("a", ONE)
    waiting = asyncio.create_task(limiter.enter("a", ONE))
    await asyncio.sleep(0)
    assert not waiting.done()
    limiter.leave("a")
    await waiting
    with pytest.raises(TooBusy, match="no place"):
        await limiter.enter("a", IMPATIENT)


async def test_a_full_queue_is_refused_at_once_and_other_tenants_are_not() -> None:
    limiter = Limiter()
    await limiter.enter("a", ONE)
    waiting = asyncio.create_task(limiter.enter("a", ONE))
    await asyncio.sleep(0)
    with pytest.raises(TooBusy, match="1 reads of this project are running and 1 wait"):
        await limiter.enter("a", ONE)
    await limiter.enter("b", ONE)
    limiter.leave("a")
    await waiting


async def test_a_read_that_gives_up_while_waiting_takes_no_place_with_it() -> None:
    limiter = Limiter()
    await limiter.enter("a", ONE)
    waiting = asyncio.create_task(limiter.enter("a", ONE))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    limiter.leave("a")
    await limiter.enter("a", IMPATIENT)


async def test_a_read_that_gives_up_in_the_moment_of_its_turn_passes_it_on() -> None:
    limiter = Limiter()
    await limiter.enter("a", ONE)
    waiting = asyncio.create_task(limiter.enter("a", ONE))
    await asyncio.sleep(0)
    limiter.leave("a")  # the place is handed over …
    waiting.cancel()  # … and not wanted any more
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await limiter.enter("a", IMPATIENT)


async def test_no_place_is_lost_or_gained_whatever_happens() -> None:
    limiter = Limiter()
    limits = Limits(concurrency=3, queue=50, queue_seconds=0.02)
    running = most = 0

    async def read(index: int) -> None:
        nonlocal running, most
        await limiter.enter("a", limits)
        running += 1
        most = max(most, running)
        try:
            await asyncio.sleep(0.001 * (index % 7))
        finally:
            running -= 1
            limiter.leave("a")

    tasks = [asyncio.create_task(read(index)) for index in range(60)]
    await asyncio.sleep(0.004)
    for task in tasks[::5]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert most == 3
    assert running == 0
    at_once = Limits(concurrency=3, queue=0)
    for _ in range(3):
        await limiter.enter("a", at_once)
    with pytest.raises(TooBusy):
        await limiter.enter("a", at_once)
