"""The log table: what is kept, for how long, once, and how it is found."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from compose.clickhouse.policy import POLICIES
from core import clickhouse, migration
from core.clickhouse import Endpoint
from sql.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server

COLUMNS = ["project_id", "environment", "service_id", "retention_days", "timestamp", "id", "severity", "source", "body"]


@pytest.fixture(scope="module")
def sink(server: Server) -> Iterator[Client]:
    """The raw writer as the sink has it."""
    client = clickhouse.writer(Endpoint.of("the store", server.writer_url))
    yield client
    client.close()


def _records(project: UUID, count: int, *, begin: datetime, retention: int = 30, word: str = "line") -> list[list[Any]]:
    return [
        [project, "production", project, retention, begin + timedelta(seconds=n), n, 9, "app", f"{word} number {n}"]
        for n in range(count)
    ]


def _count(client: Client, project: UUID, table: str = "logs", what: str = "count()") -> int:
    statement = f"SELECT {what} FROM starmeter.{table} AS l WHERE l.project_id = {{p:UUID}}"  # noqa: S608 - fixed texts
    return int(client.query(statement, parameters={"p": project}).result_rows[0][0])


def test_a_batch_that_is_delivered_twice_is_kept_and_counted_once(sink: Client) -> None:
    project, begin = uuid4(), datetime.now(UTC) - timedelta(hours=1)
    records = _records(project, 500, begin=begin)
    for _ in range(3):
        sink.insert("starmeter.logs", records, COLUMNS, settings={"insert_deduplication_token": str(project)})

    assert _count(sink, project) == 500
    assert _count(sink, project, "logs_volume_1m", "sum(records)") == 500
    assert _count(sink, project, "logs_volume_1m", "sum(bytes)") == sum(len(one[-1]) for one in records)


def test_a_batch_over_several_days_and_retentions_is_kept_once_in_each_part(sink: Client) -> None:
    project, now = uuid4(), datetime.now(UTC)
    records = [
        *_records(project, 10, begin=now - timedelta(days=2), retention=7),
        *_records(project, 10, begin=now - timedelta(days=1), retention=30),
        *_records(project, 10, begin=now, retention=90),
    ]
    for _ in range(2):
        sink.insert("starmeter.logs", records, COLUMNS, settings={"insert_deduplication_token": str(project)})

    assert _count(sink, project) == 30
    assert _count(sink, project, "logs_volume_1m", "sum(records)") == 30


def test_another_batch_is_never_swallowed(sink: Client) -> None:
    project, begin = uuid4(), datetime.now(UTC)
    for token in ("a", "b"):
        sink.insert(
            "starmeter.logs",
            _records(project, 5, begin=begin, word=token),
            COLUMNS,
            settings={"insert_deduplication_token": f"{project}-{token}"},
        )

    assert _count(sink, project) == 10


def _partitions(client: Client, table: str) -> dict[str, int]:
    statement = (
        "SELECT partition, sum(rows) FROM system.parts "
        "WHERE active AND rows > 0 AND database = 'starmeter' AND table = {t:String} GROUP BY partition"
    )
    return {str(name): int(rows) for name, rows in client.query(statement, parameters={"t": table}).result_rows}


def test_when_the_clock_has_moved_on_whole_partitions_of_that_tier_go_and_nothing_else(fresh: Server) -> None:
    """Nobody can move the engine's clock: the records age instead, written while the table forgets its TTL."""
    endpoint = Endpoint.of("the store", fresh.writer_url)
    migration.upgrade(endpoint, "logs", Topology.SINGLE)
    client = clickhouse.writer(endpoint)
    client.command("CREATE DATABASE billing")
    client.command("CREATE TABLE billing.usage (hour DateTime, workspace_id String) ENGINE = MergeTree ORDER BY hour")
    client.command("INSERT INTO billing.usage SELECT now() - toIntervalDay(number), 'w' FROM numbers(400)")
    ddl = str(client.command("SHOW CREATE TABLE starmeter.logs")).replace("\\n", "\n")
    match = re.search(r"^TTL (.*)$", ddl, re.MULTILINE)
    assert match is not None
    client.command("ALTER TABLE starmeter.logs REMOVE TTL")
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    project = uuid4()
    for tier in (7, 30, 90):
        for age in (1, tier - 1, tier + 2, tier + 3):
            records = _records(project, 20, begin=noon - timedelta(days=age), retention=tier)
            client.insert("starmeter.logs", records, COLUMNS)
    before, volume = _partitions(client, "logs"), _partitions(client, "logs_volume_1m")
    client.command(f"ALTER TABLE starmeter.logs MODIFY TTL {match[1]}", settings={"materialize_ttl_after_modify": 1})
    client.command("OPTIMIZE TABLE starmeter.logs FINAL")
    deadline = time.monotonic() + 20
    expected = {
        f"({tier},'{(noon - timedelta(days=age)).date()}')": 20 for tier in (7, 30, 90) for age in (1, tier - 1)
    } | {"(25000,'2026-01-01')": 1}
    while _partitions(client, "logs") != expected:
        assert time.monotonic() < deadline, (_partitions(client, "logs"), expected)
        time.sleep(0.2)

    assert len(before) == 13
    assert _partitions(client, "logs_volume_1m") == volume
    assert client.command("SELECT count() FROM billing.usage") == 400
    client.close()


