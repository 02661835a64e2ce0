"""What cannot be read is refused cleanly: who may not, a region that is down, a limit, a store that hangs."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from core.clickhouse import TooMuchRead
from core.scope import Grant
from query.logs.condition import Condition
from query.logs.reader import LogReader
from tests.compose.clickhouse.serving import running
from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.conftest import LIMITS, proved
from tests.query.logs.serving import log_door

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.reference import Sample
    from tests.query.logs.serving import LogDoor
    from tests.query.platform import Tokens

PAGES = (
    "logs",
    "logs/histogram",
    "logs/fields",
    "logs/fields?field=pod",
    "logs/export",
    "logs/export?format=parquet",
    "logs/context?timestamp=1&id=0000000000000001",
)


def test_who_may_not_read_is_told_as_everywhere(door_of_logs: LogDoor) -> None:
    tokens = door_of_logs.tokens

    def status(token: str, project: str = platform.PROJECT_A) -> tuple[int, str]:
        with door_of_logs.client(token, project) as client:
            answer = client.get("logs")
            return answer.status_code, answer.text

    assert status(tokens.logs_only)[0] == 200
    assert status(tokens.revoked)[0] == status(tokens.expired)[0] == status("sm_nonsense")[0] == 401
    assert status(tokens.billing)[0] == 403
    assert status(tokens.viewer, platform.PROJECT_B) == status(tokens.viewer, platform.UNKNOWN)
    assert status(tokens.viewer, platform.PROJECT_B)[0] == 404
    assert status(tokens.production, platform.PROJECT_B)[0] == 404


@pytest.mark.parametrize("page", [*PAGES, "logs/tail", "loki/api/v1/query_range?query={}", "loki/api/v1/series"])
def test_a_region_that_is_down_is_named_and_the_others_are_served(door_of_logs: LogDoor, page: str) -> None:
    with door_of_logs.client(door_of_logs.tokens.owner, platform.PROJECT_FAR) as far:
        answer = far.get(page)
        ready = far.get(f"{door_of_logs.url}/readyz").json()
    with door_of_logs.client() as near:
        assert near.get("logs").status_code == 200

    if page == "logs/tail":
        # It has begun before anything is read, and says when it cannot go on.
        assert answer.status_code in {200, 503}
    else:
        assert answer.status_code == 503
        assert "region far" in answer.text
        assert int(answer.headers["retry-after"]) > 0
    assert "127.0.0.1" not in answer.text
    assert ready["logs"]["near"] == "ok"
    assert "region far" in ready["logs"]["far"]


@pytest.mark.parametrize("limit", ["rows_to_read", "bytes_to_read", "answer_bytes"])
def test_a_read_over_a_limit_is_refused_with_what_to_narrow(
    tmp_path: Path, log_server: Server, ours: list[Sample], control: tuple[str, Tokens], limit: str
) -> None:
    assert ours
    logs = {"limits": {limit: 1024 if limit == "answer_bytes" else 10}}
    urls = {"near": log_server.reader_url}
    with log_door(tmp_path, urls, control=control, logs=logs) as door, door.client() as client:
        search = client.get("logs", params={"limit": 1000})
        streams = client.get("loki/api/v1/query_range", params={"query": "{}", "since": "1d", "limit": 1000})

    assert (search.status_code, streams.status_code) == (422, 422)
    assert search.json()["code"] == "too_much_read"
    assert "narrow" in search.json()["detail"]
    assert streams.json()["message"] == search.json()["detail"]


_LABELS = ", ".join(f"a_b_c_d{n}{'e' * 80}" for n in range(10))


@pytest.mark.parametrize(
    ("page", "query", "status"),
    [
        pytest.param("logs", "-".join(f"{n:x}" for n in range(700)), 200, id="a word of many tokens"),
        pytest.param("logs", '"' + "é-" * 1300 + '"', 200, id="a phrase of many tokens"),
        pytest.param("logs", " ".join("é" * 25 + f"-{n}-é" for n in range(64)), 200, id="many words"),
        pytest.param("logs", " ".join(f"@n{n}:>1" for n in range(64)), 200, id="many numbers"),
        pytest.param("loki", "{}" + ' |= "' + "\\\\" * 4000 + '"', 200, id="all that fits"),
        pytest.param("loki", "{} | " + " and ".join(f"a_b_c_d{n} != 1" for n in range(64)), 400, id="many spellings"),
        pytest.param("loki", f"sum by ({_LABELS}) (rate({{}}[5m]))", 200, id="long labels"),
        pytest.param("loki", f"sum by ({_LABELS.replace('e', 'e' * 5)}) (rate({{}}[5m]))", 422, id="longer labels"),
    ],
)
def test_a_filter_that_is_too_large_is_refused_and_the_region_is_still_served(
    door_of_logs: LogDoor, moment: int, page: str, query: str, status: int
) -> None:
    span: dict[str, int] = {"start": moment - 60 * samples.SECOND, "end": moment}
    with door_of_logs.client() as client:
        if page == "loki":
            answer = client.get("loki/api/v1/query_range", params=span | {"query": query, "step": "60"})
        else:
            answer = client.get("logs", params=span | {"q": query})
        served = client.get("logs", params=span)

    assert (answer.status_code, served.status_code) == (status, 200), answer.text
    assert status == 200 or "fewer" in answer.json()["message"]


@pytest.mark.anyio
async def test_what_the_store_refuses_for_its_size_is_not_the_regions_fault(
    log_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    huge = Condition(f"length(array({','.join('a' * 60_000)})) > 0")
    async with proved(log_server.reader_url) as store:
        reader = LogReader(store, Grant(platform.PROJECT_A, "near"), LIMITS)
        with pytest.raises(TooMuchRead, match="use fewer terms"):
            await reader.rows("backward", [huge], limit=1)
        with pytest.raises(TooMuchRead, match="use fewer terms"):
            await anext(reader.batches("export", [huge], limit=1, zero="0"))

        assert store.ready
        assert not store.is_suspected
    assert caplog.records == []


@pytest.mark.timeout(300)
def test_a_store_that_hangs_is_given_up_and_served_again(
    tmp_path: Path, control: tuple[str, Tokens], moment: int
) -> None:
    with running(tmp_path / "store") as server:
        client = server.writer()
        samples.insert_for(client, count=20, end=moment, seed=3)
        client.close()
        # Its probe comes seldom: what is seen here is the read's own end.
        logs = {"limits": {"seconds": 1}, "probe_seconds": 600.0}
        urls = {"near": server.reader_url}
        arguments: dict[str, int] = {"start": moment - 60 * samples.SECOND, "end": moment}
        with log_door(tmp_path / "door", urls, control=control, logs=logs) as door, door.client() as reader:
            before = reader.get("logs", params=arguments)
            os.kill(server.pid, signal.SIGSTOP)
            try:
                hung = reader.get("logs", params=arguments)
            finally:
                os.kill(server.pid, signal.SIGCONT)
            deadline = time.monotonic() + 60
            after = reader.get("logs", params=arguments)
            while after.status_code != before.status_code and time.monotonic() < deadline:
                time.sleep(0.2)
                after = reader.get("logs", params=arguments)

    assert hung.status_code in {503, 504}
    assert hung.headers["content-type"] == "application/problem+json"
    assert "127.0.0.1" not in hung.text
    assert (before.status_code, after.status_code) == (200, 200)
    assert before.json() == after.json()
