"""Rules evaluated by the real vmalert on a real store: samples in, recorded series and alerts out."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx

from compose import victoria
from compose.ports import reserved
from compose.probe import is_live
from compose.process import Process
from rules import alerts, recording, rulefile
from rules.rulefile import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

# The samples of a counter: this far apart, over a window and the look-back before it.
_STEP: Final = 5
_SPAN: Final = 90

RECORDED: Final = [rule.record for group in recording.GROUPS for rule in group.rules if isinstance(rule, Recording)]

ALERTS: Final = {alert.name for alert in (*alerts.TENANT_ALERTS, *alerts.PLATFORM_ALERTS)}

Labels = dict[str, str]


class Fed(NamedTuple):
    """A series to feed: it grows by `slope` a second and ends at `end`."""

    name: str
    labels: Labels
    end: float = 1.0
    slope: float = 0.0


class Outcome(NamedTuple):
    """What came out: recorded series by name, and the alerts that are pending or firing."""

    recorded: dict[str, list[tuple[Labels, float]]]
    alerts: list[dict[str, Any]]

    def value(self, name: str, **labels: str) -> float:
        """The value of the one recorded series with exactly these labels."""
        (found,) = (value for has, value in self.recorded[name] if has == labels)
        return found

    def alerting(self, name: str) -> list[Labels]:
        """The labels of an alert's instances, its name and severity left out."""
        return [
            {k: v for k, v in alert["labels"].items() if k not in {"alertname", "severity"}}
            for alert in self.alerts
            if alert["labels"]["alertname"] == name
        ]


def evaluate(folder: Path, series: Iterable[Fed]) -> Outcome:
    """Store the `series` up to now, run all rules over them, return what they yield once that no longer changes."""
    fed = list(series)
    with ExitStack() as stack:
        store_port, ruler_port = stack.enter_context(reserved(2))
        store, ruler = f"http://127.0.0.1:{store_port}", f"http://127.0.0.1:{ruler_port}"
        command = victoria.store(store_port, folder / "data")
        stack.enter_context(Process("victoria-metrics", command, folder / "store.log", f"{store}/health"))
        began = time.time()
        httpx.post(f"{store}/api/v1/import/prometheus", content=_exposition(fed, began)).raise_for_status()
        _until(lambda: all(is_live(store, name, began - 2) for name in {one.name for one in fed}))
        rules, notifiers = _files(folder)
        command = victoria.ruler(ruler_port, rules, notifiers, store, "1s")
        stack.enter_context(Process("vmalert", command, folder / "vmalert.log", f"{ruler}/health"))
        return _settled(store, ruler)


def _settled(store: str, ruler: str) -> Outcome:
    """What the rules yield once every rule yields something and two looks show the same; or after half a minute."""
    deadline = time.monotonic() + 30
    before = _outcome(store, ruler)
    while True:
        time.sleep(1)
        after = _outcome(store, ruler)
        complete = all(after.recorded.values()) and {a["labels"]["alertname"] for a in after.alerts} >= ALERTS
        if (complete and _same(before, after)) or time.monotonic() > deadline:
            return after
        before = after


def _exposition(series: list[Fed], now: float) -> str:
    return "".join(
        f"{name}{{{pairs}}} {end - slope * age} {int((now - age) * 1000)}\n"
        for name, labels, end, slope in series
        for pairs in [",".join(f'{label}="{value}"' for label, value in labels.items())]
        for age in range(0, _SPAN, _STEP)
    )


def _files(folder: Path) -> tuple[list[Path], Path]:
    paths = [folder / "recording.yml", folder / "alerts.yml", folder / "notifiers.yml"]
    for path, text in zip(
        paths,
        (rulefile.render(recording.GROUPS), rulefile.render(alerts.GROUPS), victoria.NO_NOTIFIER),
        strict=True,
    ):
        path.write_text(text)
    return paths[:2], paths[2]


def _outcome(store: str, ruler: str) -> Outcome:
    recorded: dict[str, list[tuple[Labels, float]]] = {}
    for name in RECORDED:
        # A matcher of its own each time: the store remembers for a while what it did not have.
        query = f'{{__name__="{name}", asked!="{time.monotonic_ns()}"}}'
        answer = httpx.get(f"{store}/api/v1/query", params={"query": query}).json()
        recorded[name] = [
            ({k: v for k, v in one["metric"].items() if k != "__name__"}, float(one["value"][1]))
            for one in answer["data"]["result"]
        ]
    # vmalert says null when there is none.
    return Outcome(recorded, httpx.get(f"{ruler}/api/v1/alerts").json()["data"]["alerts"] or [])


def _same(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes have the same series and alerts, values aside."""

    def shape(outcome: Outcome) -> object:
        series = {name: sorted(map(repr, (has for has, _ in found))) for name, found in outcome.recorded.items()}
        return series, sorted(repr(alert["labels"]) for alert in outcome.alerts)

    return shape(one) == shape(other)


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
