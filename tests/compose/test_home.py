from __future__ import annotations

import multiprocessing
import os
import stat
from typing import TYPE_CHECKING

import pytest

from compose.home import AlreadyRunning, Home, write_private
from core.errors import ConfigurationError

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event
    from pathlib import Path


def test_a_folder_has_one_supervisor_at_a_time(tmp_path: Path) -> None:
    home = Home(tmp_path)

    with home.hold():
        with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()}.*starmeter down"), home.hold():
            pass
        assert home.holder() == os.getpid()
    assert home.holder() is None


def test_two_folders_do_not_meet(tmp_path: Path) -> None:
    with Home(tmp_path / "a").hold(), Home(tmp_path / "b").hold():
        assert Home(tmp_path / "a").holder() == os.getpid()


def _hold(path: Path, held: Event) -> None:
    with Home(path).hold():
        held.set()
        held.clear()
        os.kill(os.getpid(), 9)


def test_a_killed_supervisor_holds_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    other = context.Process(target=_hold, args=(tmp_path, held))
    other.start()
    other.join()

    assert other.exitcode == -9
    assert (tmp_path / "supervisor.lock").read_text() == str(other.pid)
    assert Home(tmp_path).holder() is None
    other.close()


def test_asking_who_holds_a_folder_does_not_make_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "nowhere")

    assert home.holder() is None
    assert not home.path.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(ConfigurationError, match=r"home: .*/file/below cannot be used"),
        Home(tmp_path / "file" / "below").hold(),
    ):
        pass


def test_a_secret_is_random_made_once_and_private(tmp_path: Path) -> None:
    home, other = Home(tmp_path / "a"), Home(tmp_path / "b")

    first = home.secret("read").read_text()

    assert home.secret("read").read_text() == first
    assert other.secret("read").read_text() != first
    assert len(first) >= 32
    assert stat.S_IMODE(home.secret("read").stat().st_mode) == 0o600


def test_a_private_file_replaces_a_public_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    path.write_text("old and longer")
    path.chmod(0o644)

    write_private(path, "new")

    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
