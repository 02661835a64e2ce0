"""The bounded spool on disk: what was acknowledged and is not yet in the store.

One thread appends, another takes sealed files off. A file is sealed before it is inserted and never appended to after,
so that the batch that it makes has the same content, and the same deduplication token, however often it is tried.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import ConfigurationError, Unavailable
from ingest import segment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.segment import Content

_SUFFIX: Final = ".segment"
_REFUSED: Final = ".refused"
_DAMAGED: Final = ".damaged"
# A refused file that somebody wants to be tried again.
_AGAIN: Final = ".again"

_log = logging.getLogger("ingest.spool")


@dataclass(frozen=True, slots=True)
class Limits:
    """`total_bytes` on disk; a file is sealed at so many records or bytes, or so many seconds after its first block."""

    total_bytes: int
    records: int
    file_bytes: int
    seconds: float


class Spool:
    """The spool in one folder.

    Raises:
        ConfigurationError: the folder cannot be used, or another process uses it.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._changed = threading.Condition()
        self._sealed: deque[tuple[Path, int]] = deque()
        self._bytes = 0
        self._file: int | None = None
        self._path: Path | None = None
        self._size = self._records = 0
        self._began = 0.0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._lock)
                raise ConfigurationError(f"spool: {folder} is used by another process; give each its own") from None
            self._recover()
        except OSError as failure:
            raise ConfigurationError(f"spool: {folder} cannot be used: {failure.strerror}") from failure

    def _recover(self) -> None:
        """Take over what an earlier process left: every file is sealed, and what was refused is tried again."""
        for refused in (*self._folder.glob(f"*{_REFUSED}"), *self._folder.glob(f"*{_AGAIN}")):
            refused.rename(refused.with_suffix(_SUFFIX))
        paths = sorted(self._folder.glob(f"*{_SUFFIX}"))
        for path in paths:
            size = path.stat().st_size
            self._sealed.append((path, size))
            self._bytes += size
        self._next = int(paths[-1].stem) + 1 if paths else 1
        self._recovered = set(paths)
        # A number is never used twice in a row of processes, or a file that is left behind would be written over.
        for damaged in self._folder.glob(f"*{_DAMAGED}"):
            self._next = max(self._next, int(damaged.stem) + 1)
        if paths:
            _log.info("records of an earlier process are waiting", extra={"files": len(paths), "bytes": self._bytes})

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._bytes

    @property
    def span(self) -> tuple[int, int]:
        """The numbers of the first file that waits, and of the file that the next block goes to."""
        current = self._next if self._file is None else self._next - 1
        with self._changed:
            return int(self._sealed[0][0].stem) if self._sealed else current, current

    @property
    def waiting(self) -> int:
        """Sealed files that are not in the store yet."""
        return len(self._sealed)

    @property
    def is_full(self) -> bool:
        """Whether nothing more may be taken until the store has taken some."""
        return self._bytes >= self._limits.total_bytes

    def append(self, blocks: Sequence[bytes], records: int, now: float) -> None:
        """Make blocks durable: at the return they survive any end of the process. `now` is monotonic, in seconds.

        Raises:
            Unavailable: the spool is full, or the disk; nothing of them is kept.
        """
        data = b"".join(blocks)
        if self.is_full:
            raise Unavailable("the spool is full, for the log store does not take records; try again", retry_after=10)
        try:
            self._write(data, now)
        except OSError as failure:
            self._take_back()
            _log.error("the spool cannot be written", extra={"reason": failure.strerror})
            raise Unavailable("the spool cannot be written; try again", retry_after=10) from failure
        self._size += len(data)
        self._records += records
        with self._changed:
            self._bytes += len(data)
        if self._records >= self._limits.records or self._size >= self._limits.file_bytes:
            self.seal()

    def _write(self, data: bytes, now: float) -> None:
        if self._file is None:
            self._path = self._folder / f"{self._next:020d}{_SUFFIX}"
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._next += 1
            self._size = self._records = 0
            self._began = now
            self._sync_folder()
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        os.fdatasync(self._file)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _take_back(self) -> None:
        """Cut off what may have been written of blocks that are refused: they will be sent again."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, self._size)
            os.fsync(self._file)
        # Whatever state the file is in on the disk, nothing follows it.
        self.seal()

    def due(self, now: float) -> float | None:
        """In how many seconds the open file must be sealed; `None` when none is open."""
        return None if self._file is None else max(0.0, self._began + self._limits.seconds - now)

    def seal(self) -> None:
        """End the open file; from now on it waits to be taken."""
        if self._file is None or self._path is None:
            return
        os.close(self._file)
        self._file = None
        if not self._size:
            self._path.unlink()
            return
        with self._changed:
            self._sealed.append((self._path, self._size))
            self._changed.notify_all()

    def wait(self, seconds: float) -> Path | None:
        """The oldest sealed file, waited for at most so long; it stays until `done` or `set_aside`."""
        with self._changed:
            if not self._sealed:
                self._changed.wait(seconds)
            return self._sealed[0][0] if self._sealed else None

    def is_recovered(self, path: Path) -> bool:
        """Whether the file may have been sent to the store before: by an earlier process, or until it was refused."""
        return path in self._recovered

    def read(self, path: Path) -> Content:
        """The content of a sealed file; what of it is no whole block is cut off, or kept beside when it is damaged."""
        data = path.read_bytes()
        content = segment.parse(data)
        if content.is_damaged:
            kept = path.with_suffix(_DAMAGED)
            kept.write_bytes(data)
            _log.critical("a spool file is damaged; its rest is kept", extra={"file": kept.name, "from": content.end})
        elif content.end < len(data):
            left_out = {"file": path.name, "bytes": len(data) - content.end}
            _log.warning("a block that was never acknowledged is left out", extra=left_out)
        return content

    def done(self, path: Path) -> None:
        """Remove a file that is in the store."""
        path.unlink(missing_ok=True)
        self._remove(path)

    def set_aside(self, path: Path) -> None:
        """Keep a file that the store refuses for what is in it, and go on with the next; a restart tries it again."""
        path.rename(path.with_suffix(_REFUSED))
        self._remove(path, keep_bytes=True)

    def adopt(self) -> None:
        """Take up what `ask_again` asked for."""
        for path in sorted(self._folder.glob(f"*{_AGAIN}")):
            sealed = path.rename(path.with_suffix(_SUFFIX))
            with self._changed:
                self._recovered.add(sealed)
                self._sealed.append((sealed, sealed.stat().st_size))

    @property
    def refused(self) -> int:
        """Files that the store refuses, and that nobody asked to try again."""
        return len(refused(self._folder))

    def _remove(self, path: Path, *, keep_bytes: bool = False) -> None:
        with self._changed:
            head, size = self._sealed.popleft()
            if head != path:
                raise RuntimeError("files are taken in their order")
            self._bytes -= 0 if keep_bytes else size

    def close(self) -> None:
        """Seal what is open and let another process have the folder."""
        self.seal()
        os.close(self._lock)


def refused(folder: Path) -> list[Path]:
    """The files of the spool in `folder` that the store refuses, oldest first."""
    return sorted(folder.glob(f"*{_REFUSED}"))


def ask_again(path: Path) -> None:
    """Have a refused file tried again: by the process that has the spool, at once, or by the next that will have it."""
    path.rename(path.with_suffix(_AGAIN))
