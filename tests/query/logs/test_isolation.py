"""No request of A's shows anything of its rival's, puts text into SQL, or depends on what the rival has."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.compose.clickhouse.serving import running
from tests.query import platform
from tests.query.hostile.wire import Answer, exchange
from tests.query.logs import hostile, samples
from tests.query.logs.recorder import StoreRecorder
from tests.query.logs.samples import SECOND
from tests.query.logs.serving import log_door

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.reference import Sample
    from tests.query.logs.serving import LogDoor
    from tests.query.platform import Tokens

# What a statement may consist of, in words of ours and of SQL; nothing quoted, nothing that a request could have sent.
TEXT: Final = re.compile(r"[A-Za-z0-9_\s.,:(){}\[\]<>=*+/-]*")
# A tail of its own accord never ends; refused ones do.
ENDLESS: Final = "logs/tail"


@pytest.fixture(scope="module")
def watched(
    tmp_path_factory: pytest.TempPathFactory, log_server: Server, ours: list[Sample], control: tuple[str, Tokens]
) -> Iterator[tuple[LogDoor, StoreRecorder]]:
    """A front-door whose store is behind a recorder."""
    assert ours
    parts = urlsplit(log_server.reader_url)
    with StoreRecorder(f"http://{parts.hostname}:{parts.port}") as recorder:
        port = urlsplit(recorder.url).port
        urls = {"near": f"http://{parts.username}:{parts.password}@127.0.0.1:{port}"}
        folder = tmp_path_factory.mktemp("watched-door")
        more = "[limits]\nconcurrency = 16\n"
        with log_door(folder, urls, control=control, logs={"probe_seconds": 3600.0}, more=more) as door:
            recorder.requests.clear()
            yield door, recorder


def ask(door: LogDoor, target: str, token: str | None = None) -> Answer:
    parts = urlsplit(door.url)
    message = (
        f"GET {hostile.base()}{target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {token or door.tokens.viewer}\r\nAccept-Encoding: identity\r\n\r\n"
    )
    (answer,) = exchange((parts.hostname or "", parts.port or 0), message.encode())
    return answer


def test_no_hostile_request_shows_the_rivals_or_becomes_sql(watched: tuple[LogDoor, StoreRecorder]) -> None:
    door, recorder = watched
    cases = list(dict.fromkeys(hostile.cases()))
    outcomes: Counter[int] = Counter()
    for about, target in cases:
        if target == ENDLESS:
            continue
        answer = ask(door, target)
        outcomes[answer.status] += 1
        shown = answer.body.replace(target.encode(), b"")
        # A problem may repeat an argument's name; an answer repeats nothing of the request.
        if answer.status == 200:
            assert platform.PROJECT_B.encode() not in answer.body, (about, target)
            assert platform.SECRET.encode() not in answer.body, (about, target)
        assert answer.status in {200, 400, 404, 422}, (about, target, answer.body)
        assert b"ClickHouse" not in shown, (about, target)
        assert b"DB::Exception" not in shown, (about, target)
        assert b"starmeter.logs" not in shown or "starmeter.logs" in target, (about, target)

    assert len(cases) >= 1000
    assert outcomes[200] > 300
    assert outcomes[400] > 200
    assert recorder.requests
    for recorded in recorder.requests:
        text = recorded.body.decode()
        arguments = parse_qsl(urlsplit(recorded.target).query, keep_blank_values=True, strict_parsing=True)
        settings = Counter(name for name, _ in arguments if not name.startswith("param_"))
        values = dict(arguments)
        assert recorded.method == "POST"
        assert TEXT.fullmatch(text), text
        assert hostile.MARK not in text
        assert platform.SECRET not in text
        assert "l.project_id = {project:UUID}" in text
        assert values["param_project"] == values["SQL_project"] == platform.PROJECT_A
        assert max(settings.values()) == 1
        assert hostile.MARK not in "".join(settings)


def test_statements_are_of_a_small_fixed_set_whatever_is_asked(watched: tuple[LogDoor, StoreRecorder]) -> None:
    door, recorder = watched
    recorder.requests.clear()
    for number in range(40):
        ask(door, f"logs?q=zq{number}%20@zq{number}:zq{number}&limit={number + 1}")
    found = {recorded.body for recorded in recorder.requests}

    assert len(found) == 1


PAGES: Final = (
    "logs?limit=1000", "logs?limit=13", "logs?q=timeout", "logs?q=-@level:error&direction=forward",
    "logs/histogram?step=60", "logs/histogram?step=7&q=foo", "logs/fields", "logs/fields?field=pod",
    "logs/fields?field=status",
    "logs/fields?field=level", "logs/export?format=ndjson", "logs/export?format=csv", "logs/export?format=arrow",
    "logs/export?format=parquet",
)  # fmt: skip


def test_a_rivals_data_changes_no_byte_of_an_answer(
    tmp_path_factory: pytest.TempPathFactory, log_server: Server, control: tuple[str, Tokens], moment: int
) -> None:
    begin = moment - 40_000 * SECOND
    mine = samples.random_samples(
        platform.PROJECT_A, (platform.SERVICE_A1, platform.SERVICE_A2), 200, end=begin, seed=901
    )
    rivals = [
        # The same records as the rival's, and others at the same moments with the same ids.
        *(replace(one, project_id=platform.PROJECT_B) for one in mine),
        *(replace(one, project_id=platform.PROJECT_B, body=one.body + platform.SECRET) for one in mine),
        *samples.random_samples(
            platform.PROJECT_B, (platform.SERVICE_A1,), 300, end=begin, seed=902, mark=platform.SECRET
        ),
    ]
    arguments = f"start={begin - 60 * SECOND}&end={begin}"

    def answers(server: Server, name: str) -> list[tuple[int, bytes]]:
        with log_door(tmp_path_factory.mktemp(name), {"near": server.reader_url}, control=control) as door:
            found = [ask(door, f"{page}{'&' if '?' in page else '?'}{arguments}") for page in PAGES]
            return [(one.status, one.body) for one in found]

    with running(tmp_path_factory.mktemp("alone")) as alone:
        client = alone.writer()
        samples.insert(client, mine)
        expected = answers(alone, "alone-door")
        samples.insert(client, rivals)
        crowded = answers(alone, "crowded-door")
        client.close()

    assert {status for status, _ in expected} == {200}
    assert expected == crowded
    assert log_server.reader_url
