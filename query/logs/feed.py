"""Feeds: what tails show, read once for all tails of one feed, and how many tails there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from core.errors import TooBusy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from core.scope import Grant
    from query.logs.cursor import Cursor
    from query.logs.read import Read
    from query.logs.reader import Row

# How long an answer is kept for the tails of one feed that come a little later.
_SHARED_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Feed:
    """What a tail shows: two tails of one feed show the same records."""

    grant: Grant
    query: str


class Tails:
    """How many tails there are, of each project and of all; and what they read, once for all of one feed."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._feeds: Counter[Feed] = Counter()
        self._polls: dict[tuple[Feed, Cursor, int], asyncio.Task[Sequence[Row]]] = {}

    @property
    def feeds(self) -> int:
        """How many different ones are shown."""
        return len(self._feeds)

    @asynccontextmanager
    async def place(self, read: Read) -> AsyncIterator[None]:
        """A place among the project's tails.

        Raises:
            TooBusy: the project has as many as it may.
        """
        feed, most = feed_of(read), read.settings.limits.tails
        project = feed.grant.project_id
        if self._running[project] >= most:
            raise TooBusy(f"{most} tails of this project are running; end one or retry later", retry_after=5)
        self._running[project] += 1
        self._feeds[feed] += 1
        try:
            yield
        finally:
            # What is at zero is taken out.
            self._running = +(self._running - Counter({project: 1}))
            self._feeds = +(self._feeds - Counter({feed: 1}))

    async def rows(
        self, key: tuple[Feed, Cursor, int], ask: Callable[[], Coroutine[Any, Any, Sequence[Row]]]
    ) -> Sequence[Row]:
        """What `ask` answers; tails that stand at the same place ask once, and all of them get it."""
        task = self._polls.get(key)
        if task is None:
            task = self._polls[key] = asyncio.create_task(ask())
            loop = asyncio.get_running_loop()

            def keep(done: asyncio.Task[Sequence[Row]]) -> None:
                if not done.cancelled():
                    done.exception()  # whoever waits is told; there may be nobody left
                loop.call_later(_SHARED_SECONDS, self._polls.pop, key, None)

            task.add_done_callback(keep)
        # Shielded: a client that goes away must not take the answer from the others.
        return await asyncio.shield(task)


def feed_of(read: Read) -> Feed:
    """The feed of a tail."""
    return Feed(read.scope.only, read.arguments.query)
