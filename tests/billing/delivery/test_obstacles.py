"""What stands in a delivery's way: a target that is none, an endpoint that may not be, a bucket that refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from billing.delivery.job import deliver_all
from compose.process import free_port
from core.errors import BadRequest
from tests.billing.accounts.world import day
from tests.billing.books import MARCH
from tests.billing.delivery.parcel import NOON

if TYPE_CHECKING:
    from billing.delivery.target import Target, Targets
    from tests.billing.delivery.parcel import Delivery


def test_one_that_fails_says_why_and_stops_no_other(parcel: Delivery) -> None:
    for name, change in (
        ("a", {"bucket": "no-such-bucket"}),
        ("b", {"secret_key": "unknown"}),
        ("c", {"endpoint": "http://169.254.169.254"}),
        ("d", {}),
    ):
        parcel.targets.add(replace(parcel.target, name=name, **change))  # type: ignore[arg-type]  # fields
    outcomes = parcel.run(day(2).end)
    messages = {each.name: each.message for each in parcel.targets.all()}

    assert [bool(each.days) for each in outcomes] == [False, False, False, True]
    assert "bucket" in messages["a"]
    assert "secret_key" in messages["b"]
    assert "not public" in messages["c"]
    assert messages["d"] == ""
    assert parcel.objects()


@pytest.mark.parametrize(
    "change",
    [
        {"bucket": "Not A Bucket"},
        {"bucket": "../other"},
        {"prefix": "a/../../b"},
        {"prefix": "/absolute"},
        {"prefix": "a//b"},
        {"region": "eu west"},
        {"access_key_id": ""},
        {"secret_key": "../../etc/passwd"},
        {"format": "xlsx"},
        {"delivered_until": MARCH + 1},
        {"name": ""},
    ],
    ids=str,
)
def test_a_target_that_is_malformed_is_refused_by_its_field(
    targets: Targets, target: Target, change: dict[str, Any]
) -> None:
    with pytest.raises(BadRequest):
        targets.add(replace(target, **change))

    assert targets.all() == ()


def test_a_bucket_that_does_not_answer_leaves_the_days_for_later(parcel: Delivery) -> None:
    parcel.targets.add(replace(parcel.target, endpoint=f"http://127.0.0.1:{free_port()}"))
    (outcome,) = deliver_all(
        parcel.stage.world.engine,
        parcel.ledger,
        parcel.settings.model_copy(update={"timeout_seconds": 1.0}),
        day(2).end,
    )

    assert "does not answer" in outcome.message
    assert parcel.targets.all()[0].delivered_until == MARCH


def test_the_hosts_name_is_looked_up_once_and_never_again(parcel: Delivery) -> None:
    """No name server knows this host: had the library looked for it, nothing would have been delivered."""
    port = urlsplit(parcel.target.endpoint).port
    parcel.targets.add(replace(parcel.target, endpoint=f"http://nowhere:{port}"))
    asked: list[str] = []

    def resolver(host: str, _: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",)

    stores = parcel.stage.world.engine, parcel.ledger
    (outcome,) = deliver_all(*stores, parcel.settings, day(1).end + NOON, resolver=resolver)

    assert (outcome.days, outcome.message) == ((MARCH,), "")
    assert asked == ["nowhere"]
    assert parcel.objects()
