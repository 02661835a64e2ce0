"""What was seen of a cluster's pods around an hour, without the sights that say nothing new.

Most pods do nothing but run: in a whole hour their sights tell one thing again and again. That is found by adding up in
the store, which is many times cheaper than to compare each sight with the one before it; only the others are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billing.ledger.store import Ledger

# Uids that one question names: they travel in its URL, of which a server takes a mebibyte.
NAMED: Final = 5_000
# When more pods than that have changed, all are compared at once.
_MOST_NAMED: Final = 2 * NAMED


def sights(ledger: Ledger, judged: Mapping[str, Any], first: int, until: int) -> pl.DataFrame:
    """The sights of a stretch of time, in the columns of `sql/ledger/read/sights.sql`; `judged` binds its other values.

    Raises:
        Unavailable: the ledger's store does not answer.
    """
    asked = {**judged, "first": first, "until": until}
    told = ledger.query("ledger/read/steady_pods", {**asked, "uids": []})
    steady = told.filter("is_steady").drop("is_steady")
    others = told.filter(~pl.col("is_steady"))["uid"].sort().to_list()
    begin = steady.with_columns(observed_at=pl.col("first_at"), unbroken=pl.lit(value=False))
    end = steady.filter(pl.col("last_at") > pl.col("first_at")).with_columns(
        observed_at=pl.col("last_at"), unbroken=pl.lit(value=True)
    )
    found = pl.concat([begin, end]).drop("first_at", "last_at")
    if len(others) > _MOST_NAMED:
        changed = compared(ledger, asked, []).join(steady, on="uid", how="anti")
        return pl.concat([changed, found.select(changed.columns)])
    parts = [compared(ledger, asked, others[start : start + NAMED]) for start in range(0, len(others), NAMED)]
    columns = parts[0].columns if parts else found.columns
    return pl.concat([part.select(columns) for part in (*parts, found)])


def compared(ledger: Ledger, asked: Mapping[str, Any], uids: list[str]) -> pl.DataFrame:
    """The sights of the pods named, or without a name of all, each compared with its neighbours.

    Raises:
        Unavailable: the ledger's store does not answer.
    """
    return ledger.query("ledger/read/sights", {**asked, "uids": uids})
