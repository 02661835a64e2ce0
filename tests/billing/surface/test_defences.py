"""Each defence holds alone: the row policies, the look at the statement, the look at the rows, the probe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from pydantic import SecretStr

from billing.surface.scope import WorkspaceScope
from billing.surface.settings import SurfaceSettings
from billing.surface.statement import Statement
from billing.surface.store import LedgerStore
from billing.surface.verification import assert_rows, verify
from compose.clickhouse.policy import LEDGER_POLICIES
from core.errors import Unavailable
from core.scope import Principal
from query.verification import IsolationError
from sql import load
from sql.topology import Topology
from tests.billing.accounts.world import NEIGHBOUR
from tests.billing.books import PROJECT, WORKSPACE
from tests.billing.surface.serving import CURSOR_KEY

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from tests.billing.surface.conftest import Scene

SCOPE: Final = WorkspaceScope(Principal("ada", "t", frozenset()), WORKSPACE, is_staff=False)
SETTINGS: Final = {"SQL_workspace": WORKSPACE}
STATEMENTS: Final = ("usage", "rows", "latest")


def reader(stage: Scene, **settings: str) -> Client:
    """The store's locked reader as it comes."""
    client = stage.server.reader()
    for name, value in settings.items():
        client.set_client_setting(name, value)
    return client


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT DISTINCT workspace_id FROM billing.usage",
        "SELECT u.workspace_id FROM (SELECT * FROM billing.usage) AS u GROUP BY 1",
        "WITH a AS (SELECT * FROM billing.usage) SELECT DISTINCT workspace_id FROM a",
        "SELECT DISTINCT a.workspace_id FROM billing.usage AS a JOIN billing.usage AS b USING (source_id)",
        f"SELECT DISTINCT workspace_id FROM billing.usage WHERE workspace_id = '{NEIGHBOUR}' OR 1",  # noqa: S608 - ours
        "SELECT DISTINCT workspace_id FROM billing.usage PREWHERE 1",
        "SELECT arrayJoin((SELECT groupUniqArray(workspace_id) FROM billing.usage))",
    ],
)
def test_the_store_shows_a_reader_its_workspace_whatever_it_asks(stage: Scene, statement: str) -> None:
    client = reader(stage, SQL_workspace=WORKSPACE)
    try:
        assert client.query(statement).result_rows == [(WORKSPACE,)]
    finally:
        client.close()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"SQL_workspace": ""},
        {"SQL_workspace": PROJECT},
        {"SQL_project": WORKSPACE},
        {"SQL_project": PROJECT},
    ],
    ids=str,
)
def test_a_reader_of_no_workspace_sees_no_usage(stage: Scene, settings: dict[str, str]) -> None:
    client = reader(stage, **settings)
    try:
        assert client.query("SELECT count() FROM billing.usage").result_rows == [(0,)]
    finally:
        client.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"SQL_workspace": "*"},
        {"SQL_project": f"workspace {WORKSPACE}"},
        {"SQL_project": PROJECT, "SQL_workspace": WORKSPACE},
        {"SQL_workspace": WORKSPACE, "log_comment": "*"},
    ],
    ids=str,
)
def test_nobody_becomes_staff_or_somebody_else_by_a_setting(stage: Scene, settings: dict[str, str]) -> None:
    with stage.server.http(reader=True) as client:
        answer = client.post("/", params=settings, content="SELECT DISTINCT workspace_id FROM billing.usage")

    assert NEIGHBOUR not in answer.text
    assert answer.status_code != 200 or answer.text.strip() in {"", WORKSPACE}


def test_every_table_of_the_ledger_has_a_policy_and_evidence_is_for_staff_alone(stage: Scene) -> None:
    with stage.server.writer() as writer:
        tables = {name for (name,) in writer.query("SHOW TABLES FROM billing").result_rows}
    client = reader(stage, SQL_workspace=WORKSPACE)

    assert tables == set(LEDGER_POLICIES)
    for table in sorted(tables - {"usage", "publications"}):
        assert client.query(f"SELECT count() FROM billing.{table}").result_rows == [(0,)]  # noqa: S608 - our own names
    for statement in (
        "INSERT INTO billing.usage (workspace_id) VALUES ('x')",
        "ALTER TABLE billing.usage DELETE WHERE 1",
        "DROP TABLE billing.usage",
    ):
        with pytest.raises(DatabaseError):
            client.command(statement)
    client.close()


