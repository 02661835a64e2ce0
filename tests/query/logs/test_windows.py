"""How much of a range a search looks at: one read where one is enough, and never more at once than it may have to."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from core.scope import Grant
from query.logs import window
from query.logs.arguments import Span
from query.logs.condition import compiled
from query.logs.grammar import parse
from query.logs.reader import LogReader
from tests.query import platform
from tests.query.logs.conftest import LIMITS, proved
from tests.query.logs.samples import SECOND

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from clickhouse_connect.driver.client import Client

    from query.logs.store import LogStore
    from tests.compose.clickhouse.serving import Server

pytestmark = pytest.mark.anyio

HOUR = 3_600 * SECOND
DAY = 24 * HOUR
COUNT = 50_000
# Records all through a day, one of them with a needle; nobody else's test looks into that day.
_FILL = """
INSERT INTO starmeter.logs (project_id, environment, service_id, retention_days, timestamp, id, source, severity, body)
SELECT {project:UUID}, 'even', {service:UUID}, 30,
    fromUnixTimestamp64Nano({start:Int64} + toInt64(number) * {step:Int64}), number + 1,
    'app', 9, concat('line ', if(number = 7, 'needle', 'straw'))
FROM numbers({count:UInt64})
"""


class Watched(LogReader):
    """A reader that notes the ranges that are read."""

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*arguments)
        self.spans: list[Span] = []

    async def rows(self, name: str, conditions: Any, **values: Any) -> Sequence[Any]:  # noqa: ANN401 - passed on
        given = list(conditions)
        self.spans.append(Span(given[0].parameters["start"], given[0].parameters["end"]))
        return await super().rows(name, given, **values)


@pytest.fixture(scope="module")
def day(log_writer: Client, moment: int) -> Span:
    start = moment - 25 * DAY
    values = {"project": platform.PROJECT_A, "service": platform.SERVICE_A1, "start": start, "step": DAY // COUNT}
    log_writer.command(_FILL, parameters=values | {"count": COUNT})
    return Span(start, start + DAY)


@pytest.fixture
async def store(log_server: Server) -> AsyncIterator[LogStore]:
    async with proved(log_server.reader_url) as proved_store:
        yield proved_store


async def read(store: LogStore, span: Span, query: str = "", *, limit: int = 101, order: str = "backward") -> Watched:
    reader = Watched(store, Grant(platform.PROJECT_A, "near"), LIMITS)
    expression = compiled(parse(query))
    rows = await window.records(reader, order, span, expression, limit=limit, plain=not query)
    assert 0 < len(rows) <= (2 if query else limit)
    return reader


async def test_a_project_that_nobody_knows_is_looked_at_by_a_quarter_of_an_hour_first(
    store: LogStore, day: Span
) -> None:
    found = await read(store, day)

    assert found.spans == [Span(day.end - HOUR // 4, day.end)]


async def test_a_needle_is_looked_for_in_one_read_once_a_page_has_told_how_much_there_is(
    store: LogStore, day: Span
) -> None:
    await read(store, day)
    found = await read(store, day, "needle")

    assert found.spans == [day]


@pytest.mark.parametrize("order", ["backward", "forward"])
async def test_a_page_of_a_known_project_is_read_from_a_small_part(store: LogStore, day: Span, order: str) -> None:
    await read(store, day)
    (first,) = (await read(store, day, order=order)).spans

    assert first.end - first.start < DAY // 10
    assert (first.end == day.end) is (order == "backward")
    assert (first.start == day.start) is (order == "forward")


async def test_what_is_left_is_read_at_once_when_the_index_spares_it(
    store: LogStore, day: Span, monkeypatch: pytest.MonkeyPatch
) -> None:
    await read(store, day)
    monkeypatch.setattr(window, "_FILTERED_ROWS", COUNT // 10)
    found = await read(store, day, "needle")

    assert len(found.spans) == 2
    assert found.spans[0].start == found.spans[1].end
    assert found.spans[1].start == day.start


async def test_what_has_to_be_read_row_by_row_is_read_in_growing_windows(
    store: LogStore, day: Span, monkeypatch: pytest.MonkeyPatch
) -> None:
    await read(store, day)
    monkeypatch.setattr(window, "_FILTERED_ROWS", COUNT // 50)
    found = await read(store, day, "/n[e]edle/ line")
    lengths = [one.end - one.start for one in found.spans]

    assert len(lengths) > 2
    assert all(earlier * 3 < later for earlier, later in pairwise(lengths[:-1]))
    assert sum(lengths) == DAY


async def test_a_window_grows_slowly_where_it_may_have_to_read_much(
    store: LogStore, day: Span, monkeypatch: pytest.MonkeyPatch
) -> None:
    await read(store, day)
    monkeypatch.setattr(window, "_FILTERED_ROWS", COUNT // 20)
    monkeypatch.setattr(window, "_MOST_RECORDS", COUNT // 4)
    found = await read(store, day, "needle")

    lengths = [one.end - one.start for one in found.spans]

    assert len(lengths) > 2
    assert all(later <= max(DAY // 4, earlier * 2) * 1.2 for earlier, later in pairwise(lengths))


async def test_a_needle_says_nothing_about_how_much_there_is(store: LogStore, day: Span) -> None:
    await read(store, day, "needle")
    found = await read(store, day)

    assert found.spans == [Span(day.end - HOUR // 4, day.end)]


async def test_a_quiet_end_of_a_range_does_not_let_the_rest_be_read_at_once(store: LogStore, day: Span) -> None:
    late = Span(day.start, day.end + DAY)
    unknown, known = [[one.end - one.start for one in (await read(store, late)).spans] for _ in range(2)]

    assert unknown[0] == HOUR // 4
    assert unknown[1] < DAY
    assert len(unknown) > 2
    assert known[0] < DAY // 10


async def test_records_of_one_moment_do_not_make_a_project_look_dense(
    store: LogStore, day: Span, log_writer: Client
) -> None:
    start = day.start - 2 * DAY
    values = {"project": platform.PROJECT_A, "service": platform.SERVICE_A1, "start": start, "step": 0, "count": 20}
    log_writer.command(_FILL, parameters=values)
    crowded = Span(start, start + SECOND)
    for limit in (2, 20):
        await read(store, crowded, limit=limit)
        assert len((await read(store, Span(start, day.end), "needle", limit=20)).spans) < 12
