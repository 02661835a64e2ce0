"""The state folder of one local stack: what lies where in it, and who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.errors import BadRequest, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A reader holds the lock for the moment of asking; a supervisor that meets it tries again.
_TRIES: Final = 5
_TRY_SECONDS: Final = 0.1


class AlreadyRunning(BadRequest):
    """Another supervisor holds the folder."""


@dataclass(frozen=True, slots=True)
class Home:
    """A state folder; two stacks in two folders do not meet."""

    path: Path

    @property
    def stack_file(self) -> Path:
        """What runs, where, and the tokens for it: there exactly while everything is ready."""
        return self.path / "stack.json"

    @property
    def roster_file(self) -> Path:
        """Which processes were started."""
        return self.path / "processes.json"

    @property
    def control_file(self) -> Path:
        """The control store."""
        return self.path / "control.db"

    @property
    def supervisor_log(self) -> Path:
        """What a detached supervisor prints."""
        return self.log("supervisor")

    def log(self, process: str) -> Path:
        """The log file of a process."""
        return self.path / "log" / f"{process}.log"

    def folder(self, *parts: str) -> Path:
        """A folder below this one, created when missing."""
        path = self.path.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def secret(self, name: str, make: Callable[[], str] = secrets.token_urlsafe) -> Path:
        """A file with a random secret of this installation, made at first use and readable by its owner alone."""
        path = self.folder("secrets") / name
        if not path.exists():
            write_private(path, make())
        return path

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Be this folder's one supervisor, until the end of the block or of the process.

        Raises:
            AlreadyRunning: somebody else is.
            ConfigurationError: the folder cannot be written.
        """
        with self._lock_file() as descriptor:
            for _ in range(_TRIES):
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(_TRY_SECONDS)
            else:
                pid = _pid_in(descriptor) or "unknown"
                raise AlreadyRunning(
                    f"home: a stack runs in {self.path} already (process {pid}); end it with `starmeter down`"
                )
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            try:
                yield
            finally:
                os.ftruncate(descriptor, 0)

    def holder(self) -> int | None:
        """The process id of this folder's supervisor; `None` when there is none.

        Raises:
            ConfigurationError: the folder cannot be read.
        """
        if not self.path.exists():
            return None
        with self._lock_file() as descriptor:
            for _ in range(_TRIES):
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    if pid := _pid_in(descriptor):
                        return pid
                else:
                    return None
                # Held, and not written yet: it is being taken at this moment.
                time.sleep(_TRY_SECONDS)
            return None

    @contextlib.contextmanager
    def _lock_file(self) -> Iterator[int]:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as failure:
            raise ConfigurationError(f"home: {self.path} cannot be used: {failure.strerror}") from failure
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _pid_in(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0)
    return int(text) if text.isdigit() else None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, all at once: a reader sees the old content or the new."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
