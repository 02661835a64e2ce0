"""What was delivered is read back: whatever has become of a day since is found, and mended as it is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from billing.delivery.job import inspect
from billing.hour import DAY, date
from tests.billing.accounts.world import NEIGHBOUR
from tests.billing.books import MARCH
from tests.billing.delivery.parcel import NOON

if TYPE_CHECKING:
    from collections.abc import Callable

    from billing.delivery.settings import DeliverySettings
    from tests.billing.delivery.parcel import Delivery

DAYS = tuple(MARCH + number * DAY for number in range(3))
SECOND = f"starmeter/usage/day={date(DAYS[1])}"


def _overwrite(key: str, change: Callable[[bytes], bytes]) -> Callable[[Any], None]:
    def damage(bucket: Any) -> None:  # noqa: ANN401 - a bucket of boto3
        each = bucket.Object(f"{SECOND}/{key}")
        each.put(Body=change(each.get()["Body"].read()))

    return damage


def _saying(**changes: object) -> Callable[[Any], None]:
    return _overwrite("manifest.json", lambda content: json.dumps(json.loads(content) | changes).encode())


def _without(key: str) -> Callable[[Any], None]:
    return lambda bucket: bucket.Object(f"{SECOND}/{key}").delete()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(_without("manifest.json"), "manifest is missing", id="no manifest"),
        pytest.param(_overwrite("manifest.json", lambda _: b""), "manifest is not to be read", id="an empty manifest"),
        pytest.param(_overwrite("manifest.json", lambda _: b"[1]"), "manifest is not to be read", id="a list"),
        pytest.param(_saying(workspace_id=NEIGHBOUR), "of another workspace", id="another workspace's"),
        pytest.param(_saying(start="2026-03-03T00:00:00Z"), "of another workspace, day", id="another day's"),
        pytest.param(_saying(file="../usage.parquet"), "day or format", id="another file's"),
        pytest.param(_without("usage.parquet"), "usage.parquet is missing", id="no file"),
        pytest.param(_overwrite("usage.parquet", lambda content: content + b" "), "not what its", id="a byte more"),
        pytest.param(_overwrite("usage.parquet", lambda content: content[:-1]), "not what its", id="a byte less"),
        pytest.param(_overwrite("usage.parquet", lambda content: content[::-1]), "not what its", id="other bytes"),
        pytest.param(_saying(sha256="0" * 64), "not what its manifest says", id="another hash"),
        pytest.param(_saying(bytes="many"), "not what its manifest says", id="no length"),
    ],
)
def test_a_day_that_is_not_as_it_was_delivered_is_found_and_no_other(
    parcel: Delivery, damage: Callable[[Any], None], said: str
) -> None:
    target = parcel.targets.add(parcel.target)
    parcel.run(DAYS[-1] + DAY + NOON)
    before = inspect(target, parcel.settings, DAYS)
    damage(parcel.bucket)
    (fault,) = inspect(target, parcel.settings, DAYS)

    assert before == ()
    assert (fault.day, said in fault.message) == (DAYS[1], True), fault


def test_an_empty_object_in_the_manifests_place_mends_what_is_missing(parcel: Delivery) -> None:
    target = parcel.targets.add(parcel.target)
    parcel.run(DAYS[-1] + DAY + NOON)
    parcel.bucket.Object(f"{SECOND}/usage.parquet").delete()
    parcel.bucket.Object(f"{SECOND}/manifest.json").put(Body=b"")
    (outcome,) = parcel.run(DAYS[-1] + DAY + NOON)

    assert outcome.days == (DAYS[1],)
    assert inspect(target, parcel.settings, DAYS) == ()


def test_a_bucket_that_cannot_be_asked_is_a_fault_and_none_is_asked_about_no_day(
    parcel: Delivery, settings: DeliverySettings
) -> None:
    target = parcel.targets.add(parcel.target)
    nowhere = settings.model_copy(update={"allowed_networks": ()})
    (fault,) = inspect(target, nowhere, DAYS)

    assert (fault.day, "not https" in fault.message) == (DAYS[0], True)
    assert inspect(target, nowhere, ()) == ()
