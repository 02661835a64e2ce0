"""Our own objectives on real programs: a budget that burns is alerted on, one that does not is not."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from compose import victoria
from compose.ports import reserved
from compose.probe import is_live
from compose.process import Process
from query.instruments import Instruments
from rules.burn import GROUPS, WINDOWS, ratio
from rules.objective import BURNS, OBJECTIVES, READ_SECONDS
from rules.render.artefact import FOLDER
from rules.rulefile import Recording

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

# A sample every quarter minute, over more than the shortest pair of windows needs.
_STEP: Final = 15
_SPAN: Final = 70 * 60
_NAMES: Final = {rule.record for group in GROUPS for rule in group.rules if isinstance(rule, Recording)}


def _page(now: float, rates: dict[str, float]) -> str:
    """Counters that grow at these rates."""
    return "".join(
        f"{series} {rate * (_SPAN - age)} {int((now - age) * 1000)}\n"
        for series, rate in rates.items()
        for age in range(0, _SPAN, _STEP)
    )


def _evaluated(
    folder: Path, rates: dict[str, float], awaited: Collection[str] = (), *, is_ready: bool = True
) -> tuple[dict[str, float], set[str]]:
    """The recorded ratios and the names of the alerts that are pending or firing, once those `awaited` are."""
    with ExitStack() as stack:
        store_port, ruler_port = stack.enter_context(reserved(2))
        store, ruler = f"http://127.0.0.1:{store_port}", f"http://127.0.0.1:{ruler_port}"
        command = victoria.store(store_port, folder / "data")
        stack.enter_context(Process("store", command, folder / "store.log", f"{store}/health"))
        began = time.time()
        page = _page(began, rates) + "".join(
            f'query_region_ready{{region="fra1"}} {int(is_ready)} {int((began - age) * 1000)}\n'
            for age in range(0, _SPAN, _STEP)
        )
        httpx.post(f"{store}/api/v1/import/prometheus", content=page).raise_for_status()
        deadline = time.monotonic() + 120
        while not is_live(store, "query_reads_total", began - 60) and time.monotonic() < deadline:
            time.sleep(0.1)
        notifiers = folder / "notifiers.yml"
        notifiers.write_text(victoria.NO_NOTIFIER)
        command = victoria.ruler(ruler_port, [FOLDER / "objectives.yml"], notifiers, store, "1s")
        stack.enter_context(Process("vmalert", command, folder / "vmalert.log", f"{ruler}/health"))
        return _settled(store, ruler, deadline, set(awaited))


def _settled(store: str, ruler: str, deadline: float, awaited: set[str]) -> tuple[dict[str, float], set[str]]:
    """Once every ratio is recorded, and two looks show the same alerts, those awaited and some when there should be."""
    recorded: dict[str, float] = {}
    alerts: set[str] = set()
    before: set[str] | None = None
    while time.monotonic() < deadline:
        is_settled = alerts == before and alerts >= awaited and (alerts or not any(recorded.values()))
        if set(recorded) == _NAMES and is_settled:
            break
        before = alerts
        time.sleep(0.5)
        # A matcher of its own each time: the store remembers for a while what it did not have.
        selector = f'{{__name__=~"slo:.*", asked!="{time.monotonic_ns()}"}}'
        answer = httpx.get(f"{store}/api/v1/query", params={"query": selector}).json()
        recorded = {row["metric"]["__name__"]: float(row["value"][1]) for row in answer["data"]["result"]}
        firing = httpx.get(f"{ruler}/api/v1/alerts").json()["data"]["alerts"] or []
        alerts = {alert["labels"]["alertname"] for alert in firing}
    return recorded, alerts


def _rates(*, failing: float, slow: float) -> dict[str, float]:
    """Ten reads a second, of which a share fails and a share is slow."""
    return {
        'query_reads_total{endpoint="query",code="200"}': 10 * (1 - failing),
        'query_reads_total{endpoint="query",code="503"}': 10 * failing,
        'query_read_seconds_count{endpoint="query"}': 10,
        f'query_read_seconds_bucket{{endpoint="query",le="{READ_SECONDS}"}}': 10 * (1 - slow),
    }


@pytest.mark.stack
def test_a_budget_that_burns_is_alerted_on_and_another_is_left_in_peace(tmp_path: Path) -> None:
    due = {f"FrontDoorAvailabilityBurns{burn.long}" for burn in BURNS}

    recorded, alerts = _evaluated(tmp_path, _rates(failing=0.05, slow=0.001), due)

    assert recorded[ratio(OBJECTIVES[0], "1h")] == pytest.approx(0.05, rel=0.05)
    assert recorded[ratio(OBJECTIVES[1], "5m")] == pytest.approx(0.001, rel=0.2)
    assert recorded[ratio(OBJECTIVES[2], "1h")] == 0
    # Fifty times too fast over every window that there are samples of.
    assert alerts == due


@pytest.mark.stack
def test_slow_reads_and_a_region_that_is_not_served_are_alerted_on_each_by_its_own_alerts(tmp_path: Path) -> None:
    due = {f"{objective}Burns{burn.long}" for objective in ("FrontDoorLatency", "RegionIsolation") for burn in BURNS}

    recorded, alerts = _evaluated(tmp_path, _rates(failing=0, slow=0.5), due, is_ready=False)

    assert recorded[ratio(OBJECTIVES[0], "1h")] == 0
    assert recorded[ratio(OBJECTIVES[1], "1h")] == pytest.approx(0.5, rel=0.05)
    assert recorded[ratio(OBJECTIVES[2], "1h")] == 1
    assert alerts == due


@pytest.mark.stack
def test_without_a_single_failure_the_ratio_is_zero_and_not_absent(tmp_path: Path) -> None:
    rates = {series: rate for series, rate in _rates(failing=0, slow=0).items() if "503" not in series}

    recorded, _ = _evaluated(tmp_path, rates)

    assert recorded == pytest.approx(dict.fromkeys(_NAMES, 0))


def test_the_threshold_is_a_bound_that_the_front_door_has() -> None:
    instruments = Instruments()
    instruments.note_read("query", 200, 0.1, 1)
    bounds = {
        sample.labels["le"]
        for metric in instruments.registry.collect()
        for sample in metric.samples
        if sample.name == "query_read_seconds_bucket"
    }

    assert READ_SECONDS in bounds


def test_the_metrics_that_objectives_ask_for_are_the_front_door_s() -> None:
    names = {sample.name for metric in _filled().registry.collect() for sample in metric.samples}

    for name in ("query_reads_total", "query_read_seconds_count", "query_read_seconds_bucket", "query_region_ready"):
        assert name in names
        assert any(name in f"{one.bad} {one.total}" for one in OBJECTIVES)


def _filled() -> Instruments:
    instruments = Instruments()
    instruments.note_read("query", 200, 0.1, 1)
    instruments.region_ready.labels("fra1").set(1)
    return instruments


def test_every_window_of_every_alert_is_recorded() -> None:
    assert {window for burn in BURNS for window in (burn.long, burn.short)} == set(WINDOWS)
    assert {ratio(objective, window) for objective in OBJECTIVES for window in WINDOWS} == _NAMES
