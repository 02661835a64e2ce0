"""What a reader can and cannot do: one project's rows, and nothing but rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server

_DEFENCES: Final = {164, 452, 497, 62, 48, 308, 115}

ALL_ROWS: Final = [
    "SELECT body FROM starmeter.logs",
    "SELECT l.body FROM starmeter.logs AS l",
    "SELECT body FROM (SELECT * FROM starmeter.logs)",
    "WITH a AS (SELECT * FROM starmeter.logs) SELECT body FROM a",
    "WITH generateUUIDv4() AS x SELECT x AS project_id, body FROM starmeter.logs WHERE project_id = x",
    "SELECT body FROM starmeter.logs UNION ALL SELECT body FROM starmeter.logs",
    "SELECT body FROM starmeter.logs PREWHERE 1",
    "SELECT a.body FROM starmeter.logs AS a JOIN starmeter.logs AS b USING (id)",
    "SELECT arrayJoin((SELECT groupArray(body) FROM starmeter.logs))",
    "SELECT body FROM merge('starmeter', '^logs$')",
]

FORBIDDEN: Final = [
    "SELECT body FROM starmeter.logs SETTINGS log_comment = '*'",
    "SELECT body FROM starmeter.logs SETTINGS readonly = 0",
    "SELECT * FROM starmeter.dead_letters",
    "INSERT INTO starmeter.logs (body) VALUES ('x')",
    "INSERT INTO starmeter.logs (body) SELECT 'x'",
    "DROP TABLE starmeter.logs",
    "TRUNCATE TABLE starmeter.logs",
    "ALTER TABLE starmeter.logs DELETE WHERE 1",
    "CREATE TABLE starmeter.mine (a UInt8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE mine (a UInt8)",
    "OPTIMIZE TABLE starmeter.logs",
    "SYSTEM STOP MERGES",
    "SET log_comment = '*'",
    "SELECT 1; SELECT body FROM starmeter.logs",
    "SELECT body FROM starmeter.logs INTO OUTFILE '/tmp/x'",
    "SELECT * FROM file('/etc/passwd', 'RawBLOB', 'a String')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'RawBLOB', 'a String')",
    "SELECT * FROM remote('127.0.0.1', starmeter.logs)",
    "SELECT * FROM mysql('127.0.0.1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM executable('x', 'TSV', 'a String')",
    "SELECT * FROM mergeTreeIndex('starmeter', 'logs')",
    "SELECT name FROM system.users",
]


@pytest.fixture(scope="module")
def projects(writer: Client) -> Iterator[tuple[str, str]]:
    """Two projects with a record each; whatever is not of the first is not of ours."""
    ours, theirs = str(uuid4()), str(uuid4())
    rows = [
        [UUID(project), UUID(project), number, f"canary-{project}"] for number, project in enumerate((ours, theirs))
    ]
    columns = ["project_id", "service_id", "id", "body"]
    writer.insert("starmeter.logs", [[*row, 30] for row in rows], [*columns, "retention_days"])
    # Not expired on arrival: its time is now.
    writer.command(
        "INSERT INTO starmeter.logs (project_id, service_id, retention_days, timestamp, id, body) "
        "SELECT {ours:UUID}, {ours:UUID}, 30, now64(9), 1, 'ours' UNION ALL "
        "SELECT {theirs:UUID}, {theirs:UUID}, 30, now64(9), 2, 'theirs'",
        parameters={"ours": ours, "theirs": theirs},
    )
    yield ours, theirs
    writer.command(
        "ALTER TABLE starmeter.logs DELETE WHERE project_id IN {both:Array(UUID)} SETTINGS mutations_sync = 1",
        parameters={"both": [ours, theirs]},
    )


@pytest.mark.parametrize("statement", ALL_ROWS)
def test_a_reader_sees_its_project_whatever_it_asks(server: Server, projects: tuple[str, str], statement: str) -> None:
    reader = server.reader(projects[0])
    try:
        answer = reader.query(statement).result_rows
    except DatabaseError as refused:
        assert refused.code in _DEFENCES | {53}  # noqa: PT017 - some are refused by a server, some answered
        return
    finally:
        reader.close()

    assert "theirs" not in str(answer)
    assert "canary" not in str(answer)


def test_a_reader_sees_its_own_rows(server: Server, projects: tuple[str, str]) -> None:
    for project, body in zip(projects, ("ours", "theirs"), strict=True):
        reader = server.reader(project)
        assert reader.query("SELECT body FROM starmeter.logs").result_rows == [(body,)]
        assert reader.query("SELECT sum(records) FROM starmeter.logs_volume_1m").result_rows == [(1,)]
        reader.close()


@pytest.mark.parametrize(
    "project", ["", "nobody", "4f3c1b2a-0000-4000-8000-00000000dead", "00000000-0000-0000-0000-000000000000"]
)
def test_a_reader_of_no_project_sees_nothing(server: Server, projects: tuple[str, str], project: str) -> None:
    assert projects
    reader = server.reader(project)

    assert reader.query("SELECT count() FROM starmeter.logs").result_rows == [(0,)]
    reader.close()


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_a_reader_is_refused(server: Server, projects: tuple[str, str], statement: str) -> None:
    with server.http(reader=True) as client:
        answer = client.post("/", params={"SQL_project": projects[0]}, content=statement)

    assert "theirs" not in answer.text
    if answer.status_code == 200:  # no grant, or no row
        assert not answer.text.strip()
    else:
        assert int(answer.headers["X-ClickHouse-Exception-Code"]) in _DEFENCES


@pytest.mark.parametrize(
    ("name", "value"),
    [("readonly", "0"), ("readonly", "2"), ("allow_ddl", "1"), ("max_execution_time", "100000"), ("SQL_project", "*")],
)
def test_a_reader_may_not_loosen_its_own_limits(server: Server, name: str, value: str) -> None:
    with server.http(reader=True) as client:
        answer = client.post("/", params={name: value}, content="SELECT count() FROM starmeter.logs")

    # `*` is no project: a server's policies compare with it and find nothing.
    assert answer.text == "0\n" or int(answer.headers["X-ClickHouse-Exception-Code"]) in _DEFENCES


def test_a_reader_that_names_two_projects_is_refused(server: Server, projects: tuple[str, str]) -> None:
    ours, theirs = projects
    with server.http(reader=True) as client:
        answer = client.post(f"/?SQL_project={ours}&SQL_project={theirs}", content="SELECT body FROM starmeter.logs")

    assert "theirs" not in answer.text or "ours" not in answer.text


def test_a_get_changes_nothing_even_for_the_writer(server: Server) -> None:
    with server.http() as client:
        answer = client.get("/", params={"query": "CREATE TABLE starmeter.mine (a UInt8) ENGINE = Memory"})

    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"
