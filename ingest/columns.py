"""Records of Fluent Bit and Vector as columns: a well-formed body is read at once, without an object for each record.

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

from ingest import fluent, json_value
from ingest.entry import Protocol
from ingest.owner import LABELS

if TYPE_CHECKING:
    from ingest.entry import Entry, Unreadable

_LEAST_BYTES: Final = 64 * 1024
_PROTOCOLS: Final = frozenset({Protocol.FLUENT_BIT, Protocol.NDJSON})

_NANO: Final = 1_000_000_000
# Before which seconds are seconds for `timestamp`, and 64 bits hold their nanoseconds.
_LAST_SECOND: Final = 9 * 10**9
_TEXT: Final = pa.string()
_POD_LABELS: Final = pa.struct(dict.fromkeys(LABELS, _TEXT))
# The texts in which a record may tell its time, in the order in which they count, and Fluent Bit's own number of it.
_TIMES: Final = ("time", "timestamp", "@timestamp")
_DATE: Final = "date"
# A field of another type than here makes the whole body one for the readers of `fluent`.
_TIMED: Final = pa.schema(
    {
        "log": _TEXT,
        "message": _TEXT,
        **dict.fromkeys(_TIMES, _TEXT),
        "stream": _TEXT,
        "kubernetes": pa.struct(
            {"labels": _POD_LABELS, "pod_labels": _POD_LABELS, "pod_name": _TEXT, "container_name": _TEXT}
        ),
    }
)
_DATED: Final = _TIMED.append(pa.field(_DATE, pa.float64()))
# As container runtimes write it; the years are those that 64 bits of nanoseconds can tell.
_TIME: Final = r"^(?:19[7-9]\d|20\d\d)-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$"
_SAYS_TIME: Final = re.compile(rb'"(?:time|@?timestamp)":"')
_BEGINNING: Final = 4096
_FIRST_KEY: Final = re.compile(rb'\[\{("[^"\\]{1,64}":)')


@dataclass(frozen=True, slots=True)
class Columns:
    """The records of a body, one a row; equally long.

    `body` and `moment` (nanoseconds) are null where it takes a closer look at the row's `entry`. `labels` are those
    that `LABELS` names, null where there is none. The other texts are empty then.
    """

    body: pa.StringArray
    moment: pa.Int64Array
    stream: pa.StringArray
    pod: pa.StringArray
    container: pa.StringArray
    labels: tuple[pa.StringArray, ...]
    # One record a line.
    text: bytes
    is_array: bool

    def __len__(self) -> int:
        return len(self.body)

    @property
    def size(self) -> int:
        """About how many bytes they take."""
        return 2 * len(self.text)

    def entries(self, rows: list[int]) -> list[Entry | Unreadable]:
        """Rows of the columns as they were read, as the readers of `fluent` have them."""
        lines = self.text.split(b"\n")
        return [fluent.entry(json_value.loaded(lines[row]), lines[row], is_alone=not self.is_array) for row in rows]

    def filter(self, mask: pa.BooleanArray) -> Columns:
        """The rows of a mask; their entries can no longer be asked for."""
        return replace(
            self,
            **{name: getattr(self, name).filter(mask) for name in ("body", "moment", "stream", "pod", "container")},
            labels=(),
        )


def are_worth_it(protocol: Protocol, body: bytes) -> bool:
    """Whether a body is sooner read in columns than one record after the other."""
    return protocol in _PROTOCOLS and len(body) >= _LEAST_BYTES


def read(body: bytes) -> Columns | None:
    """The records of a body of Fluent Bit or Vector, when all of it can be read as columns."""
    text = _lines(body)
    if text is None:
        return None
    try:
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
        if table.num_rows != text.count(b"\n") + 1:
            return None
        # A time such as the 31st of June.
        moment = _moments(table)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    place = _column(table, "kubernetes")
    return Columns(
        _without_newline(pc.coalesce(_column(table, "log"), _column(table, "message"))),
        moment,
        _column(table, "stream").fill_null(""),
        pc.struct_field(place, "pod_name").fill_null(""),
        pc.struct_field(place, "container_name").fill_null(""),
        _labels(place),
        text,
        body.startswith(b"["),
    )


def _lines(body: bytes) -> bytes | None:
    """The records one a line, when the body's own form shows where each begins.

    Then each line is one record if there are as many records as lines: a line break within a record would stand
    between `}` and `{`, where no JSON has nothing else. A comma that is taken for one between records and is not
    leaves JSON that nobody reads.
    """
    if body.startswith(b"{"):
        text = body.removesuffix(b"\n")
        return text if text.endswith(b"}") and text.count(b"\n") == text.count(b"}\n{") else None
    first = _FIRST_KEY.match(body)
    if first is None or not body.endswith(b"}]") or b"\n" in body:
        return None
    # Records of one agent begin with the same key, and no text within a record holds a quote that is not escaped.
    return body[1:-1].replace(b"},{" + first[1], b"}\n{" + first[1])


def _column(table: pa.Table, name: str) -> pa.Array:
    return table[name].combine_chunks()


def _without_newline(log: pa.StringArray) -> pa.StringArray:
    ends = pc.ends_with(log, "\n")
    if not pc.any(ends).as_py():
        return log
    return pc.if_else(ends, pc.utf8_slice_codeunits(log, 0, -1), log)


def _labels(place: pa.StructArray) -> tuple[pa.StringArray, ...]:
    first, second = (pc.struct_field(place, name) for name in ("labels", "pod_labels"))
    own = [pc.struct_field(first, [number]) for number in range(len(LABELS))]
    if not first.null_count:
        return tuple(own)
    # Labels without any of the platform's count, too: whoever owns nothing is looked at closely.
    is_none = first.is_null()
    return tuple(pc.if_else(is_none, pc.struct_field(second, [number]), one) for number, one in enumerate(own))


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
