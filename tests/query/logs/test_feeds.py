"""Tails of one grant are read for together: each gets what its own filter lets through, and no other's fault."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from core.errors import BadRequest, Unavailable
from core.scope import Grant
from query.logs.expression import Word
from query.logs.feed import Place, Shown, Tails
from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.serving import log_door
from tests.query.logs.tailing import QUICK, tailing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from query.logs.arrivals import Arrivals
    from query.logs.expression import Expression
    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.serving import LogDoor
    from tests.query.platform import Tokens

HERE = Place(Grant(platform.PROJECT_A, "near"), (1, 0, 0), 2)
ELSEWHERE = Place(Grant(platform.PROJECT_B, "near"), (1, 0, 0), 2)
BAD = Word("bad")


class _Store:
    """Answers with the filters it was asked for; refuses a bad one, and all that are asked for beside it."""

    def __init__(self) -> None:
        self.asked: list[list[Expression | None]] = []

    async def ask(self, filters: Sequence[Expression | None]) -> Sequence[Shown]:
        self.asked.append(list(filters))
        if BAD in filters:
            raise BadRequest("q: the store cannot read this pattern")
        return [record_for(one) for one in filters]


def record_for(one: Expression | None) -> Shown:
    """A record that tells which filter it was asked for by."""
    return Shown(1, 1, 1, repr(one).encode(), None)


@pytest.mark.anyio
async def test_many_filters_of_one_grant_are_few_reads() -> None:
    store, tails = _Store(), Tails()
    words = [Word(f"w{n}") for n in range(40)]
    asked = [tails.rows(place, one.text, one, store.ask) for place in (HERE, ELSEWHERE) for one in [*words, *words]]
    answers = await asyncio.gather(*asked)

    assert [rows[number] for rows, number in answers] == [record_for(one) for one in [*words, *words]] * 2
    # Two grants, forty filters each, sixteen of them at most in one read.
    assert [len(filters) for filters in store.asked] == [16, 16, 8, 16, 16, 8]


@pytest.mark.anyio
async def test_a_filter_that_the_store_refuses_is_its_own_tails_fault_alone() -> None:
    store, tails = _Store(), Tails()
    asked = [tails.rows(HERE, one.text, one, store.ask) for one in (Word("a"), BAD, Word("b"), Word("a"))]
    one, bad, two, again = await asyncio.gather(*asked, return_exceptions=True)

    assert one == again == ([record_for(Word("a"))], 0)
    assert two == ([record_for(Word("b"))], 0)
    assert isinstance(bad, BadRequest)
    assert [len(filters) for filters in store.asked] == [3, 1, 1, 1]


@pytest.mark.anyio
async def test_a_store_that_is_down_is_not_asked_for_each() -> None:
    asked = []

    async def ask(filters: Sequence[Expression | None]) -> Sequence[Shown]:
        asked.append(len(filters))
        raise Unavailable("down")

    tails = Tails()
    answers = await asyncio.gather(*(tails.rows(HERE, name, Word(name), ask) for name in "abc"), return_exceptions=True)

    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert asked == [3]


@pytest.mark.anyio
async def test_a_slow_store_is_looked_at_once_at_a_time_whenever_tails_come() -> None:
    tails, grant = Tails(), HERE.grant
    looks: list[int] = []
    answered = asyncio.Event()

    async def asked(after: int, until: int) -> tuple[int, Arrivals]:
        async def look() -> Arrivals:
            looks.append(until)
            await answered.wait()
            return {until - 1: (1, until)}

        return await tails.arrivals(grant, after, until, look)

    waiting = [asyncio.create_task(asked(10, until)) for until in (20, 25, 20)]
    beyond = asyncio.create_task(asked(20, 30))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    answered.set()

    assert await asyncio.gather(*waiting) == [(20, {19: (1, 20)})] * 3
    # Who has what comes before 20 looks anew; who comes later takes that.
    assert [await beyond, await asked(15, 28), await asked(15, 30)] == [(30, {29: (1, 30)})] * 3
    assert await asked(30, 40) == (40, {39: (1, 40)})
    assert looks == [20, 30, 40]


@pytest.fixture(scope="module")
def quick(
    tmp_path_factory: pytest.TempPathFactory, log_server: Server, control: tuple[str, Tokens]
) -> Iterator[LogDoor]:
    folder: Path = tmp_path_factory.mktemp("feeds-door")
    with log_door(folder, {"near": log_server.reader_url}, control=control, logs=QUICK) as door:
        yield door


def test_tails_of_different_filters_each_show_their_own(quick: LogDoor, log_writer: Client) -> None:
    queries = ["@container:main", "@container:sidecar", "", "@n:>=2", "/(unclosed/"]
    new = [
        samples.random_samples(platform.PROJECT_A, (platform.SERVICE_A1,), 30, end=samples.now(), seed=seed)
        for seed in range(700, 703)
    ]
    expected = [
        Counter(f"{one.id:016x}" for batch in new for one in batch if is_shown(one))
        for is_shown in (
            lambda one: one.container == "main",
            lambda one: one.container == "sidecar",
            lambda _: True,
        )
    ]
    with quick.client() as client, contextlib.ExitStack() as stack:
        streams = [stack.enter_context(tailing(client, q=query)) for query in queries]
        assert [next(stream)["event"] for stream in streams] == ["open"] * len(queries)
        for batch in new:
            samples.insert(log_writer, batch)
        found: list[Counter[str]] = [Counter() for _ in expected]
        for stream, seen, wanted in zip(streams, found, expected, strict=False):
            while seen.total() < wanted.total():
                event = next(stream)
                assert "event" not in event
                if "data" in event:
                    seen[event["data"]["id"]] += 1
        refused = [event for event in streams[-1] if "event" in event]

    assert found == expected
    assert [event["data"] for event in refused] == [{"reason": "bad_request"}]
