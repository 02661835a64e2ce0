"""Estimates in whose place something newer stands: they go, so that no read meets ever more of them.

They stay for an hour, for whoever still reads as of an earlier publication, page by page. The last estimate of an hour
that is not published stays, however old it is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete

from billing.hour import HOUR, hour_of
from billing.runs.publication import superseded
from billing.schema import publications
from core.control import reading, writing
from core.errors import StarmeterError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from billing.ledger.store import Ledger

_log: Final = logging.getLogger("billing.runs")
# Ids travel in a statement's URL. Hundreds of clusters make fewer estimates between two looks.
_AT_ONCE: Final = 1_000


def drop_superseded(engine: Engine, ledger: Ledger, now: int, at_once: int = _AT_ONCE) -> int:
    """Take the oldest of them away, at most `at_once`; returns how many. `now` is a UTC second.

    The control store forgets them last, so that whoever dies before that is followed by one who finds them again. A
    store that fails is told of and left to the next time: no run waits for it.
    """
    # By whole hours: what is found then changes once an hour, and the ledger is not marked more often.
    before = hour_of(now) - HOUR
    try:
        with reading(engine) as connection:
            found = superseded(connection, before, at_once)
        if found:
            ledger.drop_estimates(found)
            with writing(engine) as connection:
                gone = publications.c.sequence.in_([each.sequence for each in found])
                connection.execute(delete(publications).where(gone))
    except StarmeterError as failure:
        _log.warning("superseded estimates are not dropped yet", extra={"reason": failure.message})
        return 0
    return len(found)
