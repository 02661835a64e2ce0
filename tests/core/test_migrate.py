"""`starmeter migrate` as people and programs use it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.core.program import answered, starmeter

if TYPE_CHECKING:
    import pytest

_VERSIONS: Final = Path(__file__).resolve().parents[2] / "sql" / "control" / "versions"
REVISIONS: Final = sorted(path.name[1:5] for path in _VERSIONS.glob("r*.py"))


def test_a_store_that_is_not_migrated_exits_with_3_and_the_command_that_helps(empty_url: str) -> None:
    result = starmeter("tokens", "list", store=empty_url)

    assert result.exit_code == 3
    assert "`starmeter migrate`" in result.stderr


def test_migrations_are_shown_then_run_then_done(empty_url: str) -> None:
    shown, shown_json = (starmeter("migrate", "--dry-run", *extra, store=empty_url) for extra in ((), ("--json",)))
    run = starmeter("migrate", store=empty_url)
    done = starmeter("migrate", store=empty_url)

    assert shown.exit_code == run.exit_code == done.exit_code == 0
    assert shown.stdout == run.stdout
    assert shown.stdout.startswith("0001  Workspaces, projects")
    assert [step["revision"] for step in answered(shown_json)["pending"]] == REVISIONS
    assert (done.stdout, "nothing pending" in done.stderr) == ("", True)
    assert answered(starmeter("migrate", "--json", store=empty_url)) == {"applied": []}


def test_the_default_store_is_a_file_of_the_local_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert starmeter("migrate").exit_code == 0
    with closing(sqlite3.connect(tmp_path / ".local" / "control.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[-1],)]
