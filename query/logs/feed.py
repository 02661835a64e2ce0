"""Feeds: what tails show, read once for all of one grant that stand at one place; and how many tails there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from core.errors import CallerError, TooBusy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from core.scope import Grant
    from query.logs.cursor import Cursor
    from query.logs.expression import Expression
    from query.logs.read import Read
    from query.logs.reader import Row

    # Asks for what several filters let through.
    Ask = Callable[[Sequence[Expression | None]], Coroutine[Any, Any, Sequence[Row]]]

# How long an answer is kept for the tails of one feed that come a little later.
_SHARED_SECONDS: Final = 1.0
# How long a read waits for other feeds of its grant, and how many may be in it.
_GATHER_SECONDS: Final = 0.02
_TOGETHER: Final = 16


@dataclass(frozen=True, slots=True)
class Feed:
    """What a tail shows: two tails of one feed show the same records."""

    grant: Grant
    query: str


@dataclass(frozen=True, slots=True)
class Place:
    """What is read of a grant: from a position on, until a time in milliseconds."""

    grant: Grant
    position: Cursor
    until: int


@dataclass(slots=True)
class _Round:
    """One read, and the filters that it is for, by their texts."""

    filters: dict[str, Expression | None] = field(default_factory=dict)
    task: asyncio.Task[Sequence[Row]] | None = None


class Tails:
    """How many tails there are, of each project and of all; and what they read, once for as many as possible."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._feeds: Counter[Feed] = Counter()
        self._rounds: dict[tuple[Place, str], _Round] = {}
        self._gathering: dict[Place, _Round] = {}
        self.reads = 0

    @asynccontextmanager
    async def place(self, read: Read) -> AsyncIterator[None]:
        """A place among the project's tails.

        `reads` is how many reads all tails come to when each of them reads once.

        Raises:
            TooBusy: the project has as many as it may.
        """
        feed, most = feed_of(read), read.settings.limits.tails
        project = feed.grant.project_id
        if self._running[project] >= most:
            raise TooBusy(f"{most} tails of this project are running; end one or retry later", retry_after=5)
        self._running[project] += 1
        self._feeds[feed] += 1
        self._count()
        try:
            yield
        finally:
            # What is at zero is taken out.
            self._running = +(self._running - Counter({project: 1}))
            self._feeds = +(self._feeds - Counter({feed: 1}))
            self._count()

    def _count(self) -> None:
        self.reads = sum(-(-amount // _TOGETHER) for amount in Counter(feed.grant for feed in self._feeds).values())

    async def rows(
        self, place: Place, query: str, expression: Expression | None, ask: Ask
    ) -> tuple[Sequence[Row], int]:
        """What the filters of a round let through, and which of them this one is.

        Tails that stand at the same place ask once. A round that the store refuses is asked for by each of its filters
        alone, so that nobody's filter ends the tails of others.
        """
        found = self._rounds.get((place, query))
        if found is None:
            found = self._joined(place, query, expression, ask)
        try:
            # Shielded: a client that goes away must not take the answer from the others.
            rows = await asyncio.shield(_of(found))
        except TooBusy:
            raise
        except CallerError:
            if len(found.filters) == 1:
                raise
            alone = _Round({query: expression})
            # Where the feed was last: another tail of it asks no second time.
            if self._rounds.get((place, query)) is found:
                self._rounds[place, query] = alone
                self._begin(alone, place, ask([expression]))
            else:
                alone = self._rounds[place, query]
            return await asyncio.shield(_of(alone)), 0
        return rows, list(found.filters).index(query)

    def _joined(self, place: Place, query: str, expression: Expression | None, ask: Ask) -> _Round:
        found = self._gathering.get(place)
        if found is None or len(found.filters) >= _TOGETHER:
            found = self._gathering[place] = _Round()
            self._begin(found, place, self._gathered(found, place, ask))
        found.filters[query] = expression
        self._rounds[place, query] = found
        return found

    async def _gathered(self, found: _Round, place: Place, ask: Ask) -> Sequence[Row]:
        await asyncio.sleep(_GATHER_SECONDS)
        if self._gathering.get(place) is found:
            del self._gathering[place]
        return await ask(list(found.filters.values()))

    def _begin(self, found: _Round, place: Place, work: Coroutine[Any, Any, Sequence[Row]]) -> None:
        found.task = asyncio.create_task(work)
        loop = asyncio.get_running_loop()

        def forget() -> None:
            for query in found.filters:
                if self._rounds.get((place, query)) is found:
                    del self._rounds[place, query]

        def keep(done: asyncio.Task[Sequence[Row]]) -> None:
            if not done.cancelled():
                done.exception()  # whoever waits is told; there may be nobody left
            loop.call_later(_SHARED_SECONDS, forget)

        found.task.add_done_callback(keep)


def _of(found: _Round) -> asyncio.Task[Sequence[Row]]:
    if found.task is None:
        raise ValueError("a round that was not begun")
    return found.task


def feed_of(read: Read) -> Feed:
    """The feed of a tail."""
    return Feed(read.scope.only, read.arguments.query)
