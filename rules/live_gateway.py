"""A running Envoy as the live checks see it: its effective statistics settings, and which clusters have traffic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.live_http import Asker

# Of the bootstrap these two alone; with all its clusters a configuration is megabytes.
_MASK: Final = "bootstrap.stats_config,bootstrap.deferred_stat_options"


@dataclass(frozen=True, slots=True)
class Gateway:
    """An Envoy's admin page. Every call raises `Unavailable` when it is not answered."""

    asker: Asker
    url: str

    def settings(self) -> dict[str, Any]:
        """`stats_config` and `deferred_stat_options`, as they are in effect."""
        dump = self.asker.get(f"{self.url}/config_dump?mask={_MASK}")
        try:
            bootstraps = [one["bootstrap"] for one in dump["configs"] if "bootstrap" in one]
        except (KeyError, TypeError) as failure:
            raise self._strange() from failure
        return dict(bootstraps[0]) if bootstraps else {}

    def requests(self) -> dict[str, int]:
        """Requests sent so far, by cluster: counted by its hosts, whatever statistics may exist."""
        status = self.asker.get(f"{self.url}/clusters?format=json")
        try:
            return {cluster["name"]: sum(_totals(cluster)) for cluster in status.get("cluster_statuses", ())}
        except (AttributeError, KeyError, TypeError, ValueError) as failure:
            raise self._strange() from failure

    def _strange(self) -> Unavailable:
        return Unavailable(f"{self.url}: the answer is not Envoy's admin page's")


def _totals(cluster: dict[str, Any]) -> Iterator[int]:
    for host in cluster.get("host_statuses", ()):
        for stat in host.get("stats", ()):
            if stat.get("name") == "rq_total":
                yield int(stat.get("value", 0))