def test_the_reader_of_a_server_is_granted_usage_and_publications_each_under_one_policy() -> None:
    for topology in Topology:
        statements = topology.statements(load("server/ledger"))
        grants = [one for one in statements if one.startswith("GRANT") and one.endswith("TO starmeter_ledger_reader")]
        policies = [one for one in statements if "ROW POLICY" in one and one.endswith("TO starmeter_ledger_reader")]
        granted = sorted(one.split(" ON ")[-1].split()[0] for one in grants)

        assert all(re.search(r"SELECT ON billing\.(usage|publications)\w* TO", one) for one in grants)
        assert granted == sorted(re.search(r" ON (billing\.\w+)", one)[1] for one in policies)  # type: ignore[index]
        assert all("getSetting('SQL_workspace') != ''" in one for one in policies)


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_look_at_a_statement_passes_ours(name: str) -> None:
    statement = Statement.of(name, SCOPE, {})

    verify(WORKSPACE, statement.text, statement.parameters, SETTINGS)


def _usage(change: tuple[str, str]) -> str:
    text = Statement.of("usage", SCOPE, {}).text
    assert change[0] in text
    return text.replace(*change, 1)


TENANT: Final = "u.workspace_id = {workspace:String}"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param((TENANT, "1"), id="no workspace"),
        pytest.param((TENANT, f"({TENANT})"), id="in parentheses"),
        pytest.param((TENANT, f"{TENANT} OR 1"), id="one alternative"),
        pytest.param((TENANT, f"NOT {TENANT}"), id="the others"),
        pytest.param((TENANT, "u.workspace_id != {workspace:String}"), id="the others, too"),
        pytest.param((TENANT, "workspace_text = {workspace:String}"), id="by an alias"),
        pytest.param((TENANT, f"{TENANT} -- "), id="a comment"),
        pytest.param((TENANT, f"u.workspace_id = '{NEIGHBOUR}'"), id="a literal"),
        pytest.param(("AS workspace_text", "AS workspace_id"), id="a shadow"),
        pytest.param(("FROM billing.usage AS u", "FROM billing.usage AS u, billing.usage AS v"), id="a second table"),
        pytest.param(("FROM billing.publications AS p", "FROM billing.usage AS p"), id="usage without a workspace"),
        pytest.param(("FROM billing.publications AS p", "FROM billing.pod_documents AS p"), id="evidence"),
        pytest.param(("FROM billing.publications AS p", "FROM billing.publications"), id="a table without a name"),
        pytest.param(("FROM billing.usage AS u", "FROM merge(billing, usage) AS u"), id="a table function"),
        pytest.param(("ORDER BY", "UNION ALL SELECT 1 ORDER BY"), id="a union"),
        pytest.param(("ORDER BY", "SETTINGS a = 1 ORDER BY"), id="settings"),
        pytest.param(("ORDER BY", ") ORDER BY"), id="parentheses that do not match"),
    ],
)
def test_the_look_at_a_statement_refuses_what_does_not_carry_its_workspace(change: tuple[str, str]) -> None:
    with pytest.raises(IsolationError):
        verify(WORKSPACE, _usage(change), {"workspace": WORKSPACE}, SETTINGS)


@pytest.mark.parametrize(
    ("workspace", "parameters", "settings"),
    [
        pytest.param(WORKSPACE, {"workspace": NEIGHBOUR}, SETTINGS, id="another's parameter"),
        pytest.param(WORKSPACE, {}, SETTINGS, id="no parameter"),
        pytest.param(WORKSPACE, {"workspace": WORKSPACE}, {"SQL_workspace": NEIGHBOUR}, id="another's policy"),
        pytest.param(WORKSPACE, {"workspace": WORKSPACE}, {}, id="no policy"),
        pytest.param("", {"workspace": ""}, {"SQL_workspace": ""}, id="nobody"),
        pytest.param(
            "__unattributed__", {"workspace": "__unattributed__"}, {"SQL_workspace": "__unattributed__"}, id="a bucket"
        ),
    ],
)
def test_the_look_at_a_statement_refuses_other_values(
    workspace: str, parameters: dict[str, Any], settings: dict[str, Any]
) -> None:
    with pytest.raises(IsolationError):
        verify(workspace, Statement.of("usage", SCOPE, {}).text, parameters, settings)


def test_the_look_at_rows_refuses_those_of_anybody_else() -> None:
    assert_rows(WORKSPACE, [WORKSPACE])
    for other in (NEIGHBOUR, "", None, WORKSPACE.upper()):
        with pytest.raises(IsolationError):
            assert_rows(WORKSPACE, [WORKSPACE, other])


@pytest.mark.anyio
async def test_a_store_that_does_not_hold_its_reader_is_not_served(stage: Scene) -> None:
    """A seeded defect: the front-door is given the writer's account, which sees everybody's rows."""
    url = stage.server.writer_url
    password = re.sub(r".*//writer:(.*)@.*", r"\1", url)
    settings = SurfaceSettings(
        ledger_url=re.sub(r"//.*@", "//", url),
        ledger_user="writer",
        ledger_password=SecretStr(password),
        cursor_key=SecretStr(CURSOR_KEY),
    )
    store = LedgerStore(settings)
    with pytest.raises(Unavailable):
        await store.client()

    assert "row policies" in str(store.reason)
    await store.close()
