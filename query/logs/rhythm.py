"""When tails look for what came in: those of one grant at the same moments, those of others at other moments."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.scope import Grant
    from query.logs.feed import Tails
    from query.logs.settings import LogSettings

# Looks a second of all tails of a process together, each of which costs a store some milliseconds.
_LOOKS: Final = 60
_MILLI: Final = 1_000_000


class Rhythm:
    """The moments at which the tails of a grant look; milliseconds."""

    def __init__(self, settings: LogSettings, tails: Tails, grant: Grant) -> None:
        self._poll = max(int(settings.poll_seconds * 1000), 1)
        self._settle = int(settings.settle_seconds * 1000)
        self._tails = tails
        self._phase = hash(grant) % self._poll

    @property
    def settled(self) -> int:
        """Up to when records are shown in their turn: the last of the moments by which most of them are visible."""
        grid = self._grid
        return (time.time_ns() // _MILLI - self._settle - self._phase) // grid * grid + self._phase

    @property
    def pause(self) -> float:
        """Seconds until the next such moment."""
        return max((self.settled + self._grid + self._settle) / 1000 - time.time(), 0.01)

    @property
    def _grid(self) -> int:
        """More when there are many grants to be looked at."""
        return max(self._poll, -(-self._tails.reads * 1000 // _LOOKS))
