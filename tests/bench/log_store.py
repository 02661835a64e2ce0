"""A log store of 20 million records made inside the engine, one tenant in a hundred read through a front-door."""

from __future__ import annotations

import http.client
import json
import time
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from core.control import connect
from core.registry import Registry
from core.scope import Grant
from query.logs.statement import Statement
from tests.compose.clickhouse.serving import running
from tests.query import platform
from tests.query.logs.serving import log_door

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from query.logs.condition import Condition, Value
    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.serving import LogDoor

Row = tuple[str, str, str, bool]

RECORDS: Final = 20_000_000
LARGE_RECORDS: Final = 1_000_000
LARGE: Final = "eeeeeeee-0000-4000-8000-000000000000"
TENANTS: Final = 100
DAYS: Final = 7
GRANT: Final = Grant(platform.PROJECT_A, "near")

_PIECE: Final = 2_000_000
# A week of access logs and attributes; every line has an id of its own, the worst case for an index of tokens.
_INSERT: Final = """
INSERT INTO starmeter.logs (project_id, environment, service_id, retention_days, timestamp, id, source, severity,
    region, pod, container, trace_id, span_id, body, attributes)
SELECT
    toUUID(if(n.number % {tenants:UInt64} = 0, {project:String},
        concat('0b6f8e0c-0000-4000-8000-', leftPad(toString(n.number % {tenants:UInt64}), 12, '0')))),
    if(intDiv(n.number, {tenants:UInt64}) % 5 = 0, 'pr-7', 'production'),
    if(intDiv(n.number, {tenants:UInt64}) % 3 = 0, {one:UUID}, {two:UUID}),
    30, fromUnixTimestamp64Nano({start:Int64} + toInt64(n.number) * {step:Int64}), cityHash64(n.number), 'app',
    [9, 9, 9, 9, 13, 17][1 + cityHash64(n.number, 1) % 6], 'near',
    concat('web-', toString(intDiv(n.number, {tenants:UInt64}) % 4)), 'main',
    reinterpretAsFixedString(toUInt128(cityHash64(n.number, 2))), reinterpretAsFixedString(cityHash64(n.number, 3)),
    concat('10.0.', toString(cityHash64(n.number, 4) % 256), '.7 GET /items/', toString(cityHash64(n.number, 5) % 9999),
        ' status=', ['200', '200', '304', '404', '500'][1 + cityHash64(n.number, 6) % 5], ' took ',
        toString(cityHash64(n.number, 7) % 900), ' ms request ', lower(hex(cityHash64(n.number, 8)))),
    map('http.status', ['200', '200', '304', '404', '500'][1 + cityHash64(n.number, 6) % 5], 'http.method', 'GET',
        'duration_ms', toString(cityHash64(n.number, 7) % 900))
FROM numbers({first:UInt64}, {count:UInt64}) AS n
"""
_NEEDLES: Final = """
SELECT splitByString(' request ', l.body)[2] FROM starmeter.logs AS l
WHERE l.project_id = {project:UUID} ORDER BY cityHash64(l.id) LIMIT {count:UInt32}
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured: the front-door over the store, the range of the records, and tokens of single records."""

    door: LogDoor
    server: Server
    owner: str
    start: int
    end: int
    needles: list[str]


@contextmanager
def bench(folder: Path, *, begun: datetime, limits: Mapping[str, int]) -> Iterator[Bench]:
    """Everything running; `limits` of log reads are those that stand in a measurement's way."""
    control = f"sqlite:///{folder / 'control.db'}"
    tokens = platform.populate(control)
    engine = connect(control)
    registry = Registry(engine)
    workspace = registry.create_workspace("busy")
    registry.set_workspace_role(workspace, "busy", "owner")
    owner = registry.issue_token("busy", "bench", now=begun).text
    for project in busy_projects():
        registry.create_project(workspace, project[:13], "near", project_id=project, at=begun)
    engine.dispose()
    with running(folder / "store") as server:
        start, end = _fill(server)
        client = server.writer()
        found = client.query(_NEEDLES, parameters={"project": platform.PROJECT_A, "count": 2_000}).result_rows
        client.close()
        logs = {"limits": limits, "probe_seconds": 3600.0}
        more = "[limits]\nconcurrency = 64\n"
        urls = {"near": server.reader_url}
        with log_door(folder / "door", urls, control=(control, tokens), logs=logs, more=more) as door:
            yield Bench(door, server, owner, start, end, [needle for (needle,) in found])


