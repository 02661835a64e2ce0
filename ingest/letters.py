"""Dead letters as an Arrow table of the store's own columns: what came and could not be made a record."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import pyarrow as pa  # type: ignore[import-untyped]

from ingest.rows import NAME

if TYPE_CHECKING:
    from ingest.entry import LetterReason, Protocol

LETTERS: Final = pa.schema(
    {
        "received_at": pa.timestamp("ms", "UTC"),
        "id": pa.uint64(),
        "reason": NAME,
        "detail": pa.string(),
        "region": NAME,
        "cluster": NAME,
        "protocol": NAME,
        "payload": pa.binary(),
        "replayed_at": pa.timestamp("ms", "UTC"),
        "revision": pa.uint32(),
    }
)


def letter_id(cluster: str, protocol: Protocol, payload: bytes) -> int:
    """The 64 bits by which a letter delivered again is the same letter."""
    digest = blake2b(f"{cluster}\0{protocol.value}\0".encode() + payload, digest_size=8).digest()
    return int.from_bytes(digest, "little")


class Letters:
    """Dead letters of one region."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._rows: list[dict[str, object]] = []
        self.ids: list[int] = []

    def __len__(self) -> int:
        return len(self.ids)

    def append(  # noqa: PLR0917 - the columns in their order
        self,
        number: int,
        received: int,
        reason: LetterReason,
        detail: str,
        cluster: str,
        protocol: Protocol,
        payload: bytes,
    ) -> None:
        """Add a letter; `received` is in milliseconds."""
        self.ids.append(number)
        self._rows.append(
            {
                "received_at": received,
                "id": number,
                "reason": reason.value,
                "detail": detail,
                "region": self._region,
                "cluster": cluster,
                "protocol": protocol.value,
                "payload": payload,
                "replayed_at": None,
                "revision": 0,
            }
        )

    def extend(self, other: Letters) -> None:
        """Add all of another's letters."""
        self.ids.extend(other.ids)
        self._rows.extend(other._rows)

    def table(self) -> pa.Table:
        """The Arrow table of `LETTERS`."""
        columns = [pa.array([row[field.name] for row in self._rows], field.type) for field in LETTERS]
        return pa.Table.from_arrays(columns, schema=LETTERS)
