"""Vector's output in the real engine's log table: every column is one of the table's, and a record can be read back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any, Final

from rules.log_record import COLUMNS, DATABASE, SEVERITY, TABLE
from rules.render import vector
from rules.retention import LOGS_DAYS
from sql.migration import migrations
from sql.topology import Topology

# In a process of its own: the engine is one for a whole process.
_INSERT: Final = """
import json, sys, chdb
statements, row, query = json.load(sys.stdin)
with chdb.connect(":memory:") as handle:
    for statement in statements:
        handle.query(statement)
    handle.query(row)
    print(handle.query(query, "JSONEachRow"))
"""
# What the program makes of a line of a scale tier's pod.
_RECORD: Final[dict[str, Any]] = {
    "project_id": "0b6f8e0c-4d1a-4c5e-9f2b-3a4c5d6e7f80",
    "environment": "production",
    "service_id": "7d3c1b2a-9e8f-4a6b-b0c1-d2e3f4a5b6c7",
    "retention_days": LOGS_DAYS["scale"],
    "timestamp": "2090-11-24 08:00:00.123456789",
    "id": 2**63 - 1,
    "source": "app",
    "severity": SEVERITY["stderr"],
    "region": "fra1",
    "pod": "web-1",
    "container": "app",
    "body": 'it\'s a "line" \\ with\nbreaks',
    "attributes": {"stream": "stderr", "namespace": "prj-a"},
}


def test_a_record_as_vector_sends_it_is_taken_by_the_log_table() -> None:
    assert list(_RECORD) == list(COLUMNS)
    statements = [text for one in migrations("logs") for text in one.statements(Topology.SINGLE)]
    # As the sink is configured: JSONEachRow, dates read with best effort, unknown fields refused.
    settings = "SETTINGS input_format_skip_unknown_fields = 0, date_time_input_format = 'best_effort'"
    row = f"INSERT INTO {DATABASE}.{TABLE} {settings} FORMAT JSONEachRow {json.dumps(_RECORD)}"
    # The migrations put a canary there.
    own = f"WHERE project_id = '{_RECORD['project_id']}'"
    form = "SETTINGS output_format_json_quote_64bit_integers = 0"
    query = f"SELECT {', '.join(COLUMNS)} FROM {DATABASE}.{TABLE} {own} {form}"  # noqa: S608 - names of our own

    done = subprocess.run(
        [sys.executable, "-c", _INSERT],
        input=json.dumps([statements, row, query]),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == _RECORD


def test_the_sink_refuses_what_the_table_lacks_and_writes_where_the_front_door_reads() -> None:
    sink = vector.topology()["sinks"]["clickhouse"]  # type: ignore[index]

    assert (sink["database"], sink["table"], sink["format"]) == (DATABASE, TABLE, "json_each_row")
    assert sink["skip_unknown_fields"] is False
    assert sink["inputs"] == ["tenant"]


def test_the_program_aborts_before_it_names_a_tenant_that_is_none() -> None:
    program = vector.render_program()

    for label in ("project_id", "environment", "service_id"):
        (assigned,) = (found.start() for found in re.finditer(rf"^{label} = ", program, re.MULTILINE))
        assert f"if !match({label}, r'^" in program[assigned : program.index(". = {")]