def test_the_table_forgets_by_dropping_parts_and_its_days_end_together(writer: Client) -> None:
    ddl = str(writer.command("SHOW CREATE TABLE starmeter.logs"))

    assert "ttl_only_drop_parts = 1" in ddl
    assert "toStartOfDay(timestamp) + toIntervalDay(retention_days + 1)" in ddl
    assert "PARTITION BY (retention_days, toDate(timestamp))" in ddl


@pytest.fixture(scope="module")
def crowded(sink: Client) -> UUID:
    """One of 200 projects, with a word that only one of its 2,000 records has."""
    sink.command(
        "INSERT INTO starmeter.logs (project_id, environment, service_id, retention_days, timestamp, id, severity, "
        "source, trace_id, body) SELECT toUUID(concat('00000000-0000-4000-8001-', leftPad(toString(number % 200), 12, "
        "'0'))), 'production', toUUID('00000000-0000-4000-8001-000000000000'), 30, "
        "now64(9) - toIntervalMillisecond(number), number, 9, 'app', "
        "unhex(leftPad(hex(number), 32, '0')), concat('common needle', toString(number), ' Line') "
        "FROM numbers(400000)"
    )
    sink.command("OPTIMIZE TABLE starmeter.logs FINAL")
    return UUID("00000000-0000-4000-8001-000000000007")


def _read_rows(server: Server, project: UUID, condition: str) -> tuple[int, int]:
    """How many records answer the condition, and how many rows were read for it."""
    statement = f"SELECT count() FROM starmeter.logs AS l WHERE l.project_id = {{p:UUID}} AND {condition}"  # noqa: S608
    parameters = {"SQL_project": str(project), "param_p": str(project), "use_query_condition_cache": "0"}
    with server.http(reader=True) as client:
        answer = client.post("/", params=parameters, content=statement)
        assert answer.status_code == 200, answer.text
    return int(answer.text), int(json.loads(answer.headers["X-ClickHouse-Summary"])["read_rows"])


def test_a_tenants_read_reads_its_own_granules(server: Server, crowded: UUID) -> None:
    found, read = _read_rows(server, crowded, "length(l.body) > 0")

    assert found == 2000
    assert read <= 4 * 8192


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("hasToken(lower(l.body), 'needle207')", id="a token"),
        pytest.param("l.trace_id = unhex('000000000000000000000000000000CF')", id="a trace"),
    ],
)
@pytest.mark.usefixtures("crowded")
def test_a_needle_is_found_by_an_index_across_everything(writer: Client, condition: str) -> None:
    plan = str(
        writer.query(
            f"EXPLAIN indexes = 1 SELECT l.body FROM starmeter.logs AS l WHERE {condition}"  # noqa: S608 - fixed texts
        ).result_rows
    )
    used = "by_token" if "hasToken" in condition else "by_trace"
    granules = [int(kept) for kept in re.findall(rf"{used}.*?Granules: (\d+)/\d+", plan, re.DOTALL)]

    assert granules
    assert granules[0] <= 3


def test_the_newest_page_of_a_service_is_read_in_order(server: Server, crowded: UUID) -> None:
    statement = (
        "EXPLAIN actions = 1 SELECT l.body FROM starmeter.logs AS l WHERE l.project_id = {p:UUID} "
        "AND l.environment = 'production' AND l.service_id = toUUID('00000000-0000-4000-8001-000000000000') "
        "ORDER BY l.timestamp DESC, l.id DESC LIMIT 100"
    )
    reader = server.reader(str(crowded))

    assert "InReverseOrder" in str(reader.query(statement, parameters={"p": crowded}).result_rows).replace(" ", "")
    reader.close()


def test_a_dead_letter_that_was_replayed_is_one_row(sink: Client) -> None:
    columns = ["received_at", "id", "reason", "payload", "revision"]
    at = datetime.now(UTC)
    for revision in (0, 1):
        sink.insert("starmeter.dead_letters", [[at, 7, "unknown_tenant", "x" * 100, revision]], columns)

    statement = "SELECT count(), max(revision) FROM starmeter.dead_letters FINAL WHERE id = 7"
    assert sink.query(statement).result_rows == [(1, 1)]


def test_every_table_of_the_schema_is_under_a_policy_of_the_local_engine(writer: Client) -> None:
    tables = {
        name for (name,) in writer.query("SELECT name FROM system.tables WHERE database = 'starmeter'").result_rows
    }

    assert tables - {"migrations"} == set(POLICIES)
