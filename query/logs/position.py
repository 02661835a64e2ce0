"""Where a tail stands, as the id of its events: what was shown, and what had become visible by then."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from query.logs.arrivals import NOTHING
from query.logs.cursor import BadCursorError, Cursor, Kind

if TYPE_CHECKING:
    from query.logs.arrivals import Total
    from query.logs.cursor import Signer

_NAME: Final = "Last-Event-ID"
# since, and the amount and the digest of what came in from then on
_MORE: Final = struct.Struct(">qqQ")


@dataclass(frozen=True, slots=True)
class Position:
    """All that came in before `stamp` is shown, and what came in at it up to the time `at` (ns) and the id `id`.

    With `late`, a stamp before that one, `at` and `id` are of the last record shown that came in at it and became
    visible late. `total` is what had become visible of all that came in from `since` on and before `stamp`. Stamps are
    milliseconds.
    """

    stamp: int
    at: int = 0
    id: int = 0
    late: int = 0
    since: int = 0
    total: Total = NOTHING

    @property
    def turn(self) -> tuple[int, int, int]:
        """The last record shown of those that came in their turn: its stamp, its time, its id."""
        return (self.stamp, 0, 0) if self.late else (self.stamp, self.at, self.id)

    def written(self, signer: Signer) -> str:
        """The id of an event."""
        more = _MORE.pack(self.since, *self.total)
        return signer.write(Cursor(Kind.TAIL, self.stamp, self.late, self.at, self.id), more)

    @classmethod
    def read(cls, signer: Signer, text: str) -> Position:
        """The position of an event's id.

        Raises:
            BadCursorError: it is not the id of an event of this very tail.
        """
        cursor, more = signer.read(text, _NAME)
        if cursor.kind is not Kind.TAIL or len(more) != _MORE.size:
            raise BadCursorError(f"{_NAME}: of another kind of read; leave it out to begin anew")
        since, amount, digest = _MORE.unpack(more)
        return cls(cursor.start, cursor.at, cursor.id, cursor.end, since, (amount, digest))
