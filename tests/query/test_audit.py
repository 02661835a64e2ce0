"""Audit lines: whole, in order, never twice; a log that cannot be written stops reads instead of memory."""

from __future__ import annotations

import asyncio
import errno
from io import RawIOBase
from typing import Any

import orjson
import pytest

from core.errors import Unavailable
from query.audit import AuditLog


class Disk(RawIOBase):
    """A stream that takes `room` bytes, then says that the disk is full."""

    def __init__(self, room: int, piece: int = 7) -> None:
        self.room = room
        self.text = b""
        self._piece = piece  # a raw stream may take any part of what it is given

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        taken = bytes(data[: min(self.room, self._piece)])
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.text += taken
        self.room -= len(taken)
        return len(taken)


def numbers(disk: Disk) -> list[int]:
    return [orjson.loads(line)["n"] for line in disk.text.splitlines()]


async def test_lines_are_on_the_stream_a_moment_later_in_order() -> None:
    disk = Disk(1_000_000)
    audit = AuditLog(disk)
    for number in range(100):
        audit.write({"n": number})
    assert disk.text == b""
    await asyncio.sleep(0.1)
    assert numbers(disk) == list(range(100))


async def test_after_a_full_disk_every_line_is_there_once() -> None:
    disk = Disk(45)  # five lines and a half
    audit = AuditLog(disk)
    for number in range(10, 20):
        audit.write({"n": number})
    audit.flush()
    disk.room = 1_000_000
    for number in range(20, 30):
        audit.write({"n": number})
    audit.flush()
    assert numbers(disk) == list(range(10, 30))


async def test_a_log_that_is_never_written_refuses_reads_before_memory_is_gone() -> None:
    disk = Disk(0, piece=1_000_000)
    audit = AuditLog(disk)
    audit.require_room()
    for _ in range(20):
        audit.write({"n": "x" * 1_000_000})
    audit.flush()
    with pytest.raises(Unavailable, match="reads cannot be recorded now"):
        audit.require_room()
    disk.room = 100_000_000
    audit.flush()
    audit.require_room()
