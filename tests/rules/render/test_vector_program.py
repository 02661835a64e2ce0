"""The rendered VRL program, compiled and run by VRL itself: whose a record is, or that it is nobody's."""

from __future__ import annotations

import copy
from typing import Any, Final

import pytest
import pyvrl

from rules.log_record import COLUMNS, SEVERITY
from rules.render import vector
from rules.retention import LOGS_DAYS

# Python hands over no times. That the field may still be anything keeps the program's own check alive.
_PRELUDE: Final = '.timestamp = parse_timestamp(.timestamp, format: "%+") ?? .timestamp\n'
_PROJECT: Final = "0b6f8e0c-4d1a-4c5e-9f2b-3a4c5d6e7f80"
_SERVICE: Final = "7d3c1b2a-9e8f-4a6b-b0c1-d2e3f4a5b6c7"
_RECORD: Final[dict[str, Any]] = {
    "timestamp": "2026-11-24T08:00:00.123456789Z",
    "stream": "stderr",
    "log": "one line",
    "kubernetes": {
        "namespace_name": "prj-a",
        "pod_name": "web-1",
        "container_name": "app",
        "labels": {
            "starform.io/project-id": _PROJECT,
            "starform.io/environment": "production",
            "starform.io/service-id": _SERVICE,
            "starform.io/tier": "scale",
        },
    },
}


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - an extension without types
    monkeypatch.setenv("REGION", "fra1")
    return pyvrl.Transform(_PRELUDE + vector.render_program())


def changed(**labels: str | None) -> dict[str, Any]:
    record = copy.deepcopy(_RECORD)
    for name, value in labels.items():
        record["kubernetes"]["labels"][f"starform.io/{name.replace('_', '-')}"] = value
    return record


def test_a_record_becomes_a_row_of_the_log_table(program: Any) -> None:  # noqa: ANN401 - an extension without types
    row = program.remap(copy.deepcopy(_RECORD))

    assert set(row) == set(COLUMNS)
    assert (row["project_id"], row["environment"], row["service_id"]) == (_PROJECT, "production", _SERVICE)
    assert row["timestamp"] == "2026-11-24 08:00:00.123456789"
    assert row["severity"] == SEVERITY["stderr"]
    assert row["retention_days"] == LOGS_DAYS["scale"]
    assert (row["pod"], row["container"], row["body"], row["region"]) == ("web-1", "app", "one line", "fra1")


def test_the_same_record_twice_has_the_same_id_and_another_line_another(program: Any) -> None:  # noqa: ANN401 - as above
    other = {**copy.deepcopy(_RECORD), "log": "another line"}
    first, second = (program.remap(copy.deepcopy(_RECORD))["id"] for _ in range(2))
    assert first == second != program.remap(other)["id"]


def test_the_end_of_the_line_is_not_of_it(program: Any) -> None:  # noqa: ANN401 - as above
    bodies = [program.remap({**copy.deepcopy(_RECORD), "log": text})["body"] for text in ("a\nb\n", "a\n\n", "a", "\n")]
    assert bodies == ["a\nb", "a\n", "a", ""]


def test_ids_are_folded_to_their_canonical_form(program: Any) -> None:  # noqa: ANN401 - as above
    assert program.remap(changed(project_id=_PROJECT.upper()))["project_id"] == _PROJECT


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({"project_id": None}, id="no project"),
        pytest.param({"project_id": "not-an-id"}, id="project that is no id"),
        pytest.param({"project_id": _PROJECT + "0"}, id="project with a digit too many"),
        pytest.param({"service_id": None}, id="no service"),
        pytest.param({"environment": None}, id="no environment"),
        pytest.param({"environment": "Production"}, id="environment in upper case"),
        pytest.param({"environment": "x" * 31}, id="environment too long"),
        pytest.param({"environment": "production\nstaging"}, id="environment of two lines"),
    ],
)
def test_a_record_of_nobody_is_set_aside(program: Any, labels: dict[str, str | None]) -> None:  # noqa: ANN401 - as above
    with pytest.raises(ValueError, match=r"remap failure|abort"):
        program.remap(changed(**labels))
