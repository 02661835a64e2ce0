"""What a tail has accounted for: what comes late is found, over connections too, and what cannot be told is counted."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from query.logs.arrivals import NOTHING, Accounted, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from query.logs.arrivals import Total


def arrivals(count: int, seed: int = 1) -> dict[int, Total]:
    dice = random.Random(seed)
    return {1_000 + 10 * n: (dice.randrange(1, 50), dice.getrandbits(64)) for n in range(count)}


def test_more_at_a_stamp_is_late_and_fewer_are_not() -> None:
    found = arrivals(5)
    accounted = Accounted(0)
    accounted.note(found, 0, 1_040)
    grown = found | {1_010: (found[1_010][0] + 1, 7), 1_005: (1, 9), 1_020: (found[1_020][0] - 1, 3)}

    assert accounted.late(found, 1_040) == []
    assert accounted.late(grown, 1_040) == [1_005, 1_010]
    accounted.mend(grown, [1_005, 1_010])
    assert accounted.late(grown, 1_040) == []
    assert accounted.late(grown, 1_050) == [1_040]


def test_what_is_forgotten_is_not_in_the_total() -> None:
    found = arrivals(6)
    accounted = Accounted(0)
    accounted.note(found, 0, 2_000)
    accounted.forget(1_030)

    assert accounted.since == 1_030
    assert accounted.total == total(one for stamp, one in found.items() if stamp >= 1_030)


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param([1_000], id="the first"),
        pytest.param([1_070], id="one"),
        pytest.param([1_050, 1_060, 1_070, 1_080], id="neighbours"),
        pytest.param([1_020, 1_180], id="two far apart"),
        pytest.param(sorted(arrivals(20)), id="all"),
    ],
)
def test_another_connection_finds_what_became_visible_since(missing: Sequence[int]) -> None:
    found = arrivals(20)
    before = Accounted(0)
    before.note({stamp: one for stamp, one in found.items() if stamp not in missing}, 0, 2_000)
    after = Accounted(0)

    assert after.restore(found, before.total) == 0
    assert after.late(found, 2_000) == list(missing)
    after.mend(found, missing)
    assert after.total == total(found.values())


def test_what_cannot_be_told_apart_is_counted() -> None:
    found = arrivals(20)
    grown = found | {stamp: (found[stamp][0] + 3, stamp) for stamp in (1_010, 1_090, 1_150)}
    accounted = Accounted(0)

    assert accounted.restore(grown, total(found.values())) == 9
    assert accounted.late(grown, 2_000) == []


@pytest.mark.parametrize("shown", [NOTHING, total(arrivals(20).values())])
def test_records_that_have_gone_are_not_missed(shown: Total) -> None:
    assert Accounted(0).restore({}, shown) == 0
