"""vmagent's scrape configuration in the local stack: the rendered jobs, with addresses instead of discovery."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rules.render import scrape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def gateway_job(target: str, rules: Sequence[Mapping[str, object]] = scrape.GATEWAY_RULES) -> dict[str, object]:
    """Scrape Envoy's admin port at `target` (host:port), attributing each series by the relabelling `rules`."""
    return scrape.gateway_job(scrape.addresses([target]), rules)


def kubelet_job(targets: Sequence[str]) -> dict[str, object]:
    """Scrape the containers' use of every kubelet."""
    return scrape.kubelet_job(scrape.addresses(targets))


def state_job(target: str) -> dict[str, object]:
    """Scrape kube-state-metrics."""
    return scrape.state_job(scrape.addresses([target]))


def platform_job(targets: Mapping[str, str], region: str) -> dict[str, object]:
    """Scrape our own processes, by name and where each is (host:port), for what concerns `region`."""
    where: dict[str, object] = {
        "static_configs": [
            {"targets": [target], "labels": {"process": process}} for process, target in sorted(targets.items())
        ]
    }
    return scrape.platform_job(where, region=region)


def render(jobs: Sequence[Mapping[str, object]], *, interval: str = "5s") -> str:
    """The configuration as JSON text: YAML whose every string is quoted, so that no name turns into a boolean."""
    return json.dumps(scrape.configuration(jobs, interval=interval), indent=1, ensure_ascii=False)
