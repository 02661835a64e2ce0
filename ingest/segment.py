"""The spool's file format: blocks of Arrow tables, each with its length and checksum, appended and never changed.

A block is `SMB1`, one byte of kind, four bytes of length and four of CRC-32, both little-endian, and that many bytes of
an Arrow IPC stream. A file that ends in the middle of a block was cut while that block was written, before anybody was
told that it is kept; all blocks before it are whole.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.ipc  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAGIC: Final = b"SMB1"
_HEAD: Final = struct.Struct("<4sBII")
_COMPRESSED: Final = pa.ipc.IpcWriteOptions(compression="lz4")


class Kind(IntEnum):
    """What a block is: rows for one of the store's tables, or what of a tenant's records was left out."""

    RECORDS = 1
    LETTERS = 2
    LIMITED = 3


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: its blocks' tables, and where the first byte is that is of no whole block.

    `is_damaged` is set when whole blocks may lie behind that byte: then it was not cut, but changed.
    """

    blocks: Sequence[tuple[Kind, pa.Table]]
    digest: str
    end: int
    is_damaged: bool

    def tables(self, kind: Kind) -> list[pa.Table]:
        """The tables of one kind, in their order."""
        return [table for found, table in self.blocks if found is kind]

    def table(self, kind: Kind) -> pa.Table | None:
        """All rows of one kind, in their order; `None` when there are none."""
        tables = self.tables(kind)
        return joined(tables) if tables else None


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of tables of one schema as one, in one piece."""
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def block(kind: Kind, table: pa.Table) -> bytes:
    """The bytes of one block."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_COMPRESSED) as writer:
        writer.write_table(table)
    payload = sink.getvalue().to_pybytes()
    head = _HEAD.pack(_MAGIC, kind, len(payload), zlib.crc32(payload))
    return head + bytes(payload)


def parse(data: bytes) -> Content:
    """The whole blocks of a file."""
    blocks = []
    position = 0
    is_damaged = False
    while position + _HEAD.size <= len(data):
        magic, kind, length, checksum = _HEAD.unpack_from(data, position)
        begin = position + _HEAD.size
        payload = data[begin : begin + length]
        if magic != _MAGIC or len(payload) < length or zlib.crc32(payload) != checksum:
            is_damaged = _MAGIC in data[position + 1 :]
            break
        blocks.append((Kind(kind), pa.ipc.open_stream(payload).read_all()))
        position = begin + length
    digest = blake2b(data[:position], digest_size=16).hexdigest()
    return Content(tuple(blocks), digest, position, is_damaged)
