"""One line by Vector's program and by ingest: the same record in every column that tells it apart, under two ids."""

from __future__ import annotations

import copy
import json
from typing import Any, Final
from uuid import UUID

import pytest
import pyvrl

from ingest import fluent, timestamp
from ingest.entry import Entry
from ingest.rows import record_id
from rules.render import vector

# Python hands over no times.
_PRELUDE: Final = '.timestamp = parse_timestamp(.timestamp, format: "%+") ?? .timestamp\n'
_PROJECT: Final = "0b6f8e0c-4d1a-4c5e-9f2b-3a4c5d6e7f80"
_SERVICE: Final = "7d3c1b2a-9e8f-4a6b-b0c1-d2e3f4a5b6c7"
_APP: Final = 1
# As Fluent Bit sends it; to ingest with the container runtime's own time, to Vector with the record's.
_RECORD: Final[dict[str, Any]] = {
    "timestamp": "2026-11-24T08:00:00.123456789Z",
    "stream": "stderr",
    "log": "one | line\n",
    "kubernetes": {
        "namespace_name": "prj-a",
        "pod_name": "web-1",
        "container_name": "app",
        "labels": {
            "starform.io/project-id": _PROJECT.upper(),
            "starform.io/environment": "production",
            "starform.io/service-id": _SERVICE,
        },
    },
}
_PATHS: Final = (
    ("timestamp",),
    ("log",),
    ("kubernetes", "pod_name"),
    ("kubernetes", "container_name"),
    ("kubernetes", "labels", "starform.io/environment"),
    ("kubernetes", "labels", "starform.io/project-id"),
    ("kubernetes", "labels", "starform.io/service-id"),
)
_OTHERS: Final = ("2026-11-24T08:00:00.123456788Z", "one | lin", "web-2", "side", "staging", _SERVICE, _PROJECT)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - an extension without types
    monkeypatch.setenv("REGION", "fra1")
    return pyvrl.Transform(_PRELUDE + vector.render_program())


def by_ingest(record: dict[str, Any]) -> tuple[Entry, int]:
    """The entry that ingest reads, and the id of its record."""
    (entry,) = fluent.read(json.dumps(record).encode())
    assert isinstance(entry, Entry)
    assert entry.labels is not None
    assert entry.timestamp is not None
    labels = {key: str(value).lower() for key, value in entry.labels.items()}
    project, service = (UUID(labels[f"starform.io/{name}-id"]).bytes for name in ("project", "service"))
    seed = project + service + labels["starform.io/environment"].encode() + bytes((0, _APP))
    return entry, record_id(seed, entry.timestamp, entry.pod, entry.container, b"", entry.body)


def test_both_ways_make_the_same_record_of_a_line(program: Any) -> None:  # noqa: ANN401 - as above
    row = program.remap(copy.deepcopy(_RECORD))
    entry, _ = by_ingest(_RECORD)

    told = timestamp.nanoseconds(f"{row['timestamp']}Z"), row["pod"], row["container"], row["body"]
    assert told == (entry.timestamp, entry.pod, entry.container, entry.body)
    assert (row["project_id"], row["body"]) == (_PROJECT, "one | line")


@pytest.mark.parametrize(("path", "other"), list(zip(_PATHS, _OTHERS, strict=True)), ids=lambda one: one[-1])
def test_what_makes_a_line_another_is_the_same_for_both(program: Any, path: tuple[str, ...], other: str) -> None:  # noqa: ANN401 - as above
    changed = copy.deepcopy(_RECORD)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = other

    for number_of in (lambda record: program.remap(copy.deepcopy(record))["id"], lambda record: by_ingest(record)[1]):
        assert number_of(_RECORD) == number_of(copy.deepcopy(_RECORD)) != number_of(changed)


def test_the_ids_differ_for_vrl_cannot_write_ingest_s(program: Any) -> None:  # noqa: ANN401 - as above
    """Once it can, the program is to make ingest's id, and docs/log-agents.md to say so."""
    assert program.remap(copy.deepcopy(_RECORD))["id"] != by_ingest(_RECORD)[1]
    for call in ('blake2b("x")', 'blake2("x")', 'blake3("x")', "bitwise_and(1, 2)"):
        with pytest.raises(ValueError, match="undefined function"):
            pyvrl.Transform(f".id = {call}")
