"""Records of Fluent Bit and Vector as columns: a well-formed body is read at once, without an object for each record.

Most of a record is what Kubernetes says of its pod, and the records of a pod say the same of it, byte for byte. So that
part is cut out of the text, and read once for each pod.

What the readers of `fluent` take is more than what is read here; whoever gets `None` asks them. For what is read here,
they say the same, but for JSON that only this reader takes: `NaN`, `Inf` or a thousand brackets in each other, in a
field that nobody looks at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.json as pj  # type: ignore[import-untyped]

from ingest import cut, fluent, json_value
from ingest.entry import Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.entry import Entry, Unreadable
    from ingest.fluent import Place

_LEAST_BYTES: Final = 64 * 1024
_PROTOCOLS: Final = frozenset({Protocol.FLUENT_BIT, Protocol.NDJSON})

_NANO: Final = 1_000_000_000
# Before which seconds are seconds for `timestamp`, and 64 bits hold their nanoseconds.
_LAST_SECOND: Final = 9 * 10**9
_TEXT: Final = pa.string()
# The texts in which a record may tell its time, in the order in which they count, and Fluent Bit's own number of it.
_TIMES: Final = ("time", "timestamp", "@timestamp")
_DATE: Final = "date"
# A field of another type than here makes the whole body one for the readers of `fluent`; and so does a place that is
# not cut out of the text.
_TIMED: Final = pa.schema(
    {
        "log": _TEXT,
        "message": _TEXT,
        **dict.fromkeys(_TIMES, _TEXT),
        "stream": _TEXT,
        cut.PLACE: pa.struct({"pod_name": _TEXT}),
    }
)
_DATED: Final = _TIMED.append(pa.field(_DATE, pa.float64()))
_READ: Final = frozenset(_DATED.names)
# As container runtimes write it; the years are those that 64 bits of nanoseconds can tell.
_TIME: Final = r"^(?:19[7-9]\d|20\d\d)-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$"
_SAYS_TIME: Final = re.compile(rb'"(?:time|@?timestamp)": ?"')
_BEGINNING: Final = 4096


@dataclass(frozen=True, slots=True)
class Columns:
    """The records of a body, one a row; equally long.

    `body` and `moment` (nanoseconds) are null where it takes a closer look at the row's `entry`; `stream` is empty
    where there is none. `place` is where in `places` a record's is.
    """

    body: pa.StringArray
    moment: pa.Int64Array
    stream: pa.StringArray
    place: pa.Int32Array
    places: Sequence[Place]
    text: bytes

    def __len__(self) -> int:
        return len(self.body)

    @property
    def size(self) -> int:
        """About how many bytes they take."""
        return len(self.text)

    def entries(self, rows: list[int]) -> list[Entry | Unreadable]:
        """Rows of the columns as they were read, as the readers of `fluent` have them."""
        found = cut.records(self.text)
        if found is None:
            raise TypeError("a body that is read in columns can be cut")
        lines = [found.whole(found.inner[row]) for row in rows]
        is_alone = not self.text.startswith(b"[")
        return [fluent.entry(json_value.loaded(line), line, is_alone=is_alone) for line in lines]

    def filter(self, mask: pa.BooleanArray) -> Columns:
        """The rows of a mask; their entries can no longer be asked for."""
        return replace(
            self, **{name: getattr(self, name).filter(mask) for name in ("body", "moment", "stream", "place")}
        )


def are_worth_it(protocol: Protocol, body: bytes) -> bool:
    """Whether a body is sooner read in columns than one record after the other."""
    return protocol in _PROTOCOLS and len(body) >= _LEAST_BYTES


def read(body: bytes) -> Columns | None:
    """The records of a body of Fluent Bit or Vector, when all of it can be read as columns."""
    found = cut.records(body)
    if found is None:
        return None
    try:
        placed = cut.placed(found, _READ)
        if placed is None:
            return None
        # In lines, not in an array: a line break that is within a record would stand between `}` and `{`, where no
        # JSON has nothing else. So each line is one record when there are as many records as lines.
        text = found.whole((b"}\n{" + found.key).join(placed.rest))
        # Strings are not validated as they are read.
        if not text.isascii():
            text.decode()
        # Where a text tells the time, the number may be of any type. A guess: what is not there is null.
        schema = _TIMED if _SAYS_TIME.search(text, 0, _BEGINNING) else _DATED
        table = pj.read_json(
            pa.BufferReader(text),
            # One block, in this thread: the others have the store to feed.
            read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
        if table.num_rows != len(found.inner) or table[cut.PLACE].null_count < len(found.inner):
            return None
        # A time such as the 31st of June.
        moment = _moments(table)
    except ValueError:  # of all three: not JSON, a field of another type, not UTF-8
        return None
    return Columns(
        _without_newline(pc.coalesce(_column(table, "log"), _column(table, "message"))),
        moment,
        _column(table, "stream").fill_null(""),
        pa.array(placed.place, pa.int32()),
        placed.places,
        body,
    )


def _column(table: pa.Table, name: str) -> pa.Array:
    return table[name].combine_chunks()


def _without_newline(log: pa.StringArray) -> pa.StringArray:
    ends = pc.ends_with(log, "\n")
    if not pc.any(ends).as_py():
        return log
    return pc.if_else(ends, pc.utf8_slice_codeunits(log, 0, -1), log)


def _moments(table: pa.Table) -> pa.Int64Array:
    """The first of a record's times; null when it is not written as here, for it may be a time all the same."""
    found = pa.nulls(table.num_rows, pa.int64())
    is_open = pa.repeat(pa.scalar(value=True), table.num_rows)
    for name in _TIMES:
        text = _column(table, name)
        if text.null_count == len(text):
            continue
        is_time = pc.match_substring_regex(text, _TIME)
        if not pc.all(is_time, skip_nulls=False).as_py():
            text = pc.if_else(is_time, text, None)
        moment = text.cast(pa.timestamp("ns", "UTC")).cast(pa.int64())
        found = pc.if_else(is_open, moment, found)
        is_open = pc.and_(is_open, is_time.is_null())
    if _DATE in table.column_names:
        found = pc.if_else(is_open, _of_numbers(_column(table, _DATE)), found)
    return found


def _of_numbers(column: pa.DoubleArray) -> pa.Int64Array:
    """Seconds with a fraction, to the microsecond, as `timestamp` has them."""
    date = column.fill_null(0.0).to_numpy(zero_copy_only=False)
    is_date = (date > 0) & (date < _LAST_SECOND)
    date = np.where(is_date, date, 0.0)
    seconds = np.floor(date)
    micro = np.rint((date - seconds) * 10**6).astype(np.int64)
    return pa.array(seconds.astype(np.int64) * _NANO + micro * 10**3, mask=~is_date)
