"""The ledger's copy of what is published: whoever comes next copies what the one before could not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from billing.ledger.store import Ledger
    from billing.runs.publication import Publications

_AT_ONCE: Final = 1_000


def mirror(publications: Publications, ledger: Ledger) -> int:
    """Copy what the ledger does not know yet, in its order; returns how many.

    Raises:
        Unavailable: a store fails; what was copied until then has no hole.
    """
    known, copied = ledger.latest(), 0
    while following := publications.after(known, _AT_ONCE):
        ledger.mirror(following)
        known, copied = following[-1].sequence, copied + len(following)
    return copied
