"""No request of a workspace's shows anything of its neighbour's, puts text into SQL, or depends on the neighbour."""

from __future__ import annotations

import io
import re
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

import httpx
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from billing.ledger import row_table
from billing.ledger.store import Ledger
from core import control
from core.clickhouse import Endpoint
from tests.billing.accounts.world import NEIGHBOUR
from tests.billing.books import WORKSPACE
from tests.billing.surface import hostile
from tests.billing.surface import world as scene
from tests.billing.surface.serving import usage_door
from tests.billing.surface.world import CANARY
from tests.compose.clickhouse.serving import running
from tests.query.hostile.wire import exchange
from tests.query.logs.recorder import StoreRecorder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from tests.billing.surface.conftest import Scene
    from tests.billing.surface.serving import UsageDoor
    from tests.query.hostile.wire import Answer

# What a statement may consist of, in words of ours and of SQL; nothing quoted, nothing that a request could have sent.
TEXT: Final = re.compile(r"[A-Za-z0-9_\s.,:(){}\[\]<>=!*+/-]*")
# The probe's statements, and what the client library asks first.
PROBE: Final = re.compile(r"(-- Reader: the ledger's probe|SELECT (version|name, value, readonly)\b).*", re.DOTALL)


@contextmanager
def recorded_door(folder: Path, stage: Scene, holder: str) -> Iterator[tuple[UsageDoor, StoreRecorder, str]]:
    """A front-door whose ledger is behind a recorder."""
    parts = urlsplit(stage.server.reader_url)
    with StoreRecorder(f"http://{parts.hostname}:{parts.port}") as recorder:
        url = f"http://{parts.username}:{parts.password}@127.0.0.1:{urlsplit(recorder.url).port}"
        with usage_door(
            folder,
            control_store=stage.control_store,
            ledger_url=url,
            tokens=stage.tokens,
            more="probe_seconds = 3600\n[billing.concurrency]\nconcurrency = 16\n",
        ) as door:
            yield door, recorder, getattr(stage.tokens, holder)


def ask(door: UsageDoor, token: str, target: str) -> Answer:
    parts = urlsplit(door.url)
    message = (
        f"GET /v1/workspaces/{WORKSPACE}/{target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {token}\r\nAccept-Encoding: identity\r\n\r\n"
    )
    (answer,) = exchange((parts.hostname or "", parts.port or 0), message.encode())
    return answer


def shown(target: str, body: bytes) -> bytes:
    """A body as it can be searched: columns that are packed are unpacked."""
    if "format=parquet" in target and body.startswith(b"PAR1"):
        return repr(pq.read_table(io.BytesIO(body)).to_pylist()).encode()
    if "format=arrow" in target and body.startswith(b"\xff\xff\xff\xff"):
        return repr(pa.ipc.open_stream(body).read_all().to_pylist()).encode()
    return body


def traces(target: str, body: bytes) -> list[bytes]:
    """What of the neighbour's is in an answer."""
    text = shown(target, body)
    return [trace for trace in hostile.TRACES if trace in text]


def test_no_hostile_request_shows_the_neighbours_or_becomes_sql(
    tmp_path_factory: pytest.TempPathFactory, stage: Scene
) -> None:
    outcomes: Counter[int] = Counter()
    cases = list(dict.fromkeys(hostile.cases()))
    with recorded_door(tmp_path_factory.mktemp("recorded"), stage, "billing") as (door, recorder, token):
        recorder.requests.clear()
        for about, target in cases:
            answer = ask(door, token, target)
            outcomes[answer.status] += 1
            # A problem may repeat an argument's name; an answer repeats nothing of the request.
            if answer.status == 200:
                assert traces(target, answer.body) == [], (about, target)
            assert answer.status in {200, 400, 404, 422}, (about, target, answer.body)
            body = answer.body.replace(target.encode(), b"")
            for words in (b"ClickHouse", b"DB::Exception", b"billing.usage", b"SELECT"):
                assert words not in body, (about, target)
        requests = list(recorder.requests)

    assert len(cases) >= 600
    assert outcomes[200] >= 50
    assert outcomes[400] >= 400
    reads = [each for each in requests if not PROBE.fullmatch(each.body.decode())]
    assert len(reads) >= 50
    for recorded in reads:
        text = recorded.body.decode()
        arguments = parse_qsl(urlsplit(recorded.target).query, keep_blank_values=True, strict_parsing=True)
        names = Counter(name for name, _ in arguments)
        values = dict(arguments)
        assert recorded.method == "POST"
        assert TEXT.fullmatch(text), text
        assert hostile.MARK not in text + recorded.target
        assert max(names.values()) == 1
        assert values["SQL_workspace"] == WORKSPACE
        if "billing.usage" in text:
            assert "WHERE u.workspace_id = {workspace:String}" in text
            assert values["param_workspace"] == WORKSPACE
    # Whatever is asked, the statements are three.
    assert len({each.body for each in reads}) <= 3


