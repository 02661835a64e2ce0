"""Rows as a file that is written as they come, and that says at its end whether it is whole."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.surface.encoding import FORMATS, Ndjson
from billing.surface.row import key_of
from billing.surface.table import rebatched
from core.errors import StarmeterError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    import pyarrow as pa  # type: ignore[import-untyped]

    from billing.surface.encoding import Encoder, Manifest
    from billing.surface.row import Key


@dataclass(frozen=True, slots=True)
class Export:
    """At most `limit` rows of `batches` in a format; `cursor` writes where it goes on, `manifest` is what it says."""

    batches: AsyncGenerator[pa.RecordBatch, None]
    format: str
    schema: pa.Schema
    limit: int
    cursor: Callable[[Key], str]
    manifest: Manifest

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes; the last ones say that it is whole, or where it goes on."""
        encoder: Encoder = FORMATS[self.format](self.schema)
        rows, last, is_cut = 0, None, False
        try:
            async with contextlib.aclosing(self.batches), contextlib.aclosing(rebatched(self.batches)) as batches:
                async for batch in batches:
                    is_cut = rows + batch.num_rows > self.limit
                    kept = batch.slice(0, self.limit - rows)
                    if kept.num_rows:
                        rows, last = rows + kept.num_rows, key_of(kept, kept.num_rows - 1)
                        # On another thread, for it keeps all other reads waiting otherwise.
                        yield await asyncio.to_thread(encoder.rows, kept)
                    if is_cut:
                        break
        except StarmeterError as failure:
            if isinstance(encoder, Ndjson) and rows:
                yield encoder.end(self._manifest(rows, None) | {"complete": False, "error": failure.code})
            raise
        yield encoder.end(self._manifest(rows, last if is_cut else None))

    def _manifest(self, rows: int, last: Key | None) -> Manifest:
        after = None if last is None else self.cursor(last)
        return {"complete": last is None, "rows": rows, **self.manifest, "next_cursor": after}


async def page(batches: AsyncGenerator[pa.RecordBatch, None], limit: int) -> tuple[list[pa.RecordBatch], Key | None]:
    """At most `limit` rows, and the key of the last one when there are more."""
    kept: list[pa.RecordBatch] = []
    left = limit
    async with contextlib.aclosing(batches):
        async for batch in batches:
            if batch.num_rows and not left:
                return kept, key_of(kept[-1], kept[-1].num_rows - 1)
            part = batch.slice(0, left)
            left -= part.num_rows
            if part.num_rows:
                kept.append(part)
            if part.num_rows < batch.num_rows:
                return kept, key_of(part, part.num_rows - 1)
    return kept, None
