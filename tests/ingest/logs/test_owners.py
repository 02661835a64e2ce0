"""Whose a record is, and what becomes of those that are nobody's."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from core.attribution import Attribution, Holding
from core.errors import Unavailable
from ingest.entry import LetterReason
from ingest.owner import Nobody, Owner, Owners
from tests.ingest.logs.world import FAR, FAR_WEB, LAB_WEB, LABELS, SHOP, WEB, fixed, of, record

if TYPE_CHECKING:
    from tests.ingest.logs.serving import Running, Store
    from tests.ingest.logs.world import Platform

DAY = 86_400 * 10**9


def _changed(**labels: object) -> dict[str, object]:
    return {**LABELS, **{f"starform.io/{name.replace('_', '-')}": value for name, value in labels.items()}}


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        pytest.param(None, "no_labels", id="none"),
        pytest.param({}, "no_labels", id="empty"),
        pytest.param({"app": "coredns"}, "no_labels", id="not the platform's"),
        pytest.param([1], "no_labels", id="not an object"),
        pytest.param(_changed(project_id=None), "bad_labels", id="no project"),
        pytest.param(_changed(project_id=7), "bad_labels", id="a number"),
        pytest.param(_changed(project_id={}), "bad_labels", id="an object"),
        pytest.param(_changed(project_id=SHOP + " "), "bad_labels", id="not quite a UUID"),
        pytest.param(_changed(project_id=SHOP.replace("-", "")), "bad_labels", id="without hyphens"),
        pytest.param(_changed(environment="Production"), "bad_labels", id="an upper-case environment"),
        pytest.param(_changed(environment="x" * 31), "bad_labels", id="a long environment"),
        pytest.param(_changed(service_id=""), "bad_labels", id="an empty service"),
        pytest.param(_changed(source="platform"), "bad_labels", id="a source that is ours"),
        pytest.param(_changed(project_id=fixed("nobody")), "unknown_project", id="unknown project"),
        pytest.param(_changed(environment="pr-8"), "unknown_environment", id="unknown environment"),
        pytest.param(_changed(service_id=fixed("nobody")), "unknown_service", id="unknown service"),
        pytest.param(_changed(service_id=LAB_WEB), "unknown_service", id="another project's service"),
        pytest.param(of(FAR, FAR_WEB), "foreign_region", id="another region's project"),
    ],
)
def test_a_record_of_nobody_is_kept_with_the_reason(
    running_ingest: Running, store: Store, labels: object, reason: str
) -> None:
    sent = record(f"nobody's: {reason} {labels}", labels=labels)
    answer = running_ingest.post("/fluentbit", [sent])
    running_ingest.settle()

    assert answer.json()["rejected"] == 1
    assert store.bodies() == []
    ((kept, payload),) = store.letters()
    assert (kept, json.loads(payload)) == (reason, sent)


def test_each_cluster_sends_for_its_own_region_only(running_ingest: Running, store: Store, platform: Platform) -> None:
    sent = [record("near", labels=LABELS), record("far", labels=of(FAR, FAR_WEB))]
    near = running_ingest.post("/fluentbit", sent)
    far = running_ingest.post("/fluentbit", sent, token=platform.far)
    running_ingest.settle()

    assert near.json() == far.json() == {"accepted": 1, "rejected": 1, "limited": 0, "duplicate": 0}
    assert store.rows("SELECT l.body, l.region FROM starmeter.logs AS l ORDER BY l.body") == [
        ("far", "nyc1"),
        ("near", "fra1"),
    ]
    assert [reason for reason, _ in store.letters()] == ["foreign_region"] * 2


def test_ids_in_capitals_are_the_same_ids_and_builds_are_told_apart(running_ingest: Running, store: Store) -> None:
    labels = _changed(project_id=SHOP.upper(), service_id=WEB.upper())
    running_ingest.post("/fluentbit", [record("app", labels=labels), record("build", labels=_changed(source="build"))])
    running_ingest.settle()

    assert store.rows(
        "SELECT l.body, toString(l.source), toString(l.project_id), toString(l.service_id) "
        "FROM starmeter.logs AS l ORDER BY l.body"
    ) == [("app", "app", SHOP, WEB), ("build", "build", SHOP, WEB)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"log": "x" * (256 * 1024 + 1)}, "oversized", id="a byte too long"),
        pytest.param({"log": "é" * (128 * 1024 + 1)}, "oversized", id="bytes, not characters"),
        pytest.param({"log": None}, "no_body", id="no body"),
        pytest.param({"time": "yesterday", "date": "soon"}, "bad_time", id="no time"),
        pytest.param({"time": "2999-01-01T00:00:00Z"}, "bad_time", id="a time ahead"),
        pytest.param({"time": "2020-01-01T00:00:00Z"}, "expired", id="older than logs are kept"),
    ],
)
def test_a_record_that_cannot_be_stored_is_kept_with_the_reason(
    running_ingest: Running, store: Store, changes: dict[str, object], reason: str
) -> None:
    sent = {**record("x"), **changes}
    answer = running_ingest.post("/fluentbit", [sent])
    running_ingest.settle()

    assert answer.json()["rejected"] == 1
    ((kept, payload),) = store.letters()
    assert (kept, json.loads(payload)) == (reason, sent)


def test_the_largest_and_the_oldest_that_are_allowed_are_stored(running_ingest: Running, store: Store) -> None:
    sent = [record("x" * (256 * 1024)), record("old", at=time.time_ns() - 29 * DAY)]
    answer = running_ingest.post("/fluentbit", sent)
    running_ingest.settle()

    assert answer.json()["accepted"] == 2
    assert [len(body) for body in store.bodies()] == [3, 256 * 1024]


class _Source(Attribution):
    """What a test says a project consists of."""

    def __init__(self) -> None:
        self.found: Holding | None = Holding("fra1", {"production": "gold", "pr-7": "preview"}, frozenset({WEB}))
        self.is_down = False
        self.asked = 0

    def holding(self, project_id: str) -> Holding | None:
        del project_id
        self.asked += 1
        if self.is_down:
            raise Unavailable("down")
        return self.found


def _owners(source: _Source, clock: list[float]) -> Owners:
    return Owners(source, "fra1", {"gold": 90}, default_days=30, seconds=5, clock=lambda: clock[0])


def test_retention_is_by_the_environment_s_tier() -> None:
    owners = _owners(_Source(), [0.0])
    found = [owners.find(_changed(environment=name)) for name in ("production", "pr-7")]

    assert [one.retention_days for one in found if isinstance(one, Owner)] == [90, 30]


def test_what_is_known_is_asked_again_after_a_while_and_stays_in_force_while_the_store_is_down() -> None:
    source, clock = _Source(), [0.0]
    owners = _owners(source, clock)
    first = owners.find(LABELS)
    assert [owners.find(LABELS) for _ in range(3)] == [first] * 3
    assert source.asked == 1

    clock[0], source.is_down = 6.0, True
    again = owners.find(LABELS)
    assert isinstance(first, Owner)
    assert isinstance(again, Owner)
    assert (again.tenant, again.seed) == (first.tenant, first.seed)
    clock[0], source.is_down, source.found = 12.0, False, None

    assert owners.find(LABELS) == Nobody(LetterReason.UNKNOWN_PROJECT, "there is no such project")


def test_what_is_not_known_cannot_be_decided_while_the_store_is_down() -> None:
    source, clock = _Source(), [0.0]
    source.is_down = True
    with pytest.raises(Unavailable):
        _owners(source, clock).find(LABELS)
    source.is_down, source.found = False, None
    owners = _owners(source, clock)
    assert isinstance(owners.find(LABELS), Nobody)
    clock[0], source.is_down = 6.0, True
    # That it was unknown a while ago decides nothing: it may have been created since.
    with pytest.raises(Unavailable):
        owners.find(LABELS)