def test_the_same_suite_finds_the_neighbour_where_a_door_lets_it_through(
    tmp_path_factory: pytest.TempPathFactory, stage: Scene
) -> None:
    """A seeded defect: a door that answers about the neighbour. Its every trace is seen, so the suite can go red."""
    found: set[bytes] = set()
    with recorded_door(tmp_path_factory.mktemp("defective"), stage, "finance") as (door, _, token):
        for form in hostile.FORMATS:
            for page in (f"usage?{hostile.SPAN}", f"usage?{hostile.SPAN}&grain=hour", f"usage/focus?{hostile.SPAN}"):
                target = f"{page}&format={form}"
                answer = httpx.get(
                    f"{door.url}/v1/workspaces/{NEIGHBOUR}/{target}",
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=60,
                )
                assert answer.status_code == 200
                seen = traces(target, answer.content)
                assert seen, target
                found |= set(seen)

    # All but the amount's other spellings, which no format of ours has.
    assert found >= set(hostile.TRACES[:7])


PAGES: Final = (
    *(f"usage?{hostile.SPAN}&format={form}&grain={grain}" for form in hostile.FORMATS for grain in ("hour", "day")),
    f"usage?{hostile.SPAN}&limit=13",
    f"usage?{hostile.SPAN}&limit=13&grain=hour",
    f"usage?{hostile.SPAN}&group_by=meter",
    f"usage?{hostile.SPAN}&source=invoice",
    "usage?start=2026-04-01T00:00:00Z&end=2026-04-03T00:00:00Z&source=estimate",
    *(f"usage/focus?{hostile.SPAN}&source=invoice&format={form}" for form in hostile.FORMATS),
    *(f"usage/focus?{hostile.SPAN}&format={form}" for form in hostile.FORMATS),
    "usage/focus?start=2026-04-01T00:00:00Z&source=estimate&limit=5",
    "invoices",
    *(f"invoices/2026-0001.{ending}" for ending in ("json", "html", "pdf", "csv", "zip")),
)


def test_a_neighbours_data_changes_no_byte_of_an_answer(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same publications, first of one workspace's rows alone, then with the neighbour's in the same runs."""
    url = f"sqlite:///{tmp_path_factory.mktemp('alone') / 'control.db'}"
    engine = control.connect(url)
    control.upgrade(engine)
    world = scene.build(engine)
    scene.publish(world, crowded=False)
    tokens = scene.issue(world)
    with running(tmp_path_factory.mktemp("alone-ledger"), migrated=False) as server:
        scene.fill(world, server.writer_url)

        def answers(name: str) -> list[tuple[int, str | None, bytes]]:
            with (
                usage_door(
                    tmp_path_factory.mktemp(name), control_store=url, ledger_url=server.reader_url, tokens=tokens
                ) as door,
                door.client() as client,
            ):
                found = [client.get(f"/{page}") for page in PAGES]
                return [(each.status_code, each.headers.get("etag"), each.content) for each in found]

        expected = answers("alone-door")
        ledger = Ledger(Endpoint.of("the ledger", server.writer_url))
        for run, used in list(world.shelf.runs.items()):
            ledger.write_table(row_table.table(scene.of_neighbour(used)), run, f"{run}-neighbour")
        ledger.close()
        with server.writer() as client:
            counted = client.query(
                "SELECT count() FROM billing.usage WHERE quantity = {amount:Int64}", parameters={"amount": CANARY}
            )
            assert counted.result_rows[0][0] > 100
        crowded = answers("crowded-door")
    engine.dispose()

    assert {status for status, _, _ in expected} == {200}
    assert expected == crowded
