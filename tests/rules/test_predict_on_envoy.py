"""The prediction beside real Envoy: series and bytes of a scrape, within two per cent."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final
from uuid import UUID

import httpx
import pytest

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

pytestmark = pytest.mark.stack

ROUTES: Final = 60
NEAR: Final = 0.02

CONFIGURATIONS: Final = [
    # matcher, deferred, idle routes, answer classes
    pytest.param("none", False, 0, 1, id="no matcher"),
    pytest.param("none", True, 20, 2, id="no matcher, deferred, a third idle"),
    pytest.param("suffix", False, 0, 2, id="suffix"),
    pytest.param("anchored", False, 0, 2, id="anchored"),
    pytest.param("anchored", False, 30, 1, id="anchored, half idle"),
    pytest.param("anchored", True, 0, 2, id="anchored, deferred"),
    pytest.param("anchored", True, 30, 1, id="anchored, deferred, half idle"),
]


def scrape(folder: Path, matcher: str, *, deferred: bool, idle: int, classes: int) -> tuple[str, int]:
    """The exposition of an Envoy whose routes, but the idle ones, answered; and the length of a cluster's name."""
    with ExitStack() as stack:
        listen, admin = stack.enter_context(reserved(2))
        upstreams = [Upstream(_name(number), f"{number}.test", admin) for number in range(ROUTES)]
        text = render(upstreams, listen_port=listen, admin_port=admin, allowlist=MATCHERS[matcher])
        bootstrap = json.loads(text)
        bootstrap["deferred_stat_options"]["enable_deferred_creation_stats"] = deferred
        file = folder / "envoy.json"
        file.write_text(json.dumps(bootstrap))
        options = ("--concurrency", "1", "--disable-hot-restart", "-l", "error")
        command: list[str | Path] = [find("envoy"), "-c", file, *options]
        stack.enter_context(Process("envoy", command, folder / "envoy.log", f"http://127.0.0.1:{admin}/ready"))
        client = stack.enter_context(httpx.Client())
        for upstream in upstreams[idle:]:
            # Envoy's own admin page is the application: it knows the one path and not the other.
            for path in ("ready", "nowhere")[:classes]:
                client.get(f"http://127.0.0.1:{listen}/{path}", headers={"Host": upstream.domain})
        return client.get(f"http://127.0.0.1:{admin}/stats/prometheus").text, len(upstreams[0].cluster)


def _name(number: int) -> str:
    return ClusterName.of(Tenant(str(UUID(int=1)), f"env-{number:03d}", str(UUID(int=number))), "prj-a").name


@pytest.mark.parametrize(("matcher", "deferred", "idle", "classes"), CONFIGURATIONS)
def test_the_prediction_is_within_two_per_cent(
    tmp_path: Path, matcher: str, *, deferred: bool, idle: int, classes: int
) -> None:
    text, name_length = scrape(tmp_path, matcher, deferred=deferred, idle=idle, classes=classes)
    measured = sum(not line.startswith("#") for line in text.splitlines())

    fleet = Fleet(ROUTES, classes=classes, idle=idle, workers=1, managed=False, name_length=name_length, digits=1)
    predicted = predict(fleet, named(matcher, deferred=deferred))

    print(f"series {measured} measured, {predicted.envoy} predicted")
    print(f"bytes {len(text)} measured, {predicted.scrape_bytes} predicted")
    assert predicted.envoy == pytest.approx(measured, rel=NEAR)
    assert predicted.scrape_bytes == pytest.approx(len(text), rel=NEAR)