def busy_projects() -> list[str]:
    """Projects of one workspace that have tails; the first one is `LARGE`."""
    return [f"eeeeeeee-0000-4000-8000-{number:012d}" for number in range(50)]


def _fill(server: Server) -> tuple[int, int]:
    """Make the records; returns the first one's time and one past the last one's."""
    end = time.time_ns() // 1_000_000_000 * 1_000_000_000
    step = DAYS * 86_400 * 1_000_000_000 // RECORDS
    start = end - RECORDS * step
    client = server.writer(send_receive_timeout=600)
    common = {"one": platform.SERVICE_A1, "two": platform.SERVICE_A2, "start": start}
    for first in range(0, RECORDS, _PIECE):
        piece = {"tenants": TENANTS, "project": platform.PROJECT_A, "step": step, "first": first, "count": _PIECE}
        client.command(_INSERT, parameters=common | piece)
    large = {"tenants": 1, "project": LARGE, "first": 0, "count": LARGE_RECORDS}
    client.command(_INSERT, parameters=common | large | {"step": step * RECORDS // LARGE_RECORDS})
    client.close()
    return start, end


class Bare:
    """The engine's own HTTP interface over one kept-alive connection, as the front-door's reader."""

    def __init__(self, server: Server, project: str = GRANT.project_id) -> None:
        parts = urlsplit(server.reader_url)
        self._project = project
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        credential = b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credential}"}

    def ask(self, name: str, conditions: Iterable[Condition], **values: Value) -> int:
        """Run the very statement that the front-door would send; returns how many rows the engine had to read."""
        statement = Statement.of(name, GRANT, conditions, either=(), is_narrowed=True, **values)
        return self.run(statement.text, statement.parameters, "Native")

    def run(self, text: str, values: Mapping[str, Value], format_: str) -> int:
        """Run a statement in a format and take the whole answer; returns how many rows the engine had to read."""
        arguments = {f"param_{key}": _escaped(value) for key, value in values.items()}
        arguments |= {"SQL_project": self._project, "default_format": format_}
        self._connection.request("POST", f"/?{urlencode(arguments)}", text.encode(), self._headers)
        answer = self._connection.getresponse()
        while answer.read(1 << 20):
            pass
        if answer.status != http.client.OK:
            raise AssertionError(f"the engine refused: {answer.status}")
        return int(json.loads(answer.headers["x-clickhouse-summary"])["read_rows"])


class Door:
    """The front-door over one kept-alive connection."""

    def __init__(self, url: str, project: str, token: str) -> None:
        parts = urlsplit(url)
        self._base = f"/v1/projects/{project}"
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}"}

    def ask(self, page: str, **arguments: object) -> bytes:
        """A whole answer."""
        return self._open(page, arguments).read()

    def size(self, page: str, **arguments: object) -> int:
        """How many bytes an answer has."""
        return sum(len(piece) for piece in self.pieces(page, **arguments))

    def pieces(self, page: str, **arguments: object) -> Iterator[bytes]:
        """An answer, of which nothing is kept."""
        answer = self._open(page, arguments)
        while piece := answer.read(1 << 20):
            yield piece

    def _open(self, page: str, arguments: Mapping[str, object]) -> http.client.HTTPResponse:
        self._connection.request("GET", f"{self._base}/{page}?{urlencode(arguments)}", headers=self._headers)
        answer = self._connection.getresponse()
        if answer.status != http.client.OK:
            raise AssertionError(f"{page}: {answer.status} {answer.read().decode()}")
        return answer


def _escaped(value: object) -> str:
    """A parameter as the HTTP interface reads it."""
    return str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
