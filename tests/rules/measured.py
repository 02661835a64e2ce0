"""A real Envoy's scrape beside its prediction, for the configurations that the promise is about."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import httpx

from compose.envoy import Upstream, render
from compose.ports import reserved
from compose.process import Process
from compose.programs import find
from core.tenant import Tenant
from ingest.cluster_name import ClusterName
from rules.predict import Fleet, predict
from rules.predict_files import MATCHERS, named

if TYPE_CHECKING:
    from pathlib import Path

    from rules.predict import Prediction

ROUTES: Final = 60
NEAR: Final = 0.02


@dataclass(frozen=True, slots=True)
class Configuration:
    """Statistics settings, and the traffic they meet: `idle` routes without any, the others of `classes` answers."""

    about: str
    matcher: str
    deferred: bool
    idle: int
    classes: int


CONFIGURATIONS: Final = (
    Configuration("no matcher", "none", deferred=False, idle=0, classes=1),
    Configuration("no matcher, deferred, a third idle", "none", deferred=True, idle=20, classes=2),
    Configuration("suffix", "suffix", deferred=False, idle=0, classes=2),
    Configuration("anchored", "anchored", deferred=False, idle=0, classes=2),
    Configuration("anchored, half idle", "anchored", deferred=False, idle=30, classes=1),
    Configuration("anchored, deferred", "anchored", deferred=True, idle=0, classes=2),
    Configuration("anchored, deferred, half idle", "anchored", deferred=True, idle=30, classes=1),
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a scrape had, and what was predicted."""

    series: int
    scrape_bytes: int
    predicted: Prediction

    def row(self, about: str) -> str:
        """A row of the table, in Markdown."""
        told = self.predicted
        return (
            f"| {about} | {self.series:,} | {told.envoy:,} | {_off(told.envoy, self.series)} "
            f"| {self.scrape_bytes:,} | {told.scrape_bytes:,} | {_off(told.scrape_bytes, self.scrape_bytes)} |"
        )


HEAD: Final = (
    "| configuration | series, Envoy | predicted | off by | bytes, Envoy | predicted | off by |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)


def compare(folder: Path, configuration: Configuration) -> Comparison:
    """Run an Envoy so, scrape it, and predict the same."""
    text, name_length = _scrape(folder, configuration)
    fleet = Fleet(
        ROUTES,
        classes=configuration.classes,
        idle=configuration.idle,
        workers=1,
        managed=False,
        name_length=name_length,
        digits=1,
    )
    series = sum(not line.startswith("#") for line in text.splitlines())
    return Comparison(series, len(text), predict(fleet, named(configuration.matcher, deferred=configuration.deferred)))


def _scrape(folder: Path, configuration: Configuration) -> tuple[str, int]:
    """The exposition of an Envoy whose routes, but the idle ones, answered; and the length of a cluster's name."""
    with ExitStack() as stack:
        listen, admin = stack.enter_context(reserved(2))
        upstreams = [Upstream(_name(number), f"{number}.test", admin) for number in range(ROUTES)]
        text = render(upstreams, listen_port=listen, admin_port=admin, allowlist=MATCHERS[configuration.matcher])
        bootstrap = json.loads(text)
        bootstrap["deferred_stat_options"]["enable_deferred_creation_stats"] = configuration.deferred
        file = folder / "envoy.json"
        file.write_text(json.dumps(bootstrap))
        options = ("--concurrency", "1", "--disable-hot-restart", "-l", "error")
        command: list[str | Path] = [find("envoy"), "-c", file, *options]
        stack.enter_context(Process("envoy", command, folder / "envoy.log", f"http://127.0.0.1:{admin}/ready"))
        client = stack.enter_context(httpx.Client())
        for upstream in upstreams[configuration.idle :]:
            # Envoy's own admin page is the application: it knows the one path and not the other.
            for path in ("ready", "nowhere")[: configuration.classes]:
                client.get(f"http://127.0.0.1:{listen}/{path}", headers={"Host": upstream.domain})
        return client.get(f"http://127.0.0.1:{admin}/stats/prometheus").text, len(upstreams[0].cluster)


def _name(number: int) -> str:
    return ClusterName.of(Tenant(str(UUID(int=1)), f"env-{number:03d}", str(UUID(int=number))), "prj-a").name


def _off(predicted: int, measured: int) -> str:
    return f"{(predicted - measured) / measured:+.2%}"
