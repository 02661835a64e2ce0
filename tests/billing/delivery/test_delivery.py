"""Days go to a bucket once, whole, with a manifest that says what they must be; late ones again."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from sqlalchemy import delete

from billing.delivery.bucket import Bucket
from billing.delivery.job import deliver_all
from billing.delivery.target import Target, Targets
from billing.hour import DAY, HOUR, date
from billing.schema import deliveries
from compose.process import free_port
from core.control import writing
from core.errors import BadRequest
from tests.billing.accounts.world import MARCH_2026, NEIGHBOUR, day
from tests.billing.books import MARCH, WORKSPACE
from tests.billing.surface import expected
from tests.billing.surface.test_usage import texts
from tests.billing.surface.world import APRIL, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billing.delivery.delivery import Outcome
    from billing.delivery.settings import DeliverySettings
    from billing.ledger.store import Ledger
    from tests.billing.surface.conftest import Scene

ALL: Final = ("project", "environment", "service", "region", "meter")
NOON: Final = 12 * HOUR


@pytest.fixture
def targets(stage: Scene) -> Iterator[Targets]:
    """No delivery yet, nor any left."""
    yield Targets(stage.world.engine)
    with writing(stage.world.engine) as connection:
        connection.execute(delete(deliveries))


@pytest.fixture
def target(s3: str, request: pytest.FixtureRequest) -> Target:
    """Where the workspace's March goes: a bucket of the test's own."""
    return Target(
        id="",
        workspace_id=WORKSPACE,
        name="finops",
        endpoint=s3,
        bucket=f"b-{blake2s(request.node.nodeid.encode()).hexdigest()[:20]}",
        prefix="starmeter/usage",
        region="us-east-1",
        access_key_id="key",
        secret_key="acme",
        format="parquet",
        delivered_until=MARCH,
    )


@dataclass(frozen=True, slots=True)
class Delivery:
    """A bucket that is empty at first, and what delivers to it."""

    stage: Scene
    ledger: Ledger
    settings: DeliverySettings
    targets: Targets
    target: Target
    bucket: Any

    def run(self, now: int) -> tuple[Outcome, ...]:
        """All deliveries at a time."""
        return deliver_all(self.stage.world.engine, self.ledger, self.settings, now)

    def objects(self) -> dict[str, tuple[bytes, Any]]:
        """Content and time of change by name."""
        return {each.key: (each.get()["Body"].read(), each.last_modified) for each in self.bucket.objects.all()}


@pytest.fixture
def parcel(stage: Scene, ledger: Ledger, settings: DeliverySettings, targets: Targets, target: Target) -> Delivery:
    """All of it."""
    store = boto3.resource(
        "s3",
        endpoint_url=target.endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    return Delivery(stage, ledger, settings, targets, target, store.create_bucket(Bucket=target.bucket))


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
    parcel.bucket.put_object(Key=name, Body=json.dumps(manifest | {"state": "as it was before"}).encode())
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
