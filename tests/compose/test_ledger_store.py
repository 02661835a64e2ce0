"""The ledger's store is migrated by command, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.compose.clickhouse.serving import running
from tests.compose.running import starmeter

if TYPE_CHECKING:
    from pathlib import Path


def test_the_ledger_is_migrated_by_command_and_only_when_it_is_asked_for(tmp_path: Path) -> None:
    control = f"sqlite:///{tmp_path}/control.db"
    with running(tmp_path, migrated=False) as server:
        first = starmeter("migrate", "--store", control, "--ledger", server.writer_url)
        again = starmeter("migrate", "--store", control, "--ledger", server.writer_url)
        with server.writer() as client:
            tables = client.query("SELECT name FROM system.tables WHERE database = 'billing'").result_rows

    assert (first.returncode, "ledger 0001_ledger" in first.stdout) == (0, True), first.stderr
    assert again.stderr == "nothing pending: the control store and the ledger are up to date\n"
    assert ("usage",) in tables
