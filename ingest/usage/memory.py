"""What is known to be stored already: the last so many of it, for threads that share it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


class Memory:
    """A set that forgets the oldest of more than `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[Hashable, None] = {}
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._known

    def __len__(self) -> int:
        return len(self._known)

    def add(self, keys: Iterable[Hashable]) -> None:
        """Remember keys; one that is known stays as old as it is."""
        with self._lock:
            self._known.update(dict.fromkeys(keys))
            while len(self._known) > self._most:
                del self._known[next(iter(self._known))]
