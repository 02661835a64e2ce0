"""Each pod's nearest sights before and after an hour, however far away: what spans an hour is billed in it.

A pod that was not seen for days and is there again has run meanwhile. Looking through all of history in every run would
cost more the longer there is one; so the search widens step by step, and only for pods of which there is more to find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billing.hour import DAY, HOUR
from billing.ledger.sights import NAMED, compared
from billing.observation import Phase
from billing.quarantine import is_sound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billing.ledger.slice import Slice
    from billing.ledger.store import Ledger

_STEPS: Final = (6 * HOUR, 2 * DAY, 32 * DAY)


class Neighbourhood:
    """What lies around a slice of which `margin` seconds on both sides are read already."""

    def __init__(self, ledger: Ledger, judged: Mapping[str, Any], one: Slice, margin: int) -> None:
        self._ledger = ledger
        self._judged = judged
        self._start, self._end = one.hour, one.hour + HOUR
        self._first, self._until = self._start - margin, self._end + margin

    def with_neighbours(self, near: pl.DataFrame, lives: pl.DataFrame) -> pl.DataFrame:
        """The sights in `near` and what is missing in them, in the same columns.

        `lives` tells of each pod when it was first and last seen, first started and first ended.
        """
        at = pl.col("observed_at")
        # A sight that is put aside brackets nothing: the nearest is the nearest of the others.
        sound = near.filter(is_sound(self._judged["skew"]))
        before = sound.filter(at.is_between(self._first, self._start)).select("uid")
        after = sound.filter(at.is_between(self._end, self._until)).select("uid")
        resumed = (pl.col("first_seen") < self._first) & (pl.col("last_seen") >= self._start)
        # One that was seen only later may have started, or even ended, before.
        begun = (pl.col("first_seen") < self._end) | (pl.col("first_start") < self._end).fill_null(value=False)
        lost = begun & (pl.col("last_seen") >= self._until)
        found = [
            *self._before(lives.filter(resumed).join(before, on="uid", how="anti")),
            *self._after(lives.filter(lost).join(after, on="uid", how="anti")),
        ]
        seen = pl.concat([near, *(part.select(near.columns) for part in found)])
        ends = [part.select(near.columns) for part in self._ends(seen, lives)]
        return self._with_whole_lives(pl.concat([seen, *ends]), lives)

    def _before(self, wanted: pl.DataFrame) -> list[pl.DataFrame]:
        found: list[pl.DataFrame] = []
        until = self._first
        for width in (*_STEPS, self._first):
            if wanted.is_empty():
                break
            first = max(self._first - width, _whole_hour(wanted["first_seen"]))
            if first < until:
                found.append(self._nearest(wanted, first, until, backward=True))
                wanted = wanted.join(found[-1], on="uid", how="anti")
                until = first
        return found

    def _after(self, wanted: pl.DataFrame) -> list[pl.DataFrame]:
        found: list[pl.DataFrame] = []
        first = self._until
        for width in (*_STEPS, self._judged["as_of"]):
            if wanted.is_empty():
                break
            last: int = wanted["last_seen"].max()  # type: ignore[assignment]  # a column of integers
            until = min(self._until + width, last + 1)
            if first < until:
                found.append(self._nearest(wanted, first, until))
                wanted = wanted.join(found[-1], on="uid", how="anti")
                first = until
        return found

    def _ends(self, seen: pl.DataFrame, lives: pl.DataFrame) -> list[pl.DataFrame]:
        """The ends far away of pods that are seen alive after it, whose sights are put aside for that."""
        told = seen.filter(pl.col("phase") < Phase.SUCCEEDED).select("uid").unique().join(lives, on="uid")
        # The engine's least value where there is none is 0.
        ended = told.filter(pl.col("first_end").is_between(1, self._first - 1))
        if ended.is_empty():
            return []
        return [self._nearest(ended, _whole_hour(ended["first_end"]), self._first, ends=True)]

    def _with_whole_lives(self, seen: pl.DataFrame, lives: pl.DataFrame) -> pl.DataFrame:
        """All that is known of pods that tell two starts: what is put aside decides which sights are the nearest."""
        skew: int = self._judged["skew"]
        told = seen.select("uid", "started_at").join(lives, on="uid")
        again = told.filter(pl.col("started_at") - pl.col("first_start") > skew).unique("uid").sort("uid")
        found = [seen.join(again, on="uid", how="anti")]
        for part in again.iter_slices(NAMED):
            last: int = part["last_seen"].max()  # type: ignore[assignment]  # a column of integers
            span = {"first": _whole_hour(part["first_seen"]), "until": last + 1}
            found.append(compared(self._ledger, {**self._judged, **span}, part["uid"].to_list()).select(seen.columns))
        return pl.concat(found)

    def _nearest(
        self,
        wanted: pl.DataFrame,
        first: int,
        until: int,
        *,
        backward: bool = False,
        ends: bool = False,
    ) -> pl.DataFrame:
        uids = wanted["uid"].to_list() if wanted.height <= NAMED else []
        asked = {"first": first, "until": until, "uids": uids, "backward": backward, "ends": ends}
        found = self._ledger.query("ledger/read/nearest", {**self._judged, **asked})
        # For more pods than one question names, every pod of the cluster was asked for.
        return found.join(wanted.select("uid"), on="uid", how="semi")


def _whole_hour(times: pl.Series) -> int:
    earliest: int = times.min()  # type: ignore[assignment]  # a column of integers
    return earliest - earliest % HOUR
