"""A file that fails in its middle, after it has begun to be sent, cannot be taken for a whole one."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from billing.surface.export import Export
from billing.surface.table import BATCH_ROWS, USAGE, rebatched
from core.errors import Unavailable
from tests.billing.books import WORKSPACE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_SEVERAL: Final = BATCH_ROWS // 3


def batch(rows: int) -> pa.RecordBatch:
    """So many rows of a workspace."""
    texts = {name: [WORKSPACE] * rows for name in USAGE.names if pa.types.is_string(USAGE.field(name).type)}
    numbers = {"start": range(rows), "end": range(rows), "quantity": range(rows), "amount": [None] * rows}
    return pa.RecordBatch.from_pydict(
        {name: list(values) for name, values in {**texts, **numbers}.items()}, schema=USAGE
    )


async def broken(good: int) -> AsyncGenerator[pa.RecordBatch, None]:
    """Some good batches, and then nothing more."""
    for _ in range(good):
        yield batch(_SEVERAL)
    raise Unavailable("the usage ledger broke off its answer")


async def collect(export: Export, pieces: list[bytes]) -> None:
    """What is sent, for as long as it is."""
    async for piece in export.pieces():
        pieces.append(piece)  # noqa: PERF401 - what was sent before a failure is wanted, too


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet", "arrow"])
async def test_a_file_that_breaks_off_says_so_or_cannot_be_read(form: str) -> None:
    export = Export(broken(4), form, USAGE, 10**6, str, {})
    pieces: list[bytes] = []
    with pytest.raises(Unavailable):
        await collect(export, pieces)
    content = b"".join(pieces)

    assert content
    match form:
        case "csv":
            assert b"#manifest" not in content
        case "ndjson":
            *lines, last = content.splitlines()
            assert (
                json.loads(last)["manifest"] | {"rows": len(lines), "complete": False, "error": "unavailable"}
                == (json.loads(last)["manifest"])
            )
        case "parquet":
            with pytest.raises(pa.ArrowInvalid):
                pq.read_table(io.BytesIO(content))
        case _:
            batches = list(pa.ipc.open_stream(content).iter_batches_with_custom_metadata())
            assert not any(each.custom_metadata for each in batches)


@pytest.mark.anyio
async def test_rows_are_cut_alike_however_they_come() -> None:
    async def pieces(sizes: list[int]) -> AsyncGenerator[pa.RecordBatch, None]:
        whole, begin = batch(sum(sizes)), 0
        for size in sizes:
            yield whole.slice(begin, size)
            begin += size

    total = 2 * BATCH_ROWS + 7
    for sizes in ([total], [1, BATCH_ROWS, 5, total - BATCH_ROWS - 6], [_SEVERAL] * 6 + [total - 6 * _SEVERAL]):
        found = [each async for each in rebatched(pieces(sizes))]

        assert [each.num_rows for each in found] == [BATCH_ROWS, BATCH_ROWS, 7]
        assert pa.Table.from_batches(found).equals(pa.Table.from_batches([batch(total)]))
