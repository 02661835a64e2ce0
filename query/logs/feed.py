"""Feeds: what tails show, read once for all of one grant that stand at one place; and how many tails there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from core.errors import CallerError, TooBusy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from core.scope import Grant
    from query.logs.arrivals import Arrivals
    from query.logs.expression import Expression
    from query.logs.read import Read

    # Asks for what several filters let through, and for what came in of a range.
    Ask = Callable[[Sequence[Expression | None]], Coroutine[Any, Any, Sequence["Shown"]]]
    Look = Callable[[], Coroutine[Any, Any, Arrivals]]

# How long an answer is kept for the tails of one grant that come a little later.
_SHARED_SECONDS: Final = 1.0
# How long a read waits for other filters of its grant, and how many may be in it. They all come from one look.
_GATHER_SECONDS: Final = 0.005
_TOGETHER: Final = 16


class Shown(NamedTuple):
    """A record as all tails show it: when it came in (ms), its time (ns), its id, its JSON; whose filters it passes."""

    stamp: int
    at: int
    id: int
    text: bytes
    passes: Sequence[int] | None


@dataclass(frozen=True, slots=True)
class Place:
    """What is read of a grant: what came in from a record on (a stamp in milliseconds, a time, an id), until a time.

    With `stamps`, only what came in at one of them; `is_small` when that was no more than one read gives.
    """

    grant: Grant
    begin: tuple[int, int, int]
    until: int
    stamps: tuple[int, ...] = ()
    is_small: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """A look for what came in of a grant before `until`, under way or over."""

    until: int
    task: asyncio.Task[Arrivals]


@dataclass(slots=True)
class _Round:
    """One read, and the filters that it is for, by their texts."""

    filters: dict[str, Expression | None] = field(default_factory=dict)
    task: asyncio.Task[Sequence[Shown]] | None = None


class Tails:
    """How many tails there are, of each project and of all; and what they read, once for as many as possible.

    `reads` is how many reads they come to when each of them looks once for what came in.
    """

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._grants: Counter[Grant] = Counter()
        self._rounds: dict[tuple[Place, str], _Round] = {}
        self._gathering: dict[Place, _Round] = {}
        self._looks: dict[Grant, _Look] = {}
        self._past: dict[tuple[Grant, int, int], asyncio.Task[Arrivals]] = {}

    @property
    def reads(self) -> int:
        """One for each grant."""
        return len(self._grants)

    @asynccontextmanager
    async def place(self, read: Read) -> AsyncIterator[None]:
        """A place among the project's tails.

        Raises:
            TooBusy: the project has as many as it may.
        """
        grant, most = read.scope.only, read.settings.limits.tails
        project = grant.project_id
        if self._running[project] >= most:
            raise TooBusy(f"{most} tails of this project are running; end one or retry later", retry_after=5)
        self._running[project] += 1
        self._grants[grant] += 1
        try:
            yield
        finally:
            # What is at zero is taken out.
            self._running = +(self._running - Counter({project: 1}))
            self._grants = +(self._grants - Counter({grant: 1}))
            if grant not in self._grants:
                self._looks.pop(grant, None)

    async def arrivals(self, grant: Grant, after: int, until: int, look: Look) -> tuple[int, Arrivals]:
        """What came in of a grant before `until` (milliseconds), and the time before which it did.

        There is one look of a grant at a time: whoever wants one takes what is under way, if it goes beyond `after`,
        so that a store which is slow is not asked by each tail of its own.
        """
        latest = self._looks.get(grant)
        if latest is None or latest.until <= after or (latest.task.done() and latest.until < until):
            latest = self._looks[grant] = _Look(until, asyncio.create_task(look()))
            _keep(latest.task, lambda: None)
        # Shielded: a client that goes away must not take the answer from the others.
        return latest.until, await asyncio.shield(latest.task)

    async def past(self, grant: Grant, since: int, until: int, look: Look) -> Arrivals:
        """What had come in of a grant within a range: looked for once for all tails that come back to one place."""
        key = grant, since, until
        task = self._past.get(key)
        if task is None:
            task = self._past[key] = asyncio.create_task(look())
            _keep(task, lambda: self._past.pop(key, None))
        return await asyncio.shield(task)

    async def rows(
        self, place: Place, query: str, expression: Expression | None, ask: Ask
    ) -> tuple[Sequence[Shown], int]:
        """What the filters of a round let through, and which of them this one is.

        Tails that stand at the same place ask once. A round that the store refuses is asked for by each of its filters
        alone, so that nobody's filter ends the tails of others.
        """
        found = self._rounds.get((place, query))
        if found is None:
            found = self._joined(place, query, expression, ask)
        try:
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

    async def _gathered(self, found: _Round, place: Place, ask: Ask) -> Sequence[Shown]:
        await asyncio.sleep(_GATHER_SECONDS)
        if self._gathering.get(place) is found:
            del self._gathering[place]
        return await ask(list(found.filters.values()))

    def _begin(self, found: _Round, place: Place, work: Coroutine[Any, Any, Sequence[Shown]]) -> None:
        def forget() -> None:
            for query in found.filters:
                if self._rounds.get((place, query)) is found:
                    del self._rounds[place, query]

        found.task = asyncio.create_task(work)
        _keep(found.task, forget)


def _keep(task: asyncio.Task[Any], forget: Callable[[], object]) -> None:
    """Forget an answer when those who come a little later have had it, too."""
    loop = asyncio.get_running_loop()

    def keep(done: asyncio.Task[Any]) -> None:
        if not done.cancelled():
            done.exception()  # whoever waits is told; there may be nobody left
        loop.call_later(_SHARED_SECONDS, forget)

    task.add_done_callback(keep)


def _of(found: _Round) -> asyncio.Task[Sequence[Shown]]:
    if found.task is None:
        raise ValueError("a round that was not begun")
    return found.task
