"""Every statement and migration file, read by the real engine's parser for every topology."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sql
from sql import load
from sql.migration import migrations
from sql.topology import Topology

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ROOT = Path(sql.__file__).parent
# Migrations and what stands beside them; other folders hold pieces that are no statements of their own.
FILES = sorted(
    str(path.relative_to(ROOT)).removesuffix(".sql")
    for pattern in ("*.sql", "probe/*.sql", "server/*.sql", "*/[0-9][0-9][0-9][0-9]_*.sql")
    for path in ROOT.glob(pattern)
)
# What an interrupted migration may have done already.
_REPEATABLE = re.compile(
    r"CREATE \w+( \w+)* IF NOT EXISTS |ALTER TABLE .* (ADD|MODIFY|DROP) \w+ IF (NOT )?EXISTS |"
    r"INSERT INTO .*WHERE \(.*count\(\) = 0",
    re.DOTALL,
)


@pytest.mark.parametrize("topology", Topology)
@pytest.mark.parametrize("name", FILES)
def test_the_engine_can_parse_every_statement(writer: Client, name: str, topology: Topology) -> None:
    statements = topology.statements(load(name))

    assert statements
    for statement in statements:
        # Server-side objects are not in this engine, but in its grammar.
        assert writer.query("SELECT formatQuery({q:String})", parameters={"q": statement}).result_rows[0][0]


@pytest.mark.parametrize("name", FILES)
def test_every_file_says_what_it_is_for(name: str) -> None:
    assert load(name).startswith("-- ")


@pytest.mark.parametrize("family", ["logs"])
@pytest.mark.parametrize("topology", Topology)
def test_every_statement_of_a_migration_may_run_twice(family: str, topology: Topology) -> None:
    for migration in migrations(family):
        for statement in migration.statements(topology):
            assert _REPEATABLE.match(statement), statement


def test_migrations_are_in_the_order_of_their_numbers_without_a_gap() -> None:
    names = [one.name for one in migrations("logs")]

    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_a_topology_changes_engines_and_places_but_no_column() -> None:
    texts = {one: "\n".join(migrations("logs")[0].statements(one)) for one in Topology}
    columns = {one: re.findall(r"^    (\w+) .*CODEC", text, re.MULTILINE) for one, text in texts.items()}

    assert columns[Topology.SINGLE] == columns[Topology.REPLICATED] == columns[Topology.DISTRIBUTED]
    assert "Replicated" not in texts[Topology.SINGLE]
    assert "ON CLUSTER" not in texts[Topology.SINGLE]
    assert texts[Topology.REPLICATED].count("ENGINE = Replicated") == 3
    assert texts[Topology.REPLICATED].count(" replicated_deduplication_window") == 3
    assert "Distributed" not in texts[Topology.REPLICATED]
    assert texts[Topology.DISTRIBUTED].count("ENGINE = Distributed") == 3
    assert not [text for text in texts.values() if "$" in text]


def test_the_reader_of_a_server_is_granted_its_tables_and_nothing_else() -> None:
    for topology in Topology:
        grants = [one for one in topology.statements(load("server/logs")) if one.startswith("GRANT")]
        policies = [one for one in topology.statements(load("server/logs")) if "ROW POLICY" in one]
        to_reader = [one for one in grants if one.endswith("TO starmeter_reader")]
        tables = {one.split(" ON ")[-1].split()[0] for one in to_reader}
        held = {one.split(" ON ")[-1].split()[0] for one in policies if one.endswith("TO starmeter_reader")}

        assert all(re.search(r"SELECT ON starmeter\.logs\w* TO", one) for one in to_reader)
        assert tables == held, "every table that a reader may read has a row policy for it"


def test_a_changed_file_has_another_checksum() -> None:
    (first, second, *_) = migrations("logs")

    assert len(first.checksum) == 64
    assert first.checksum != second.checksum
    assert type(first)(first.family, first.name, first.text + " ").checksum != first.checksum
