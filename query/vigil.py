"""What ends a read early: its deadline, or a client that has gone away.

Most reads are over before either needs a task or a timer of its own, so nothing but one timer is made at first.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

_QUIET_SECONDS: Final = 0.05


class Cause(Enum):
    """Why a read was ended."""

    CLIENT_GONE = "client gone"
    DEADLINE = "deadline"


class Vigil:
    """Watches over the current task: cancels it when `seconds` are over or when `receive` says the client is gone.

    The request's body must have been read before. After a `CancelledError`, `claim` tells whether it came from here.
    """

    __slots__ = ("_cause", "_deadline", "_loop", "_receive", "_task", "_timer", "_watcher")

    def __init__(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]], seconds: float) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._deadline = self._loop.time() + seconds
        self._cause: Cause | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(min(_QUIET_SECONDS, seconds), self._wake)

    def extend(self, seconds: float) -> None:
        """Set the deadline anew, `seconds` from now."""
        self._deadline = self._loop.time() + seconds

    def end(self) -> None:
        """Stop watching."""
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()

    def claim(self) -> Cause | None:
        """The cause, if the task was cancelled from here; it is then no longer cancelled."""
        if self._cause is not None and self._task is not None:
            self._task.uncancel()
        return self._cause

    def _wake(self) -> None:
        if self._watcher is None:
            self._watcher = self._loop.create_task(self._await_disconnect())
        remaining = self._deadline - self._loop.time()
        if remaining <= 0:
            self._cancel(Cause.DEADLINE)
        else:
            # A deadline that is extended meanwhile is noticed when the timer of the old one fires.
            self._timer = self._loop.call_later(remaining, self._wake)

    async def _await_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._cancel(Cause.CLIENT_GONE)

    def _cancel(self, cause: Cause) -> None:
        if self._cause is None and self._task is not None and not self._task.done():
            self._cause = cause
            self._task.cancel()
