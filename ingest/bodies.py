"""What a column of bodies says beside their text, and the attributes of their records; `structure` and `level` say it.

Only bodies that may say something are looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ingest import level, structure
from ingest.rows import NO_SPAN, NO_TRACE, STREAM

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Said:
    """The columns `severity`, `trace_id`, `span_id` and `attributes` of records."""

    severity: pa.UInt8Array
    trace_id: pa.FixedSizeBinaryArray
    span_id: pa.FixedSizeBinaryArray
    attributes: pa.MapArray


def read(bodies: pa.StringArray, streams: pa.StringArray) -> Said:
    """What bodies say that came by these streams (empty: not known)."""
    count = len(bodies)
    is_object = pc.starts_with(bodies, "{")
    severities = np.where(
        pc.equal(streams, level.ERROR_STREAM).to_numpy(zero_copy_only=False), level.ERROR, level.INFO
    ).astype(np.uint8)
    traces, spans = bytearray(NO_TRACE * count), bytearray(NO_SPAN * count)
    said_by = np.flatnonzero(is_object.to_numpy(zero_copy_only=False))
    names: list[str] = []
    values: list[str] = []
    found: list[int] = []
    levels: list[int] = []
    has_stream = pc.not_equal(streams, "").to_numpy(zero_copy_only=False)
    for row, body, stream in zip(
        said_by.tolist(), bodies.take(said_by).to_pylist(), streams.take(said_by).to_pylist(), strict=True
    ):
        attributes, severity, trace_id, span_id = structure.read(body)
        levels.append(severity or level.of_line(body, stream))
        found.append(len(attributes))
        names += attributes
        values += attributes.values()
        if trace_id:
            traces[16 * row : 16 * row + 16] = trace_id
        if span_id:
            spans[8 * row : 8 * row + 8] = span_id
        if STREAM in attributes:
            has_stream[row] = False
    severities[said_by] = levels
    counts = np.zeros(count, np.int64)
    counts[said_by] = found
    is_line = pc.and_not(pc.match_substring_regex(pc.utf8_slice_codeunits(bodies, 0, level.HEAD), level.ANY), is_object)
    lines = np.flatnonzero(is_line.to_numpy(zero_copy_only=False))
    severities[lines] = [
        level.of_line(body, stream)
        for body, stream in zip(bodies.take(lines).to_pylist(), streams.take(lines).to_pylist(), strict=True)
    ]
    return Said(
        pa.array(severities),
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(bytes(traces))]),
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(8), count, [None, pa.py_buffer(bytes(spans))]),
        _attributes(counts, names, values, has_stream, streams),
    )


def _attributes(
    counts: NDArray[np.int64],
    names: list[str],
    values: list[str],
    has_stream: NDArray[np.bool_],
    streams: pa.StringArray,
) -> pa.MapArray:
    """Each record's own attributes, which lie end to end, and its stream after them."""
    ends = np.cumsum(counts + has_stream)
    # Where, among the attributes of all records, those of the bodies are; the streams stand at the other places.
    of_body = np.ones(int(ends[-1]) if len(ends) else 0, bool)
    of_body[ends[has_stream] - 1] = False
    places = np.cumsum(of_body) - 1
    places[~of_body] = len(names) + np.arange(int(has_stream.sum()))
    after = pa.array(places)
    own = streams.filter(pa.array(has_stream))
    return pa.MapArray.from_arrays(
        pa.array(np.concatenate(([0], ends)).astype(np.int32)),
        pa.concat_arrays([pa.array(names, pa.string()), pa.repeat(STREAM, len(own))]).take(after),
        pa.concat_arrays([pa.array(values, pa.string()), own]).take(after),
    )
