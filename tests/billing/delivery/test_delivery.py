"""Days go to a bucket once, whole, with a manifest that says what they must be; late ones again."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Final

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from billing.delivery.bucket import Bucket
from billing.delivery.delivery import due
from billing.hour import DAY, HOUR, date
from tests.billing.accounts.world import MARCH_2026, NEIGHBOUR
from tests.billing.books import MARCH, WORKSPACE
from tests.billing.delivery.parcel import NOON
from tests.billing.surface import expected
from tests.billing.surface.files import texts
from tests.billing.surface.world import APRIL, SECRET

if TYPE_CHECKING:
    from billing.delivery.target import Target
    from tests.billing.delivery.parcel import Delivery

ALL: Final = ("project", "environment", "service", "region", "meter")


def test_every_day_that_is_over_is_there_with_what_its_manifest_says(parcel: Delivery) -> None:
    added = parcel.targets.add(parcel.target)
    (outcome,) = parcel.run(MARCH + 3 * DAY + NOON)
    found = parcel.objects()
    lines = expected.lines(parcel.stage.world, MARCH_2026)

    assert (outcome.days, outcome.message) == ((MARCH, MARCH + DAY, MARCH + 2 * DAY), "")
    assert outcome.target == added
    assert {name.rpartition("/")[2] for name in found} == {"usage.parquet", "manifest.json"}
    assert len(found) == 6
    for start in outcome.days:
        folder = f"starmeter/usage/day={date(start)}"
        content, _ = found[f"{folder}/usage.parquet"]
        manifest = json.loads(found[f"{folder}/manifest.json"][0])
        rows = texts(pq.read_table(io.BytesIO(content)))

        assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
        assert (manifest["bytes"], manifest["rows"]) == (len(content), len(rows))
        assert (manifest["workspace_id"], manifest["completeness"]) == (WORKSPACE, "100.00")
        assert expected.told(rows, *ALL) == expected.days([each for each in lines if each.day == start], *ALL)
        assert SECRET.encode() not in content
        assert NEIGHBOUR.encode() not in content
    assert parcel.targets.all()[0].delivered_until == MARCH + 3 * DAY


def test_a_second_run_puts_nothing_and_a_later_one_goes_on(parcel: Delivery) -> None:
    parcel.targets.add(parcel.target)
    parcel.run(MARCH + 2 * DAY + NOON)
    before = parcel.objects()
    (again,) = parcel.run(MARCH + 2 * DAY + NOON)
    (later,) = parcel.run(MARCH + 3 * DAY + NOON)

    assert again.days == ()
    assert later.days == (MARCH + 2 * DAY,)
    assert before.items() <= parcel.objects().items()


def test_a_day_is_due_an_hour_after_its_end(target: Target) -> None:
    over = MARCH + DAY + HOUR

    assert [*due(target, over - 1)] == []
    assert [*due(target, over)] == [MARCH]
    assert [*due(target, over + 2 * DAY)] == [MARCH, MARCH + DAY, MARCH + 2 * DAY]
    assert [*due(target, MARCH - DAY)] == []


class CrashError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("after", range(6))
def test_a_run_that_ends_at_any_step_is_finished_by_the_next_with_the_same_bytes(
    parcel: Delivery, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel.targets.add(parcel.target)
    steps: list[str] = []
    real = Bucket.put

    def failing(self: Bucket, name: str, content: IO[bytes]) -> None:
        if len(steps) == after:
            raise CrashError
        steps.append(name)
        real(self, name, content)

    monkeypatch.setattr(Bucket, "put", failing)
    with pytest.raises(CrashError):
        parcel.run(MARCH + 3 * DAY + NOON)
    left = parcel.objects()
    monkeypatch.setattr(Bucket, "put", real)
    (outcome,) = parcel.run(MARCH + 3 * DAY + NOON)
    found = parcel.objects()

    assert len(left) == after
    assert outcome.days == tuple(MARCH + number * DAY for number in range(after // 2, 3))
    assert len(found) == 6
    assert {name: content for name, (content, _) in left.items()}.items() <= {
        name: content for name, (content, _) in found.items()
    }.items()


def test_a_day_that_changed_late_or_was_damaged_is_put_anew(parcel: Delivery) -> None:
    parcel.targets.add(parcel.target)
    parcel.run(MARCH + 3 * DAY + NOON)
    name = f"starmeter/usage/day={date(MARCH + DAY)}/manifest.json"
    manifest = json.loads(parcel.objects()[name][0])
    parcel.bucket.put_object(Key=name, Body=json.dumps(manifest | {"state": "as it was before", "sha256": ""}).encode())
    parcel.bucket.put_object(Key=f"starmeter/usage/day={date(MARCH)}/manifest.json", Body=b"{")
    (outcome,) = parcel.run(MARCH + 3 * DAY + NOON)

    assert outcome.days == (MARCH, MARCH + DAY)
    assert json.loads(parcel.objects()[name][0]) == manifest


def test_a_day_without_all_its_evidence_waits_but_not_for_ever(parcel: Delivery) -> None:
    parcel.targets.add(replace(parcel.target, delivered_until=APRIL.start, format="csv", prefix=""))
    second = APRIL.start + DAY
    (soon,) = parcel.run(second + DAY + NOON)
    (late,) = parcel.run(second + 3 * DAY + NOON)
    manifest = json.loads(parcel.objects()[f"day={date(second)}/manifest.json"][0])

    assert (soon.days, late.days) == ((APRIL.start,), (second,))
    assert (manifest["completeness"], manifest["rows"], manifest["file"]) == ("0.00", 0, "usage.csv")
