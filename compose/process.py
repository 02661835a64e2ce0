"""One supervised process: started on free loopback ports, waited for until it is ready, ended by its own id."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A loopback TCP port that nothing listens on at the moment; `compose.ports` keeps several for longer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent(parent: int) -> None:
    """Ask the kernel to end this child when its parent is gone, whatever ended the parent."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone already
        os._exit(1)


@dataclass
class Process:
    """A program with its arguments, its log file, and the URL that answers 2xx once it is ready (`is_ready` besides).

    Usable as a context manager: started and ready inside, gone outside. It dies with the *thread* that started it, for
    that is what the kernel calls a parent: start it from a thread that lives as long as it should.
    """

    name: str
    arguments: Sequence[str | Path]
    log: Path
    ready_url: str | None = None
    environment: Mapping[str, str] | None = None
    is_ready: Callable[[], bool] | None = None
    _popen: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def start(self) -> Self:
        """Start the program; its output goes to its log file. Idempotent while it runs."""
        if self.running:
            return self
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(
                [str(argument) for argument in self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if self.environment is None else dict(self.environment),
                # Own session: a terminal's Ctrl-C reaches the supervisor alone, which then ends its children in order.
                start_new_session=True,
                # Only system calls, from a library loaded beforehand.
                preexec_fn=functools.partial(_die_with_parent, os.getpid()),  # noqa: PLW1509
            )
        return self

    @property
    def running(self) -> bool:
        """Whether the program was started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def pid(self) -> int:
        """Its process id; 0 when it was not started."""
        return self._popen.pid if self._popen is not None else 0

    def wait_ready(self, timeout: float = 20.0) -> Self:
        """Wait until `ready_url` answers 2xx and `is_ready` holds, of those that are given.

        Raises:
            Unavailable: the program ended, or was not ready within `timeout` seconds; names its log file.
        """
        deadline = time.monotonic() + timeout
        while True:
            # First of all: at its address, somebody else may answer.
            if not self.running:
                raise Unavailable(f"{self.name}: ended while starting; see {self.log}\n{self._last_lines()}")
            if self._answers() and (self.is_ready is None or self.is_ready()):
                return self
            if time.monotonic() > deadline:
                raise Unavailable(f"{self.name}: not ready after {timeout:g} s; see {self.log}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        if self.ready_url is None:
            return True
        try:
            with urllib.request.urlopen(self.ready_url, timeout=1):  # noqa: S310 - our own loopback URL
                return True
        except (urllib.error.URLError, OSError):
            return False

    @property
    def exit_code(self) -> int | None:
        """What it ended with (negative: the signal); `None` while it runs, and when it was not started."""
        return self._popen.poll() if self._popen is not None else None

    def terminate(self) -> None:
        """Ask the program to end, without waiting for it."""
        if self._popen is not None and self.running:
            self._popen.terminate()

    def stop(self, timeout: float = 30.0) -> None:
        """End the program: SIGTERM, then SIGKILL after `timeout` seconds; returns when it is gone."""
        if self._popen is None:
            return
        self.terminate()
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._popen = None

    def _last_lines(self, count: int = 5) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def __enter__(self) -> Self:
        self.start()
        try:
            return self.wait_ready()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()
