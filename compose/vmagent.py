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


def render(jobs: Sequence[Mapping[str, object]], *, interval: str = "5s") -> str:
    """The configuration as JSON text: YAML whose every string is quoted, so that no name turns into a boolean."""
    return json.dumps(scrape.configuration(jobs, interval=interval), indent=1, ensure_ascii=False)
