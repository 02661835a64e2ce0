"""The region's metrics store as the live checks read it: a few aggregates, never a series."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import Unavailable

if TYPE_CHECKING:
    from rules.live_http import Asker

Vector = list[tuple[dict[str, str], float]]


@dataclass(frozen=True, slots=True)
class Store:
    """A Prometheus API with VictoriaMetrics' status page. Every call raises `Unavailable` when it is not answered."""

    asker: Asker
    url: str

    def query(self, expression: str) -> Vector:
        """The instant vector of an expression, evaluated now."""
        arguments = {"query": expression, "timeout": "10s"}
        with _Understood(self.url):
            result = self.asker.get(f"{self.url}/api/v1/query", arguments)["data"]["result"]
            return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def labels(self, selector: str) -> list[str]:
        """The label names of the series that were there today."""
        arguments = {"match[]": selector, "start": f"{time.time() - 300:.0f}"}
        with _Understood(self.url):
            return [str(name) for name in self.asker.get(f"{self.url}/api/v1/labels", arguments)["data"]]

    def series_by(self, label: str, most: int) -> tuple[int, dict[str, int]]:
        """Today's series in all, and by the `most` values of `label` that have most of them."""
        arguments = {"focusLabel": label, "topN": str(most)}
        with _Understood(self.url):
            data: dict[str, Any] = self.asker.get(f"{self.url}/api/v1/status/tsdb", arguments)["data"]
            values = {entry["name"]: int(entry["value"]) for entry in data["seriesCountByFocusLabelValue"]}
            return int(data["totalSeries"]), values


class _Understood:
    """Turns an answer of another shape into its one error."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Say it in our words."""
        if kind is not None and issubclass(kind, KeyError | TypeError | ValueError):
            raise Unavailable(f"{self._url}: the answer is not a metrics store's") from error
