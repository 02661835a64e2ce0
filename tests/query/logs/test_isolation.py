"""No request of A's shows anything of its rival's, puts text into SQL, or depends on what the rival has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pytest

from tests.compose.clickhouse.serving import running
from tests.query import platform
from tests.query.logs import hostile, samples
from tests.query.logs.judge import ask, judged, watched_door
from tests.query.logs.loki import hostile as loki_hostile
from tests.query.logs.samples import SECOND
from tests.query.logs.serving import log_door

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.judge import Watched
    from tests.query.logs.reference import Sample
    from tests.query.platform import Tokens


@pytest.fixture(scope="module")
def watched(
    tmp_path_factory: pytest.TempPathFactory, log_server: Server, ours: list[Sample], control: tuple[str, Tokens]
) -> Iterator[Watched]:
    """A front-door whose store is behind a recorder."""
    assert ours
    with watched_door(tmp_path_factory.mktemp("watched-door"), log_server.reader_url, control=control) as door:
        yield door


@pytest.mark.timeout(600)  # a thousand requests
@pytest.mark.parametrize("about", ["pages", "loki"])
def test_no_hostile_request_shows_the_rivals_or_becomes_sql(watched: Watched, about: str) -> None:
    cases = list(dict.fromkeys(hostile.cases() if about == "pages" else loki_hostile.cases()))
    outcomes, findings = judged(watched, cases)

    assert findings == []
    assert len(cases) >= 500
    assert outcomes[200] > 150
    assert outcomes[400] > 150
    assert outcomes.keys() <= {200, 400, 404, 405, 422}


def test_statements_are_of_a_small_fixed_set_whatever_is_asked(watched: Watched) -> None:
    watched.recorder.requests.clear()
    for number in range(40):
        ask(watched.door, f"logs?q=zq{number}%20@zq{number}:zq{number}&limit={number + 1}")
        ask(
            watched.door, "loki/api/v1/query_range?query=" + quote(f'{{pod="zq{number}"}}|="zq{number}"|zq{number}="a"')
        )
    found = {recorded.body for recorded in watched.recorder.requests}

    assert len(found) == 2


PAGES: Final = (
    "logs?limit=1000", "logs?limit=13", "logs?q=timeout", "logs?q=-@level:error&direction=forward",
    "logs/histogram?step=60", "logs/histogram?step=7&q=foo", "logs/fields", "logs/fields?field=pod",
    "logs/fields?field=status",
    "logs/fields?field=level", "logs/export?format=ndjson", "logs/export?format=csv", "logs/export?format=arrow",
    "logs/export?format=parquet", "loki/api/v1/query_range?query=%7B%7D&limit=1000",
    "loki/api/v1/query_range?query=sum%20by(pod,status)(rate(%7B%7D[7s]))&step=7", "loki/api/v1/series",
    "loki/api/v1/label/pod/values", "loki/api/v1/index/volume", "loki/api/v1/detected_fields",
)  # fmt: skip


@pytest.mark.timeout(300)
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
