"""The suites can go red: front-doors with one defect each, over a store that shows its reader everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.query import platform
from tests.query.logs import hostile
from tests.query.logs.defects import DEFECTS
from tests.query.logs.judge import Kind, ask, judged, watched_door
from tests.query.logs.loki import hostile as loki_hostile
from tests.query.logs.samples import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.reference import Sample
    from tests.query.platform import Tokens

pytestmark = pytest.mark.timeout(300)

# A part of the cases is enough: a defect shows in many of them.
CASES = [*hostile.cases()][::30] + [*loki_hostile.cases()][::25]
COUNTS = [case for case in hostile.cases() if case[0] == "logs/histogram asks for the rival's"]
NAMED = [
    case for case in [*hostile.cases(), *loki_hostile.cases()] if "project_id=" in case[1] and "/tail" not in case[1]
]


@pytest.mark.parametrize(
    ("defect", "cases", "kinds"),
    [
        ("no_tenant_condition", CASES, {Kind.LEAK, Kind.UNBOUND}),
        ("no_tenant_condition_on_volume", COUNTS, {Kind.UNBOUND}),
        ("tenant_by_argument", NAMED, {Kind.LEAK, Kind.UNBOUND}),
        ("text_in_statement", CASES, {Kind.LEAK, Kind.TEXT}),
    ],
)
def test_the_hostile_suite_finds_a_defect_out(
    tmp_path: Path,
    log_server: Server,
    ours: list[Sample],
    control: tuple[str, Tokens],
    *,
    defect: str,
    cases: list[tuple[str, str]],
    kinds: set[Kind],
) -> None:
    assert ours
    with watched_door(tmp_path, log_server.writer_url, control=control, defect=defect) as watched:
        _, findings = judged(watched, cases)

    assert kinds <= {finding.kind for finding in findings}


def test_a_rivals_data_changes_the_bytes_of_a_door_that_counts_without_its_tenant(
    tmp_path: Path, log_server: Server, ours: list[Sample], control: tuple[str, Tokens], moment: int
) -> None:
    page = f"logs/histogram?step=60&start={moment - 60 * SECOND}&end={moment}"
    with watched_door(tmp_path / "sound", log_server.reader_url, control=control) as sound:
        expected = ask(sound.door, page)
    with watched_door(
        tmp_path / "broken", log_server.writer_url, control=control, defect="no_tenant_condition_on_volume"
    ) as broken:
        found = ask(broken.door, page)

    assert ours
    assert (expected.status, found.status) == (200, 200)
    assert expected.body != found.body


def test_a_cursor_that_anybody_can_use_is_found_out(
    tmp_path: Path, log_server: Server, ours: list[Sample], control: tuple[str, Tokens], moment: int
) -> None:
    assert ours
    arguments: dict[str, str | int] = {"start": moment - 60 * SECOND, "end": moment, "limit": 5}

    def moved(url: str, defect: str = "") -> list[int]:
        """What the rival, and a filter of its own, get for a cursor of A's."""
        with watched_door(tmp_path / (defect or "sound"), url, control=control, defect=defect) as watched:
            with watched.door.client() as client:
                cursor = client.get("logs", params=arguments).json()["next_cursor"]
                other = client.get("logs", params=arguments | {"cursor": cursor, "q": "timeout"})
            with watched.door.client(watched.door.tokens.rival, platform.PROJECT_B) as rival:
                return [rival.get("logs", params=arguments | {"cursor": cursor}).status_code, other.status_code]

    assert moved(log_server.reader_url) == [400, 400]
    assert moved(log_server.reader_url, "cursor_of_anybody") == [200, 200]


def test_every_defect_is_tried() -> None:
    tried = {
        "no_tenant_condition",
        "no_tenant_condition_on_volume",
        "tenant_by_argument",
        "text_in_statement",
        "cursor_of_anybody",
    }

    assert tried == DEFECTS.keys()
