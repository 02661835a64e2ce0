"""What is never counted by query, since the store's own index says that it is too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from core.region import Region
from core.scope import Action, Permit, Principal
from query.cardinality import MOST_SERIES, Count, Question
from query.platform import PlatformReader, Selector, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from query.platform import Counts

pytestmark = pytest.mark.anyio

PERMIT = Permit(Principal("staff", "token", frozenset(Action)), Action.READ_CARDINALITY)
LARGE, HALF = MOST_SERIES + 1, MOST_SERIES // 2 + 1


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Large(PlatformReader):
    """A region whose index knows projects and labels of every size; notes what is counted by query."""

    def __init__(self) -> None:
        super().__init__(Region(name="big", metrics_url="http://127.0.0.1:1"), connect_seconds=1)
        self.counted: list[str] = []

    @override
    async def status(
        self, permit: Permit, *, top: int, focus: str = "", within: Selector | None = None, day: str = ""
    ) -> Status:
        projects = [("huge", LARGE), ("half", HALF), ("other-half", HALF), ("small", 5)]
        labels = [("trace", LARGE), ("page", 9), ("bot", HALF)]
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
    async def new_values(self, permit: Permit, label: str, within: Selector, *, hours: int, most: int) -> Counts:
        self.counted.append(within.text)
        return [({label: str(number)}, 1) for number in range(most)]


async def tiers(_: Collection[str]) -> dict[str, set[str]]:
    return {}


async def test_growth_counts_as_many_projects_as_are_small_enough_together_and_names_the_others() -> None:
    reader = Large()
    count = Count(reader, PERMIT, Question(), tiers)

    await count.growth()

    assert set(reader.counted) == {'{project_id=~"half|small"}'}
    assert [warning.split(" has ")[0] for warning in count.warnings] == [
        "region big: project huge",
        "region big: project other-half",
    ]


async def test_who_looks_at_labels_that_are_small_enough_each_and_names_the_others() -> None:
    reader = Large()
    count = Count(reader, PERMIT, Question(), tiers)

    await count.who()

    assert reader.counted == ['{project_id!="",page!=""}', '{project_id!="",bot!=""}']
    assert count.warnings[0].startswith("region big: label trace has 100001 series today")
    assert count.warnings[1:] == [
        f"region big: {name} has more new values than are counted" for name in ("page", "bot")
    ]


def test_a_value_is_quoted_and_never_part_of_the_language() -> None:
    selector = Selector.one_of("a", ['x"} or {b!="', "y.z\n"]).with_matcher("c", "=", "\\")

    assert selector.text == '{a=~"x\\"\\\\}\\\\ or\\\\ \\\\{b!=\\"|y\\\\.z\\\\\\n",c="\\\\"}'
