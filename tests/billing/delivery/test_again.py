"""What is delivered again and what is not: late usage is, other workspaces' is not, and no closed month is re-rated."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped]
import pytest

from billing.accounts.plans import Plans
from billing.delivery.job import deliver_all
from billing.delivery.target import Targets
from billing.hour import DAY, HOUR, date
from core import control
from tests.billing.accounts.ledgers import running_ledger
from tests.billing.accounts.world import MARCH_2026, World, builds, neighbours
from tests.billing.books import BUILD, MARCH, WORKSPACE, written
from tests.billing.delivery.conftest import s3, settings, target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from billing.delivery.settings import DeliverySettings
    from billing.delivery.target import Target
    from tests.billing.accounts.ledgers import RealLedger

__all__ = ["s3", "settings", "target"]

_DAYS = 5
_STEPS = [{"up_to": 20, "unit_price": "0.05"}, {"unit_price": "0.04"}]


@pytest.fixture(scope="module")
def real_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLedger]:
    """A ledger for this module."""
    with running_ledger(tmp_path_factory.mktemp("delivered-ledger")) as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, real_ledger: RealLedger) -> Iterator[World]:
    """March of a workspace and its neighbour."""
    real_ledger.clear()
    engine = control.connect(f"sqlite:///{tmp_path / 'control.db'}")
    control.upgrade(engine)
    world = World(engine, MARCH, real_ledger.ledger).build()
    world.activate(json.dumps(written()))
    world.publish([builds(1, 100), neighbours(builds(1, 7)), builds(2, 10)], MARCH_2026)
    yield world
    engine.dispose()


class Mailbox:
    """A bucket of the test's own, and what delivers to it."""

    def __init__(self, world: World, settings: DeliverySettings, target: Target) -> None:
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
        self._bucket: Any = boto3.resource("s3", endpoint_url=target.endpoint, **keys).create_bucket(
            Bucket=target.bucket
        )
        self._world, self._settings = world, settings
        Targets(world.engine).add(replace(target, format="csv"))

    def run(self, days: float) -> dict[str, str]:
        """What a run so many days into March puts, by name."""
        before = self._objects()
        assert self._world.ledger is not None
        (outcome,) = deliver_all(
            self._world.engine, self._world.ledger, self._settings, MARCH + int(days * DAY) + 2 * HOUR
        )
        assert outcome.message == ""
        put = {name: text for name, (text, tag) in self._objects().items() if before.get(name) != (text, tag)}
        assert {MARCH + (int(name[-2:]) - 1) * DAY for name in {each.partition("/")[0] for each in put}} == {
            *outcome.days
        }
        return put

    def _objects(self) -> dict[str, tuple[str, Any]]:
        return {
            each.key.removeprefix("starmeter/usage/"): (each.get()["Body"].read().decode(), each.last_modified)
            for each in self._bucket.objects.all()
        }


@pytest.fixture
def mailbox(world: World, settings: DeliverySettings, target: Target) -> Mailbox:
    """To which nothing was delivered yet."""
    return Mailbox(world, settings, target)


def _amounts(put: dict[str, str]) -> dict[str, list[str]]:
    return {
        name.partition("/")[0]: [line.split(",")[-3] for line in text.splitlines()[1:]]
        for name, text in put.items()
        if name.endswith("usage.csv")
    }


@pytest.mark.parametrize(
    "prices", [[BUILD], [{**BUILD, "unit_price": None, "model": "graduated", "steps": _STEPS}]], ids=["flat", "steps"]
)
def test_what_is_published_of_others_puts_nothing_and_what_is_late_its_own_days(
    world: World, mailbox: Mailbox, prices: list[dict[str, Any]]
) -> None:
    """Of others in an hour of a day that is there, and of one that is not; of one's own, in steps of the month."""
    world.activate(json.dumps(written(prices, version=2)))
    first = mailbox.run(_DAYS)
    world.publish([builds(1, 100), neighbours(builds(1, 9)), neighbours(builds(20, 9))])
    others = mailbox.run(_DAYS)
    world.publish([builds(1, 30), neighbours(builds(1, 9))])
    late = mailbox.run(_DAYS)

    assert len(first) == 2 * _DAYS
    assert others == {}
    one, two = f"day={date(MARCH)}", f"day={date(MARCH + DAY)}"
    steps = len(prices[0].get("steps", ())) > 0
    assert _amounts(late) == {one: ["1.40"] if steps else ["1.50"]}
    # The second day is worth the same: the month is beyond the first step with and without what was late.
    assert two in _amounts(first)


def test_only_the_manifest_is_put_when_only_the_evidence_has_changed(world: World, mailbox: Mailbox) -> None:
    world.publish([builds(3, 20)], heard=60)
    first = mailbox.run(_DAYS)
    assert f"day={date(MARCH + 2 * DAY)}/usage.csv" in first
    world.publish([builds(3, 20)])
    again = mailbox.run(_DAYS)

    name = f"day={date(MARCH + 2 * DAY)}/manifest.json"
    assert set(again) == {name}
    was, now = json.loads(first[name]), json.loads(again[name])
    assert Decimal(was["completeness"]) < Decimal(now["completeness"]) == Decimal("100.00")
    assert was["sha256"] == now["sha256"]


def test_a_closed_month_stays_what_its_invoice_says_and_an_open_one_follows_the_book(
    world: World, mailbox: Mailbox
) -> None:
    first = mailbox.run(_DAYS)
    dearer = json.dumps(written([{**BUILD, "unit_price": "0.09"}], version=2))
    world.activate(dearer)
    open_month = mailbox.run(_DAYS)
    world.activate(json.dumps(written()))
    back = mailbox.run(_DAYS)
    world.final(MARCH_2026)
    world.activate(dearer)
    closed = mailbox.run(_DAYS)
    world.publish([builds(2, 20)])
    late = mailbox.run(_DAYS)

    one, two = f"day={date(MARCH)}", f"day={date(MARCH + DAY)}"
    assert (_amounts(first)[one], _amounts(open_month)[one], _amounts(back)[one]) == (["5.00"], ["9.00"], ["5.00"])
    assert closed == {}
    assert _amounts(late) == {two: ["1.00"]}
    assert json.loads(late[f"{two}/manifest.json"])["price_book"] == "test 1"


def test_a_plan_of_an_open_month_is_the_one_it_has_now(world: World, mailbox: Mailbox) -> None:
    world.activate(json.dumps(written([BUILD, {**BUILD, "id": "pro", "plan": "pro", "unit_price": "0.01"}], version=2)))
    first = mailbox.run(1)
    Plans(world.engine).give(WORKSPACE, "pro", MARCH)

    one = f"day={date(MARCH)}"
    assert (_amounts(first), _amounts(mailbox.run(1))) == ({one: ["5.00"]}, {one: ["1.00"]})
