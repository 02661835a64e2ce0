"""What is never counted by query, since the store's own index says that it is too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from core.region import Region
from core.scope import Action, Permit, Principal
from query.cardinality import MOST_COUNTED, MOST_SERIES, Count, Question
from query.cardinality_growth import growth
from query.cardinality_who import who
from query.platform import PlatformReader, Selector, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from query.platform import Counts, Hourly

pytestmark = pytest.mark.anyio

PERMIT = Permit(Principal("staff", "token", frozenset(Action)), Action.READ_CARDINALITY)
LARGE, HALF = MOST_SERIES + 1, MOST_SERIES // 2 + 1


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Large(PlatformReader):
    """A region whose index knows projects and labels of every size; notes what is counted by query."""

    def __init__(self, labels: dict[str, int] | None = None) -> None:
        super().__init__(Region(name="big", metrics_url="http://127.0.0.1:1"), connect_seconds=1)
        self.counted: list[str] = []
        self._labels = labels or {"trace": LARGE, "page": 9, "bot": HALF}

    @override
    async def status(
        self, permit: Permit, *, top: int, focus: str = "", within: Selector | None = None, day: str = ""
    ) -> Status:
        projects = [("huge", LARGE), ("half", HALF), ("other-half", HALF), ("small", 5)]
        labels = list(self._labels.items())
        return Status.model_validate(
            {
                "totalSeries": 9 * LARGE,
                "seriesCountByFocusLabelValue": [{"name": name, "value": series} for name, series in projects],
                "seriesCountByLabelName": [{"name": name, "value": series} for name, series in labels],
                "labelValueCountByLabelName": [{"name": name, "value": 7} for name, _ in labels],
            }
        )

    @override
    async def count(self, permit: Permit, labels: Iterable[str], within: Selector, *, hours_ago: int = 0) -> Counts:
        self.counted.append(within.text)
        return []

    @override
    async def new_values(
        self, permit: Permit, label: str, within: Selector, *, hours: int, before: int, most: int
    ) -> Hourly:
        self.counted.append(f"{within.text} {before} h")
        return [({label: str(number)}, [(0, 1)]) for number in range(most)]


async def tiers(_: Collection[str]) -> dict[str, set[str]]:
    return {}


async def test_growth_counts_every_project_in_batches_that_are_small_enough_and_names_the_others() -> None:
    reader = Large()
    count = Count(reader, PERMIT, Question(limit=1), tiers)

    await growth(count)

    # Those beyond the limit of the answer, too: what grows fastest need not be among the largest.
    assert set(reader.counted) == {'{project_id=~"half"}', '{project_id=~"other\\\\-half|small"}'}
    assert [warning.split(" has ")[0] for warning in count.warnings] == ["region big: project huge"]


def test_no_more_is_counted_by_one_page_than_a_region_affords() -> None:
    count = Count(Large(), PERMIT, Question(), tiers)
    sizes = [(f"p{number}", MOST_SERIES // 2) for number in range(9)]

    batches = count.batches("project", sizes)

    assert [len(batch) for batch in batches] == [2, 2, 2]
    assert sum(map(len, batches)) * MOST_SERIES // 2 == MOST_COUNTED
    assert count.warnings == [
        "region big: 3 projects more were not looked at; narrow the question to a project or metric"
    ]


def test_a_batch_has_no_more_names_than_a_query_has_room_for() -> None:
    batches = Count(Large(), PERMIT, Question(), tiers).batches("project", [(str(n), 1) for n in range(450)])

    assert [len(batch) for batch in batches] == [200, 200, 50]


async def test_who_looks_as_far_back_as_it_can_afford_and_names_the_labels_that_it_cannot() -> None:
    reader = Large()
    count = Count(reader, PERMIT, Question(), tiers)

    await who(count)

    tenants = 'project_id!="",__name__!~"ALERTS|ALERTS_FOR_STATE"'
    assert reader.counted == [f'{{{tenants},page!=""}} 24 h', f'{{{tenants},bot!=""}} 3 h']
    assert count.warnings[0].startswith("region big: label trace has 100001 series today")
    assert count.warnings[1:] == [
        f"region big: label {name} has more new values than are counted" for name in ("page", "bot")
    ]


async def test_who_over_more_hours_than_can_be_read_says_so_instead() -> None:
    reader = Large()
    count = Count(reader, PERMIT, Question(label="bot", hours=8), tiers)

    assert (await who(count)).services == []
    assert reader.counted == []
    assert "too many to be looked through for 8 h" in count.warnings[0]


@pytest.mark.parametrize(
    ("series", "looked_at"),
    [pytest.param(10, 30, id="as many as one page looks at"), pytest.param(MOST_SERIES, 3, id="as many as are cheap")],
)
async def test_who_looks_at_all_labels_that_it_can_afford_and_says_how_many_it_did_not(
    series: int, looked_at: int
) -> None:
    reader = Large({f"label_{number}": series for number in range(40)})
    count = Count(reader, PERMIT, Question(), tiers)

    await who(count)

    assert len(reader.counted) == looked_at
    assert count.warnings[-1] == (f"region big: {40 - looked_at} labels with fewer values were not looked at; name one")


def test_a_value_is_quoted_and_never_part_of_the_language() -> None:
    selector = Selector.one_of("a", ['x"} or {b!="', "y.z\n"]).with_matcher("c", "=", "\\")

    assert selector.text == '{a=~"x\\"\\\\}\\\\ or\\\\ \\\\{b!=\\"|y\\\\.z\\\\\\n",c="\\\\"}'
