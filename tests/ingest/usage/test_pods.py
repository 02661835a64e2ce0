"""What becomes of a cluster's report: all of it is stored before it is acknowledged, or it can be sent again."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from compose.process import free_port
from core.errors import Unavailable
from ingest.usage.store import Evidence
from tests.ingest.logs.world import LAB, LAB_WEB, SHOP, WEB, of
from tests.ingest.usage.manifests import AT, pod, report, rfc3339
from tests.ingest.usage.serving import Door

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.usage.tables import Rows
    from tests.ingest.logs.world import Platform
    from tests.ingest.usage.ledger import Ledger

pytestmark = pytest.mark.anyio

_SIGHT = "uid, toUnixTimestamp(observed_at), phase::String, cpu_m, memory_b, quality::String, source::String"
_MIB = 1 << 20


async def test_a_report_is_stored_whole_before_it_is_acknowledged(door: Door, store: Ledger) -> None:
    node = {"metadata": {"name": "node-1"}, "status": {"allocatable": {"cpu": "4", "memory": "16Gi", "pods": "110"}}}

    answer = await door.pods(report(pod(), nodes=[node]))

    assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "refused": []})
    assert store.rows(f"region, cluster, {_SIGHT}", "pod_observations") == [
        ("fra1", "fra1-c1", "uid-1", AT, "running", 800, 832 * _MIB, "exact", "agent")
    ]
    assert store.rows("namespace, pod, node, toUnixTimestamp(started_at)", "pod_observations") == [
        ("prj-a", "web-uid-1", "node-1", AT - 50)
    ]
    assert store.rows("uid, toString(project_id), environment, toString(service_id)", "pod_registrations") == [
        ("uid-1", SHOP, "production", WEB)
    ]
    assert store.rows("cluster, toUnixTimestamp(observed_at)", "heartbeats") == [("fra1-c1", AT)]
    assert store.rows("node, cpu_m, memory_b", "nodes") == [("node-1", 4_000, 16 << 30)]
    assert door.counted("pods", "accepted") == 2


async def test_a_report_sent_again_is_stored_once_even_by_another_process(
    door: Door, store: Ledger, platform: Platform
) -> None:
    told = report(pod(), pod("uid-2"), at=AT + 1)
    for one in (door, door, Door(store.url, platform)):
        assert (await one.pods(told)).status_code == 200

    tables = ("pod_observations", "pod_registrations", "pod_documents", "heartbeats")
    assert [len(store.rows("*", table)) for table in tables] == [2, 2, 2, 1]


async def test_a_pod_s_document_is_stored_once_per_change_and_without_its_environment(
    door: Door, store: Ledger
) -> None:
    resized = pod()
    resized["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "2"
    for second, shown in enumerate((pod(), pod(phase="Failed"), resized, resized), 10):
        assert (await door.pods(report(shown, at=AT + second))).status_code == 200

    documents = [json.loads(text) for (text,) in store.rows("document", "pod_documents")]
    assert {each["spec"]["containers"][0]["resources"]["requests"]["cpu"] for each in documents} == {"300m", "2"}
    assert len(documents) == 2
    assert "hunter2" not in json.dumps(documents)
    assert [row[3] for row in store.rows(_SIGHT, "pod_observations")] == [800, 800, 2050, 2050]


async def test_the_first_registration_holds_whatever_labels_say_later(
    door: Door, store: Ledger, platform: Platform
) -> None:
    await door.pods(report(pod(), at=AT + 20))
    for second, one in ((21, door), (22, Door(store.url, platform)), (23, door)):
        await one.pods(report(pod(labels=of(LAB, LAB_WEB)), pod("uid-2"), at=AT + second))
        await one.pods(report(pod(), pod("uid-2"), at=AT + second))

    # What they say later is told as well, once, so that somebody looks at it.
    first = "uid, argMin(toString(project_id), received_at), count()"
    assert store.rows(first, "pod_registrations GROUP BY uid") == [("uid-1", SHOP, 2), ("uid-2", SHOP, 1)]


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({}, id="no labels"),
        pytest.param(of(SHOP, LAB_WEB), id="a service of another project"),
        pytest.param(of(SHOP, WEB, "nowhere"), id="an environment that is not there"),
        pytest.param({"starform.io/project-id": "x"}, id="no id"),
    ],
)
async def test_a_pod_of_nobody_is_observed_and_not_registered(
    door: Door, store: Ledger, labels: dict[str, str]
) -> None:
    answer = await door.pods(report(pod("nobody", labels=labels), at=AT + 30))

    assert answer.json() == {"accepted": 1, "refused": []}
    assert len(store.rows("uid", "pod_observations")) == 1
    assert store.rows("uid", "pod_registrations") == []


async def test_a_project_of_another_region_is_not_registered(door: Door, store: Ledger, platform: Platform) -> None:
    await door.pods(report(pod(), at=AT + 31), token=platform.far)

    assert store.rows("region, cluster", "pod_observations") == [("nyc1", "nyc1-c1")]
    assert store.rows("uid", "pod_registrations") == []


def _ended(*ends: int | None) -> list[dict[str, Any]]:
    return [
        {
            "name": f"c{number}",
            "state": {"running": {}} if end is None else {"terminated": {"finishedAt": rfc3339(end)}},
        }
        for number, end in enumerate(ends)
    ]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param(pod("a", phase="Succeeded", containerStatuses=_ended(AT, AT + 9)), AT + 9, id="the last end"),
        pytest.param(pod("a", phase="Running", containerStatuses=_ended(AT, None)), None, id="one still runs"),
        pytest.param(pod("a", phase="Running", containerStatuses=_ended(AT)), None, id="a phase that is not final"),
        pytest.param(pod("a", phase="Failed"), None, id="evicted: nobody knows"),
        pytest.param(pod("a", phase="Failed", containerStatuses=_ended(AT, None)), None, id="one end is not known"),
    ],
)
async def test_an_end_is_known_when_all_containers_have_one(
    door: Door, store: Ledger, shown: dict[str, Any], expected: int | None
) -> None:
    await door.pods(report(shown, at=AT + 40))

    (row,) = store.rows("toUnixTimestamp(finished_at)", "pod_observations")
    assert row == (expected,)


async def test_a_deleted_pod_is_gone_with_the_end_that_its_last_state_tells(door: Door, store: Ledger) -> None:
    last = pod("a", containerStatuses=_ended(AT + 5))
    last["metadata"]["deletionTimestamp"] = rfc3339(AT + 30)

    await door.pods({"observed_at": rfc3339(AT + 50), "deleted": [last]})

    assert store.rows(
        "phase::String, toUnixTimestamp(finished_at), toUnixTimestamp(deletion_at)", "pod_observations"
    ) == [("gone", AT + 5, AT + 30)]
    assert store.rows("*", "heartbeats") == []


def _with(part: str, key: str, value: object) -> dict[str, Any]:
    bad = pod("bad")
    bad[part][key] = value
    return bad


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(_with("metadata", "uid", ""), "metadata.uid: ", id="no uid"),
        pytest.param(_with("metadata", "name", 3), "metadata.name: ", id="a name that is no text"),
        pytest.param(_with("status", "phase", "Walking"), "status.phase: 'Walking' is unknown", id="a phase"),
        pytest.param(_with("status", "startTime", "yesterday"), "status.startTime: not a time", id="a time"),
        pytest.param(_with("status", "startTime", "2300-01-01T00:00:00Z"), "status.startTime: outside", id="2300"),
        pytest.param(_with("spec", "containers", []), "spec.containers: ", id="no container"),
        pytest.param(
            _with("spec", "containers", [{"name": "a", "resources": {"requests": {"cpu": "-1"}}}]),
            "containers.a.resources.requests.cpu: '-1' is negative",
            id="a negative request",
        ),
        pytest.param(
            _with("spec", "containers", [{"name": n, "resources": {"requests": {"memory": "8Ei"}}} for n in "ab"]),
            "containers.a.resources.requests.memory: '8Ei' is more than 2^63 - 1",
            id="more than there is",
        ),
        pytest.param(
            _with("spec", "containers", [{"name": n, "resources": {"requests": {"memory": "5Ei"}}} for n in "ab"]),
            "spec: its requests add up to more than 2^63 - 1",
            id="more than there is, added up",
        ),
        pytest.param({"metadata": {"namespace": "prj-a", "name": "web-bad"}}, "metadata.uid: ", id="nearly nothing"),
    ],
)
async def test_one_bad_pod_is_named_and_kept_and_does_not_lose_the_others(
    door: Door, store: Ledger, bad: dict[str, Any], reason: str
) -> None:
    answer = await door.pods(report(pod("good"), bad, at=AT + 60))

    (refused,) = answer.json()["refused"]
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert refused["reason"].startswith(reason)
    assert [uid for (uid,) in store.rows("uid", "pod_observations")] == ["good"]
    ((kind, subject, kept, document),) = store.rows("kind::String, subject, reason, document", "refused_evidence")
    assert (kind, kept, json.loads(document)) == ("pod", refused["reason"], bad)
    assert subject.startswith("prj-a" if reason.startswith("metadata.name") else "prj-a/web-bad")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"{", "body: not JSON", id="no JSON"),
        pytest.param(b"[]", "body: not an object", id="a list"),
        pytest.param(b'{"pods": []}', "observed_at: not a time", id="no time"),
        pytest.param(b'{"observed_at": "2026-01-01T00:00:00Z", "pod": []}', "pod: unknown field", id="misspelt"),
        pytest.param(b'{"observed_at": "2026-01-01T00:00:00Z", "pods": {}}', "pods: not a list", id="no list"),
        pytest.param(b'{"observed_at": "2026-01-01T00:00:00Z", "heartbeat": 1}', "heartbeat: ", id="no truth"),
    ],
)
async def test_a_report_of_which_nothing_can_be_read_is_refused_and_kept(
    door: Door, store: Ledger, body: bytes, reason: str
) -> None:
    answer = await door.pods(body)

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(reason)
    assert store.rows("kind::String, document", "refused_evidence") == [("report", body.decode())]
    assert store.rows("*", "heartbeats") == []


async def test_bodies_may_be_compressed_and_are_bounded_after_that(door: Door, store: Ledger) -> None:
    small = gzip.compress(json.dumps(report(pod(), at=AT + 70)).encode())
    large = gzip.compress(b" " * (5 << 20))

    assert (await door.pods(small, content_encoding="gzip")).status_code == 200
    assert (await door.pods(large, content_encoding="gzip")).status_code == 413
    assert len(store.rows("uid", "pod_observations")) == 1


async def test_only_clusters_report_pods(door: Door) -> None:
    answer = await door.pods(report(), token="sm_" + "0" * 40)

    assert answer.status_code == 401


async def test_a_store_that_does_not_answer_is_said_and_the_same_report_completes_later(
    store: Ledger, platform: Platform
) -> None:
    dead = Door(f"http://writer:x@127.0.0.1:{free_port()}", platform)

    answer = await dead.pods(report(pod(), at=AT + 80))

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert (await Door(store.url, platform).pods(report(pod(), at=AT + 80))).status_code == 200
    assert len(store.rows("uid", "pod_observations")) == 1


class _CutOff(Evidence):
    """The store's connection breaks before one of a report's tables."""

    def __init__(self, url: str, left: int) -> None:
        super().__init__(SecretStr(url))
        self._left = left

    def write(self, parts: Iterable[Rows]) -> None:
        for part in parts:
            if self._left == 0:
                raise Unavailable("the ledger's store does not answer")
            self._left -= 1
            super().write([part])


@pytest.mark.parametrize("written", range(6))
async def test_wherever_a_report_is_cut_off_sending_it_again_completes_it(
    store: Ledger, platform: Platform, written: int
) -> None:
    node = {"metadata": {"name": "node-1"}, "status": {"allocatable": {"cpu": "4", "memory": "16Gi"}}}
    told = report(pod(), pod("bad", phase="Walking"), nodes=[node], at=AT + 100)
    door = Door(store.url, platform, _CutOff(store.url, written))
    names = ("refused_evidence", "pod_documents", "pod_registrations", "nodes", "pod_observations", "heartbeats")
    tables = dict.fromkeys(names, 1)

    first = await door.pods(told)

    assert first.status_code == 503
    assert sum(len(store.rows("*", table)) for table in tables) == written
    # The heartbeat is the last: what is cut off has no sign of life.
    assert store.rows("*", "heartbeats") == []
    for again in (Door(store.url, platform), Door(store.url, platform)):
        assert (await again.pods(told)).status_code == 200
    assert {table: len(store.rows("*", table)) for table in tables} == tables
