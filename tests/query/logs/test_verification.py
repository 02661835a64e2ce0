"""The second look: every weakening of a statement's scope is refused, whoever made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.scope import Grant
from query.logs.condition import compiled
from query.logs.grammar import parse
from query.logs.statement import Statement
from query.logs.verification import assert_rows, verify
from query.verification import IsolationError
from tests.query.platform import PROJECT_A, PROJECT_B, SERVICE_A1, SERVICE_B1

if TYPE_CHECKING:
    from collections.abc import Callable

GRANT = Grant(PROJECT_A, "near", frozenset({"production", "pr-7"}), frozenset({SERVICE_A1}))
SETTINGS = {"SQL_project": PROJECT_A}
FILTER = compiled(parse('a OR -"b" OR @n:1..3 OR @level:error'))


def honest() -> Statement:
    return Statement.of("backward", GRANT, FILTER, limit=1)


@pytest.mark.parametrize("name", ["backward", "forward"])
def test_what_the_reader_sends_passes(name: str) -> None:
    statement = Statement.of(name, GRANT, FILTER, limit=1)

    verify(GRANT, statement.text, statement.parameters, SETTINGS)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text.replace("l.project_id = {project:UUID}\n  AND ", ""), id="no project"),
        pytest.param(lambda text: text.replace("l.project_id =", "l.project_id !="), id="another comparison"),
        pytest.param(lambda text: text.replace("UUID}\n  AND", "UUID}\n  OR", 1), id="or"),
        pytest.param(lambda text: text.replace("WHERE ", "WHERE NOT "), id="not"),
        pytest.param(lambda text: text.replace("WHERE ", "WHERE (1 OR ").replace("ORDER", ") ORDER"), id="inside or"),
        pytest.param(lambda text: text.replace("{project:UUID}", "{other:UUID}"), id="another parameter"),
        pytest.param(lambda text: text.replace("l.environment IN {environments:Array(String)}", "1"), id="wide"),
        pytest.param(lambda text: text.replace("l.service_id IN", "l.service_id NOT IN"), id="not these services"),
        pytest.param(lambda text: text.replace("starmeter.logs", "starmeter.dead_letters"), id="another table"),
        pytest.param(lambda text: text.replace("AS l", "AS l, starmeter.logs AS m"), id="two tables"),
        pytest.param(lambda text: text.replace("AS l", "AS l JOIN starmeter.logs AS m ON 1"), id="join"),
        pytest.param(lambda text: text + " UNION ALL " + text, id="union"),
        pytest.param(lambda text: text + "; DROP TABLE x", id="second statement"),
        pytest.param(lambda text: text + " -- x", id="comment"),
        pytest.param(lambda text: text.replace("\n  AND", " /* \n AND", 1), id="commented away"),
        pytest.param(lambda text: text.replace("AS at", "AS project_id"), id="alias of the tenant"),
        pytest.param(lambda text: text + " SETTINGS prefer_column_name_to_alias=0", id="settings"),
        pytest.param(lambda text: text.replace("l.project_id,", "'x',"), id="a literal for the tenant"),
        pytest.param(lambda text: text.replace("l.project_id,", "l.pod,"), id="no tenant among the columns"),
        pytest.param(lambda text: text.replace("ORDER", ") ORDER"), id="unbalanced"),
        pytest.param(lambda text: text.replace("lower(hex(l.trace_id))", "(SELECT 1)"), id="subquery"),
    ],
)  # fmt: skip
def test_a_weakened_text_is_refused(damage: Callable[[str], str]) -> None:
    statement = honest()
    text = damage(statement.text)

    assert text != statement.text
    with pytest.raises(IsolationError):
        verify(GRANT, text, statement.parameters, SETTINGS)


@pytest.mark.parametrize(
    ("parameters", "settings"),
    [
        pytest.param({"project": PROJECT_B}, {}, id="the rival's project"),
        pytest.param({"project": None}, {}, id="no project"),
        pytest.param({"environments": ["production", "staging"]}, {}, id="another environment"),
        pytest.param({"environments": ["pr-7", "production", "x"]}, {}, id="one environment more"),
        pytest.param({"services": [SERVICE_B1]}, {}, id="another service"),
        pytest.param({}, {"SQL_project": PROJECT_B}, id="the rival's row policy"),
        pytest.param({}, {"SQL_project": "*"}, id="the staff's row policy"),
        pytest.param({}, {"SQL_project": None}, id="no row policy"),
    ],
)
def test_another_binding_is_refused(parameters: dict[str, object], settings: dict[str, object]) -> None:
    statement = honest()

    with pytest.raises(IsolationError):
        verify(GRANT, statement.text, {**statement.parameters, **parameters}, {**SETTINGS, **settings})


@pytest.mark.parametrize(
    "row",
    [
        pytest.param((PROJECT_B, "production", SERVICE_A1), id="project"),
        pytest.param((PROJECT_A, "staging", SERVICE_A1), id="environment"),
        pytest.param((PROJECT_A, "production", SERVICE_B1), id="service"),
    ],
)
def test_a_row_outside_the_scope_is_refused(row: tuple[str, str, str]) -> None:
    own = (PROJECT_A, "production", SERVICE_A1)
    assert_rows(GRANT, [own], tenant=True)

    with pytest.raises(IsolationError):
        assert_rows(GRANT, [own, row], tenant=True)
