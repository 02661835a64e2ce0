"""`starmeter up` and `starmeter down`: the local stack from a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from compose import roster
from compose.home import AlreadyRunning, Home, write_private
from compose.ports import reserved
from compose.programs import LOCAL
from compose.summary import summary
from compose.supervisor import Supervisor
from core.errors import CallerError, ConfigurationError, StarmeterError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from compose.stack import Stack

_LIVE_SECONDS: Final = 90.0
_TEND_SECONDS: Final = 0.2
# Every question is a line of the audit log.
_ASK_SECONDS: Final = 0.5
# Longer than the front-door may drain.
_DOWN_SECONDS: Final = 40.0
_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_HomeOption = Annotated[Path, typer.Option("--home", help="The state folder; stacks in different folders do not meet.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print the content of stack.json instead of a table.")]


def up(
    home: _HomeOption = LOCAL,
    detach: Annotated[bool, typer.Option("--detach", help="Return as soon as everything is ready.")] = False,
    as_json: _JsonOption = False,
) -> None:
    """Start the local stack: two regions of real programs with live traffic, and the front-door over them."""
    place = Home(home.resolve())
    with _reported():
        if detach:
            _detached(place)
            _show(place, as_json=as_json)
        else:
            _foreground(place, as_json=as_json)


def down(home: _HomeOption = LOCAL) -> None:
    """End the local stack and everything it started."""
    place = Home(home.resolve())
    with _reported():
        pid = place.holder()
        if pid is None:
            _say(f"nothing runs in {place.path}")
            place.stack_file.unlink(missing_ok=True)
            return
        started = roster.read(place.roster_file)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _DOWN_SECONDS
        while place.holder() == pid:
            if time.monotonic() > deadline:
                raise Unavailable(f"the supervisor (process {pid}) does not end; see {place.supervisor_log}")
            time.sleep(_TEND_SECONDS)
        roster.await_gone(started)
        _say(f"ended {len(started)} processes")


def _foreground(home: Home, *, as_json: bool) -> None:
    from compose.stack import Stack  # noqa: PLC0415 - loads the control store's libraries; `down` is quick without

    os.umask(0o077)  # stores, logs and the audit log hold what no other user of this machine may read
    with home.hold(), reserved(Stack.PORTS) as ports, _endings_interrupt():
        supervisor: Supervisor | None = None
        try:
            home.stack_file.unlink(missing_ok=True)
            # A supervisor that was killed leaves processes that are just ending, and still hold what we need.
            roster.await_gone(roster.read(home.roster_file))
            stack = Stack(home, ports, datetime.now(UTC))
            supervisor = Supervisor(stack.tiers(), _say, lambda: _enrol(home, supervisor))
            supervisor.start()
            _await_live(stack, supervisor)
            write_private(home.stack_file, json.dumps(stack.description(), indent=1))
            _show(home, as_json=as_json)
            while True:
                supervisor.tend()
                time.sleep(_TEND_SECONDS)
        except KeyboardInterrupt:
            _say("ending")
        finally:
            for ending in _ENDINGS:
                signal.signal(ending, signal.SIG_IGN)
            home.stack_file.unlink(missing_ok=True)
            if supervisor is not None:
                supervisor.stop()
            home.roster_file.unlink(missing_ok=True)


def _enrol(home: Home, supervisor: Supervisor | None) -> None:
    """Write down which processes run now."""
    processes = [] if supervisor is None else supervisor.processes
    entries = [roster.entry("supervisor", os.getpid()), *(roster.entry(one.name, one.pid) for one in processes)]
    roster.write(home.roster_file, [one for one in entries if one is not None])


def _await_live(stack: Stack, supervisor: Supervisor) -> None:
    """Wait until every project's own data comes out of the front-door.

    Raises:
        Unavailable: some project's does not within a minute and a half.
    """
    _say("waiting for live data")
    deadline = time.monotonic() + _LIVE_SECONDS
    while missing := stack.missing():
        if time.monotonic() > deadline:
            raise Unavailable(f"no data of {', '.join(missing)} after {_LIVE_SECONDS:g} s; see the log folder")
        supervisor.tend()
        time.sleep(_ASK_SECONDS)


def _detached(home: Home) -> None:
    """Start a supervisor of its own and wait until it is ready.

    Raises:
        AlreadyRunning: there is one.
        Unavailable: it ended; the message repeats its last words.
    """
    if (holder := home.holder()) is not None:
        raise AlreadyRunning(
            f"home: a stack runs in {home.path} already (process {holder}); end it with `starmeter down`"
        )
    home.supervisor_log.parent.mkdir(parents=True, exist_ok=True)
    with home.supervisor_log.open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "starmeter", "up", "--home", str(home.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    told = 0
    try:
        while not (home.stack_file.exists() and home.holder() == supervisor.pid):
            told = _repeat(home.supervisor_log, told)
            if supervisor.poll() is not None:
                raise Unavailable(f"the stack did not start; see {home.supervisor_log}")
            time.sleep(_TEND_SECONDS)
    except KeyboardInterrupt:
        # Nobody waits for it any more: it ends what it started, and then itself.
        supervisor.terminate()
        raise


def _repeat(log: Path, told: int) -> int:
    """Pass on the whole lines that a supervisor has printed since the first `told`; returns how many there are now."""
    lines = log.read_text(errors="replace").splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    for line in whole[told:]:
        typer.echo(line, err=True, nl=False)
    return len(whole)


def _show(home: Home, *, as_json: bool) -> None:
    text = home.stack_file.read_text()
    typer.echo(text if as_json else summary(json.loads(text)))


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


@contextlib.contextmanager
def _endings_interrupt() -> Iterator[None]:
    """Make every signal that means the end look like Ctrl-C."""

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    for ending in _ENDINGS:
        signal.signal(ending, interrupt)
    yield


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    """Print an error as one sentence; the exit code is 2 when the caller can mend it, 3 when a part failed."""
    try:
        yield
    except StarmeterError as failure:
        typer.echo(f"starmeter: {failure.message}", err=True)
        raise typer.Exit(2 if isinstance(failure, CallerError | ConfigurationError) else 3) from failure
