"""What becomes of a build's delivery: signed, fresh and possible ones are stored, each once."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from compose.process import free_port
from ingest.usage.signature import sign
from tests.ingest.logs.world import FAR, FAR_WEB, SHOP, WEB, fixed
from tests.ingest.usage.manifests import AT, delivery, rfc3339
from tests.ingest.usage.serving import OLD_SECRET, SECRET, Door

if TYPE_CHECKING:
    from tests.ingest.logs.world import Platform
    from tests.ingest.usage.ledger import Ledger

pytestmark = pytest.mark.anyio

_ROW = "region, build_id, delivery_id, state::String, toUnixTimestamp(started_at), toUnixTimestamp(finished_at)"


async def test_a_signed_build_is_stored_before_it_is_acknowledged(door: Door, store: Ledger) -> None:
    answer = await door.build(delivery())

    assert (answer.status_code, answer.json()) == (200, {"delivery_id": "dlv-1", "build_id": "bld-1"})
    assert store.rows(_ROW, "build_events") == [("fra1", "bld-1", "dlv-1", "succeeded", AT, AT + 120)]
    assert store.rows("toString(project_id), environment, toString(service_id)", "build_events") == [
        (SHOP, "production", WEB)
    ]
    assert door.counted("builds", "accepted") == 1


async def test_a_delivery_sent_again_is_stored_once_and_a_contradiction_of_it_besides(
    door: Door, store: Ledger, platform: Platform
) -> None:
    for one in (door, door, Door(store.url, platform)):
        assert (await one.build(delivery())).status_code == 200
    await door.build(delivery(delivery_id="dlv-2"))
    # Which of two reports is right is not ours to say: metering puts such a build aside.
    await door.build(delivery(finished_at=rfc3339(AT + 60)))

    assert store.rows("delivery_id, toUnixTimestamp(finished_at)", "build_events") == [
        *(("dlv-1", AT + 60), ("dlv-1", AT + 120), ("dlv-2", AT + 120))
    ]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"finished_at": rfc3339(AT - 60)}, id="an end before its start"),
        pytest.param({"finished_at": rfc3339(AT + 86_400)}, id="a build of a day"),
        pytest.param({"finished_at": "2100-01-01T00:00:00Z"}, id="an end in the future"),
        pytest.param({"started_at": None}, id="no start"),
        pytest.param({"state": "running"}, id="an end of a build that runs"),
        pytest.param({"project_id": fixed("unheard of")}, id="a project that nobody knows"),
        pytest.param({"environment": "nowhere"}, id="an environment that is not there"),
    ],
)
async def test_what_is_only_suspicious_is_stored_for_metering_to_judge(
    door: Door, store: Ledger, changes: dict[str, Any]
) -> None:
    answer = await door.build(delivery(**changes))

    assert answer.status_code == 200
    assert len(store.rows("*", "build_events")) == 1


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        pytest.param(b"{", "body: not JSON", id="no JSON"),
        pytest.param({"delivery_id": "d"}, "build: Field required", id="no build"),
        pytest.param(delivery(id=""), "build.id: ", id="no id"),
        pytest.param(delivery(delivery_id="a b"), "delivery_id: ", id="an id with a space"),
        pytest.param(delivery(state="paused"), "build.state: 'paused' is unknown", id="a state"),
        pytest.param(delivery(project_id=SHOP.upper()), "build.project_id: not a canonical id", id="a project's id"),
        pytest.param(delivery(environment="No!"), "build.environment: not a legal name", id="an environment"),
        pytest.param(delivery(started_at="1767225600"), "build.started_at: not a time", id="a time without a date"),
        pytest.param(delivery(finished_at="1969-12-31T23:59:59Z"), "build.finished_at: ", id="before 1970"),
        pytest.param(delivery(region="lon1"), "build.region: 'lon1' is no region", id="no such region"),
        pytest.param(
            delivery(project_id=FAR, service_id=FAR_WEB),
            "build.region: the project is in another region",
            id="elsewhere",
        ),
        pytest.param(delivery(minutes=2), "build.minutes: ", id="an unknown field"),
    ],
)
async def test_what_is_impossible_is_refused_by_its_field_and_kept(
    door: Door, store: Ledger, told: object, reason: str
) -> None:
    answer = await door.build(told)

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(reason)
    assert store.rows("*", "build_events") == []
    ((kind, kept, document),) = store.rows("kind::String, reason, document", "refused_evidence")
    assert (kind, kept) == ("build", answer.json()["detail"])
    assert document == (told.decode() if isinstance(told, bytes) else json.dumps(told))
    assert door.counted("builds", "refused") == 1


async def test_both_secrets_are_good_while_one_takes_the_place_of_the_other(door: Door) -> None:
    answers = [await door.build(delivery(), secret=secret) for secret in (SECRET, OLD_SECRET, "somebody else's secret")]

    assert [answer.status_code for answer in answers] == [200, 200, 401]


@pytest.mark.parametrize(
    ("aside", "status"),
    [
        pytest.param(-290, 200, id="nearly five minutes ago"),
        pytest.param(290, 200, id="nearly five minutes ahead"),
        pytest.param(-310, 401, id="over five minutes ago"),
        pytest.param(310, 401, id="over five minutes ahead"),
    ],
)
async def test_a_signature_is_good_for_five_minutes_both_ways(door: Door, aside: int, status: int) -> None:
    answer = await door.build(delivery(), at=time.time() + aside)

    assert answer.status_code == status


async def test_what_nobody_has_signed_is_neither_taken_nor_kept(door: Door, store: Ledger) -> None:
    other = sign(SECRET.encode(), b"another body", int(time.time()))
    for header in ("", other, "t=1,v1=", other.replace("v1=", "v0=")):
        answer = await door.build(delivery(), header=header)
        assert answer.status_code == 401
    for table in ("build_events", "refused_evidence"):
        assert store.rows("*", table) == []


async def test_a_store_that_does_not_answer_is_said_and_the_same_delivery_comes_through_later(
    store: Ledger, platform: Platform
) -> None:
    dead = Door(f"http://writer:x@127.0.0.1:{free_port()}", platform)

    answer = await dead.build(delivery())

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert (await Door(store.url, platform).build(delivery())).status_code == 200
    assert len(store.rows("*", "build_events")) == 1
