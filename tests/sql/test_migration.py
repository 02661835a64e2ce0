"""Migrating a log store: shown, run, run again, refused."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import orjson
import pytest
from typer.testing import CliRunner

from core import migration
from core.clickhouse import Endpoint
from core.errors import ConfigurationError, Unavailable
from sql.migration import migrations
from sql.topology import Topology
from starmeter import app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compose.clickhouse.serving import Server

NAMES = [one.name for one in migrations("logs")]


def _endpoint(server: Server) -> Endpoint:
    return Endpoint.of("the store", server.writer_url)


def _upgrade(server: Server, topology: Topology = Topology.SINGLE) -> list[str]:
    return [one.name for one in migration.upgrade(_endpoint(server), "logs", topology)]


def test_an_empty_store_is_shown_what_it_lacks_then_given_it_then_left_alone(fresh: Server, tmp_path: Path) -> None:
    def migrate(*arguments: str) -> dict[str, list[dict[str, str]]]:
        environment = {
            "STARMETER_CONTROL_STORE": f"sqlite:///{tmp_path}/control.db",
            "STARMETER_LOG_STORES": fresh.writer_url,
        }
        result = CliRunner().invoke(app, ["migrate", "--json", *arguments], env=environment)
        assert (result.exit_code, result.stderr) == (0, "")
        answered: dict[str, list[dict[str, str]]] = orjson.loads(result.stdout)
        return answered

    shown, run, again = migrate("--dry-run"), migrate(), migrate()

    assert [one["revision"] for one in shown["pending"] if one.get("store") == "log_store 1"] == NAMES
    assert run == {"applied": shown["pending"]}
    assert again == {"applied": []}


def test_two_runners_at_a_time_do_no_harm(fresh: Server) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            _upgrade(fresh)
        except BaseException as failure:  # noqa: BLE001 - a thread's failure is this test's
            failures.append(failure)

    runners = [threading.Thread(target=run) for _ in range(3)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    client = fresh.writer()

    assert failures == []
    assert _upgrade(fresh) == []
    assert client.query("SELECT uniqExact(name) FROM starmeter.migrations").result_rows == [(len(NAMES),)]
    client.close()


def test_a_migration_that_was_interrupted_is_run_again(fresh: Server) -> None:
    client = fresh.writer()
    for statement in migrations("logs")[0].statements(Topology.SINGLE)[:2]:
        client.command(statement)

    assert _upgrade(fresh) == NAMES
    assert client.command("SELECT count() FROM starmeter.logs") == 1
    client.close()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("name = '0001_logs'", "was changed after it was applied"),
        ("name = '0009_later'", "was migrated by another release"),
        ("topology = 'replicated'", "was migrated as replicated, not as single"),
    ],
)
def test_a_store_of_another_history_is_refused_before_anything_is_run(
    fresh: Server, change: str, sentence: str
) -> None:
    _upgrade(fresh)
    client = fresh.writer()
    column, _, value = change.partition(" = ")
    (checksum,) = (one.checksum for one in migrations("logs")[:1])
    row = {"name": "'0001_logs'", "checksum": f"'{checksum}'", "topology": "'single'"} | {column: value}
    if column == "name" and "0001" in value:
        row["checksum"] = f"'{'0' * 64}'"
    client.command("TRUNCATE TABLE starmeter.migrations")
    client.command(
        f"INSERT INTO starmeter.migrations (family, {', '.join(row)}) SELECT 'logs', {', '.join(row.values())}"
    )
    client.command("DROP TABLE starmeter.dead_letters SYNC")

    with pytest.raises(ConfigurationError, match=sentence):
        _upgrade(fresh)
    assert client.command("EXISTS TABLE starmeter.dead_letters") == 0
    client.close()


def test_a_store_that_is_not_there_or_not_ours_is_told_apart(server: Server) -> None:
    with pytest.raises(Unavailable, match=r"^the store does not answer$"):
        migration.pending(Endpoint.of("the store", "http://writer:x@127.0.0.1:1"), "logs", Topology.SINGLE)
    wrong = server.writer_url.replace("//writer:", "//writer:x")
    with pytest.raises(ConfigurationError, match=r"^the store refuses the credential"):
        migration.pending(Endpoint.of("the store", wrong), "logs", Topology.SINGLE)
