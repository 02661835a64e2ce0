"""What became of series over hours: growth of the small beside the large, and the hour in which a value was new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.query.counted import HOUR, Counted, counted_door, tenant
from tests.query.platform import PROJECT_A, PROJECT_B, SERVICE_A1, SERVICE_B1

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.counted import Fed

pytestmark = pytest.mark.stack

ALWAYS = range(0, 6 * HOUR, 120)
NOW = range(0, 600, 60)


def bot(name: str) -> list[str]:
    return [f'app_bots{{{tenant(PROJECT_B, SERVICE_B1)},bot="{name}"}}']


FED: Fed = (
    (bot("old"), ALWAYS),
    # Both came in the hour before the last; one of them was gone before it ended.
    (bot("went"), range(4_500, 5_400, 60)),
    (bot("came"), range(0, 5_400, 60)),
    (bot("new"), NOW),
    # Present now, and five hours ago, and at no moment between.
    (bot("seldom"), [*NOW, *range(5 * HOUR, 5 * HOUR + 600, 60)]),
    # What our own rules say of a service is not of its making.
    ([f'ALERTS{{{tenant(PROJECT_B, SERVICE_B1)},bot="alert"}}'], NOW),
    # A project with many series that have always been, and one with few that are new.
    ([f'app_hits{{{tenant(PROJECT_B, SERVICE_B1)},hit="{number}"}}' for number in range(9)], ALWAYS),
    ([f'app_hits{{{tenant(PROJECT_A, SERVICE_A1)},hit="{number}"}}' for number in range(3)], NOW),
)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with counted_door(tmp_path_factory.mktemp("hours"), FED) as door:
        yield door


def test_who_tells_the_new_values_of_each_hour_and_those_that_came_and_went(counted: Counted) -> None:
    (told,) = counted.near("who", hours=3, label="bot")["services"]

    assert (told["service_id"], told["new_values"], told["by_hour"]) == (SERVICE_B1, 3, [0, 2, 1])
    assert told["values_per_hour"] == 1.0
    assert told["examples"] == ["came", "new", "went"]


def test_a_value_that_was_there_before_is_not_new_though_it_was_away_an_hour_ago(counted: Counted) -> None:
    (told,) = counted.near("who", hours=1, label="bot")["services"]

    assert told["examples"] == ["new"]


def test_what_grows_is_found_though_it_is_not_among_the_largest(counted: Counted) -> None:
    (largest,) = counted.near("top", metric="app_hits", limit=1)["projects"]
    growth = counted.near("growth", metric="app_hits", limit=1)

    assert largest["name"] == PROJECT_B
    assert [(one["name"], one["per_hour"]) for one in growth["projects"]] == [(PROJECT_A, 3.0)]
    assert [(one["name"], one["project_id"]) for one in growth["services"]] == [(SERVICE_A1, PROJECT_A)]
