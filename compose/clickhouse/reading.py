"""A READ under way: the engine writes into a pipe in one thread, the event loop reads it, the client sets the pace."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from concurrent.futures import Executor

    from compose.clickhouse.engine import Engine, Order, Tally

PIECE: Final = 1 << 18
_PIPE: Final = 1 << 20
_KILL_SECONDS: Final = 0.2


class Reading:
    """The answer to `order`; memory is bounded by the pipe, whatever the answer's size."""

    def __init__(self, engine: Engine, pool: Executor, order: Order) -> None:
        self._engine = engine
        self._order = order
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        with contextlib.suppress(PermissionError):  # the user has too many pipes of that size: the default will do
            fcntl.fcntl(self._writing, fcntl.F_SETPIPE_SZ, _PIPE)
        self._running = pool.submit(engine.read, order, self._writing)
        self._result = asyncio.wrap_future(self._running)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The answer's bytes; ends when the engine has ended, well or not: `tally` tells which."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                piece = os.read(self._reading, PIECE)
            except BlockingIOError:
                # Not the loop's own pipe transport, which would close the descriptor at a time of its choosing.
                readable = loop.create_future()
                loop.add_reader(self._reading, _wake, readable)
                try:
                    await readable
                finally:
                    loop.remove_reader(self._reading)
                continue
            if not piece:
                return
            yield piece

    async def progress(self) -> Tally:
        """What was read so far; all of it once the engine has ended.

        Raises:
            ClickHouseFailure: the statement failed.
        """
        if self._running.done():
            return await self.tally()
        return await asyncio.to_thread(self._engine.progress, self._order.mark)

    async def tally(self) -> Tally:
        """Wait for the end.

        Raises:
            ClickHouseFailure: the statement failed.
        """
        return await asyncio.shield(self._result)

    async def close(self) -> None:
        """Stop the statement if it still runs, and give everything back."""
        # Whatever the engine still writes fails from now on.
        os.close(self._reading)
        if self._running.cancel():
            os.close(self._writing)
        while not self._running.done():
            # It may not have begun yet, and is then not there to be killed: try until it is gone.
            await asyncio.to_thread(self._engine.kill, self._order.mark)
            await asyncio.wait([self._result], timeout=_KILL_SECONDS)
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._result


def _wake(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)
