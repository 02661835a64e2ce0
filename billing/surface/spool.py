"""A table as a file of its own, written once as a whole, with its length and its digest."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from billing.surface.encoding import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Spool:
    """`content` is at its beginning and is closed by whoever reads it; `sha256` is of its bytes."""

    content: IO[bytes]
    length: int
    sha256: bytes
    rows: int


def spooled(batches: Iterable[Any], form: str, schema: Any) -> Spool:  # noqa: ANN401 - pyarrow's have no types
    """Batches of a table in a format, on disk however many there are; the same batches give the same bytes."""
    encoder, digest, rows = FORMATS[form](schema), hashlib.sha256(), 0
    content = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever reads it
    for batch in batches:
        rows += batch.num_rows
        piece = encoder.rows(batch)
        digest.update(piece)
        content.write(piece)
    piece = encoder.end(None)
    digest.update(piece)
    content.write(piece)
    length = content.tell()
    content.seek(0)
    return Spool(content, length, digest.digest(), rows)
