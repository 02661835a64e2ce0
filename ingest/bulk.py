"""Decisions about records in columns: what `Admission` decides one by one, for a whole body at once."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ingest import bodies
from ingest.allowance import Limited, Use
from ingest.owner import Owner
from ingest.rows import RECORDS, record_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ingest.allowance import Allowances
    from ingest.columns import Columns
    from ingest.draft import Bounds
    from ingest.owner import Nobody, Owners

_NANO: Final = 1_000_000_000
_DAY: Final = 86_400 * _NANO


class Holders:
    """Whose the records of columns are: `all` of them by place, and `of` each record its place among these."""

    def __init__(self, owners: Owners, columns: Columns) -> None:
        """Ask for each place once.

        Raises:
            Unavailable: the control store must be asked and does not answer.
        """
        self.of: NDArray[np.int32] = columns.place.to_numpy()
        self.all: list[Owner | Nobody] = [owners.find(place.labels) for place in columns.places]

    def each(self, value: dict[Owner, int]) -> NDArray[np.int64]:
        """A number of each record's owner; 0 when nobody owns it."""
        numbers = [value[one] if isinstance(one, Owner) else 0 for one in self.all]
        return np.array(numbers, np.int64)[self.of]


def fitting(columns: Columns, holders: Holders, bounds: Bounds, now: int) -> NDArray[np.bool_]:
    """Which records are somebody's and what a record may be; of the others nothing is said."""
    kept = {one: one.retention_days * _DAY for one in holders.all if isinstance(one, Owner)}
    moments = columns.moment.fill_null(0).to_numpy()
    sizes = pc.binary_length(columns.body).fill_null(bounds.body_bytes + 1).to_numpy()
    is_owned = np.array([isinstance(one, Owner) for one in holders.all])[holders.of]
    fits: NDArray[np.bool_] = (
        is_owned
        & columns.moment.is_valid().to_numpy(zero_copy_only=False)
        & (sizes <= bounds.body_bytes)
        & (moments <= now + bounds.ahead_seconds * _NANO)
        & (moments >= now - holders.each(kept))
    )
    return fits


def ids(columns: Columns, owners: Sequence[Owner], of: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The ids of records in columns."""
    seeds = pa.array([one.seed for one in owners], pa.binary()).take(pa.array(of))
    return record_ids(seeds, columns.moment, *_names(columns), columns.body, columns.stream)


def _names(columns: Columns) -> tuple[pa.StringArray, pa.StringArray]:
    """The records' pods and containers."""
    pods = pa.array([place.pod for place in columns.places], pa.string())
    containers = pa.array([place.container for place in columns.places], pa.string())
    return pods.take(columns.place), containers.take(columns.place)


def chosen(
    mask: NDArray[np.bool_], columns: Columns, of: NDArray[np.int64], numbers: NDArray[np.uint64]
) -> tuple[Columns, NDArray[np.int64], NDArray[np.uint64]]:
    """The rows of a mask, with what belongs to them."""
    return columns.filter(pa.array(mask)), of[mask], numbers[mask]


def within(
    allowances: Allowances, owners: Sequence[Owner], of: NDArray[np.int64], columns: Columns
) -> tuple[list[Use], list[tuple[int, Limited]]]:
    """Take records into account: what they use, and which of them are over a limit, by row."""
    moments, sizes = columns.moment.to_numpy(), pc.utf8_length(columns.body).to_numpy()
    windows = moments // np.array([allowances.width(one) for one in owners])[of]
    accounts: dict[bytes, int] = {}
    account = np.array([accounts.setdefault(one.key, len(accounts)) for one in owners])[of]
    first = windows.min()
    code = account * (windows.max() - first + 1) + windows - first
    _, rows, group_of, counts = np.unique(code, return_index=True, return_inverse=True, return_counts=True)
    totals = np.bincount(group_of, sizes).astype(np.int64)
    uses: list[Use] = []
    over: list[tuple[int, Limited]] = []
    # As they come, for the oldest windows are given up first.
    for group in np.argsort(rows).tolist():
        row = rows[group]
        use = allowances.take(owners[of[row]], int(moments[row]), int(totals[group]), int(counts[group]))
        if isinstance(use, Use):
            uses.append(use)
            continue
        # Some fit, and which is told by their order.
        for one in np.flatnonzero(group_of == group).tolist():
            owner, moment, size = owners[of[one]], int(moments[one]), int(sizes[one])
            use = allowances.take(owner, moment, size)
            if isinstance(use, Use):
                uses.append(use)
            else:
                over.append((one, Limited(owner, use, moment, size)))
    over.sort(key=itemgetter(0))
    return uses, over


def table(  # noqa: PLR0917 - what rows are made of
    columns: Columns,
    owners: Sequence[Owner],
    of: NDArray[np.int64],
    numbers: NDArray[np.uint64],
    doubtful: NDArray[np.bool_],
    region: str,
) -> pa.Table:
    """The columns as a table of `RECORDS`."""
    count = len(columns)
    pods, containers = _names(columns)
    said = bodies.read(columns.body, columns.stream)
    at = pa.array(of)
    return pa.Table.from_arrays(
        [
            pa.array([one.project for one in owners], pa.binary(16)).take(at),
            pa.array([one.tenant.environment for one in owners], pa.string()).take(at).dictionary_encode(),
            pa.array([one.service for one in owners], pa.binary(16)).take(at),
            pa.array([one.retention_days for one in owners], pa.uint16()).take(at),
            columns.moment.cast(pa.timestamp("ns", "UTC")),
            pa.array(numbers),
            pa.array([one.source for one in owners], pa.int8()).take(at),
            said.severity,
            pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([region])),
            pods.dictionary_encode(),
            containers.dictionary_encode(),
            said.trace_id,
            said.span_id,
            columns.body,
            said.attributes,
            pa.array(doubtful),
        ],
        schema=RECORDS,
    )
