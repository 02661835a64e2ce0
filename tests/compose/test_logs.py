"""The demonstration's log lines: of every kind, each one attributable, none the same as another."""

from __future__ import annotations

import random
from typing import Final

import orjson

from compose.demo import deployments
from compose.logline import BUILD_STEPS, line
from compose.logs import Agent
from ingest import fluent
from ingest.entry import Entry
from ingest.owner import PROJECT_LABEL, SERVICE_LABEL, SOURCE_LABEL

_NOW: Final = 1_795_000_000.0


def test_a_flush_is_read_as_the_services_own_lines() -> None:
    agent = Agent("fra1", 200, random.Random(1))
    entries = [entry for second in range(5) for entry in fluent.read(agent.flush(_NOW + second))]
    read = [entry for entry in entries if isinstance(entry, Entry)]
    known = {(one.tenant.project_id, one.tenant.service_id) for one in deployments("fra1")}
    named = {(e.labels.get(PROJECT_LABEL), e.labels.get(SERVICE_LABEL)) for e in read if e.labels}

    assert len(read) == len(entries) > 500
    assert known <= named
    assert named - known <= {(None, None)}
    # No two lines of a node have one time, by which ingest would take them for one.
    assert len({entry.timestamp for entry in read}) == len(read)


def test_a_build_is_told_apart_and_told_to_its_end() -> None:
    agent = Agent("nyc1", 5, random.Random(1))
    start = _NOW - _NOW % 120
    records = [record for second in range(120) for record in orjson.loads(agent.flush(start + second))]
    lines = [one["log"] for one in records if one["kubernetes"]["labels"].get(SOURCE_LABEL) == "build"]

    assert lines == list(BUILD_STEPS)


def test_lines_are_of_every_kind() -> None:
    drawn = random.Random(1)
    lines = [line("web", _NOW, drawn) for _ in range(3_000)] + [line("proxy", _NOW, drawn)]
    text = "\n".join(said for _, said in lines)

    assert {stream for stream, _ in lines} == {"stdout", "stderr"}
    for part in (
        '{"level":"error"',
        "level=info",
        "\x1b[36m",
        "Traceback",
        "\tat com.",
        "DROP TABLE",
        "🚀",
        "\u202e",
        "\0",
    ):
        assert part in text, part
