"""The billing process: it meters what is due by itself, tells how far it is, and ends in order."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from billing.accounts.moment import now
from billing.evidence.collector import MARGIN
from billing.hour import HOUR, hour_of
from billing.ledger.slice import Slice
from billing.policy import MeteringPolicy
from billing.runs.lease import Lease
from billing.runs.parts import parts
from billing.serving import jobs
from billing.settings import BillingSettings
from compose.process import Process
from core.errors import ConfigurationError
from core.settings import load
from tests.billing.runs.scene import CLUSTER, REGION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.billing.runs.scene import Scene

_PATIENCE = 90


def _until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.mark.timeout(240)
def test_what_is_due_is_published_by_itself_and_the_watermark_is_exposed(one_scene: Scene) -> None:
    hour = hour_of(now() - MARGIN) - HOUR
    one_scene.now = now()
    one_scene.pod(start=hour)
    one_scene.hear(hour)
    config = one_scene.configuration(hour, margin_s=MARGIN, interval_s=1, estimate_s=1, lease_s=30)
    url = f"http://127.0.0.1:{one_scene.port}"
    command: list[str | Path] = [sys.executable, "-m", "starmeter", "serve", "billing", "--config", config]

    def value(name: str) -> float:
        told = httpx.get(f"{url}/metrics", timeout=30).text.splitlines()
        return float(next(line for line in told if line.startswith(name)).rpartition(" ")[2])

    with Process("billing", command, one_scene.folder / "billing.log", f"{url}/readyz") as process:
        expected = {(Slice(hour, REGION), "published"), (Slice(hour, REGION, CLUSTER), "published")}
        _until(lambda: expected <= set(one_scene.published()), "the hour is not published")
        _until(lambda: (Slice(hour + HOUR, REGION), "estimate") in one_scene.published(), "nothing is estimated")
        assert len(one_scene.ledger.rows(one_scene.acme, Slice(hour, REGION).period)) == 2
        _until(lambda: value("starmeter_billing_due_slices") == 0, "the gauge does not fall")
        assert value("starmeter_billing_watermark_age_seconds") == 0
        assert value('starmeter_billing_runs_total{kind="hourly",state="published"}') >= 2
        exposed = httpx.get(f"{url}/metrics", timeout=30).text
        assert httpx.get(f"{url}/livez", timeout=30).json() == {"status": "ok"}
        assert one_scene.acme not in exposed
        assert CLUSTER not in exposed
        process.terminate()
        _until(lambda: not process.running, "it does not end")
        # As every server here does: it ends in order, and then by the signal.
        assert process.exit_code == -signal.SIGTERM
    assert Lease(one_scene.engine, "next", 1, now).acquire() is not None


def test_budgets_and_deliveries_are_jobs_of_the_process_and_harmless_where_there_are_none(one_scene: Scene) -> None:
    configured = load(BillingSettings, one_scene.configuration(hour_of(now()) - HOUR))

    with parts(configured) as opened:
        found = {job.name: job.work for job in jobs(configured, opened, threading.Event())}
        found["budgets"]()
        found["deliveries"]()

    assert list(found) == ["metering", "estimates", "budgets", "deliveries"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param('since = "2026-01-01T00:30:00Z"', "since: Value error, is within an hour", id="since"),
        pytest.param('listen = "here"', "listen: Value error, write it as host:port", id="listen"),
        pytest.param("[policy]\nscrape_interval_s = 7", "scrape_interval_s: does not divide an hour", id="interval"),
        pytest.param("[schedule]\nmargin = 1", "schedule.margin: unknown key", id="unknown key"),
    ],
)
def test_a_wrong_configuration_names_the_key_and_the_fix(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "billing.toml"
    rest = 'control_store = "sqlite:///x.db"\nledger_url = "http://w:p@127.0.0.1:1"\n'
    region = '[[regions]]\nname = "fra"\nmetrics_url = "http://127.0.0.1:1"\n'
    path.write_text(f"{rest}{line}\n{region}" if "[" not in line else f"{rest}{region}{line}\n")

    with pytest.raises(ConfigurationError, match=message):
        load(BillingSettings, path)


def test_the_policy_of_the_file_is_the_arithmetics_own(tmp_path: Path) -> None:
    path = tmp_path / "billing.toml"
    (tmp_path / "ledger_url").write_text("http://w:secret@127.0.0.1:1\n")
    path.write_text(
        'control_store = "sqlite:///x.db"\nledger_url_file = "ledger_url"\n'
        '[[regions]]\nname = "fra"\nmetrics_url = "http://127.0.0.1:1"\n[policy]\ntail = "half"\n'
    )

    settings = load(BillingSettings, path)

    assert settings.policy.metering == MeteringPolicy(tail=settings.policy.tail)
    assert settings.policy.metering.tail_s == 15
    assert "w:secret" not in repr(settings)
