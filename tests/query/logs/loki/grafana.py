"""Grafana's Loki data source as a client: the paths it builds, what it sends along, what it reads of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.query.grafana import HEADERS, ShownError

if TYPE_CHECKING:
    import httpx

_PATH: Final = "loki/api/v1/"
_SUCCESS: Final = 200
# What its backend sends so that a line's own fields come apart from the stream's labels.
_APART: Final = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
_TAGS: Final = {"X-Query-Tags": "Source=logvolhist"}


@dataclass(frozen=True, slots=True)
class Line:
    """A record as Explore shows it."""

    at: int
    text: str
    labels: dict[str, str]
    fields: dict[str, str]


class DataSource:
    """A configured data source; the client's base is the pasted URL."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, **arguments: str | int) -> Any:  # noqa: ANN401 - JSON
        """A resource request: labels, series, hints.

        Raises:
            ShownError: the answer is an error; its message is what the editor shows.
        """
        return _read(self._client.get(_PATH + path, params=arguments, headers=HEADERS))

    def save_and_test(self) -> bool:
        """Its health check: the sum of two vectors."""
        arguments = {"direction": "backward", "query": "vector(1)+vector(1)", "time": "4000000000"}
        data = _read(self._client.get(f"{_PATH}query", params=arguments, headers=HEADERS))["data"]
        return bool(data["resultType"] == "vector" and float(data["result"][0]["value"][1]) == 2)

    def lines(self, query: str, start: int, end: int, **arguments: str | int) -> list[Line]:
        """Explore's logs: in the answer's order, stream by stream."""
        told: dict[str, str | int] = {
            "query": query,
            "start": start,
            "end": end,
            "direction": "backward",
            "limit": 1000,
            "step": "2000ms",
        }
        answer = self._client.get(f"{_PATH}query_range", params=told | arguments, headers=HEADERS | _APART)
        data = _read(answer)["data"]
        assert (data["resultType"], data["encodingFlags"]) == ("streams", ["categorize-labels"])
        return [
            Line(int(at), text, one["stream"], more.get("structuredMetadata", {}))
            for one in data["result"]
            for at, text, more in one["values"]
        ]

    def matrix(
        self, query: str, start: int, end: int, step: str
    ) -> dict[tuple[tuple[str, str], ...], dict[float, float]]:
        """A panel's or the log volume's samples, by labels."""
        told: dict[str, str | int] = {"query": query, "start": start, "end": end, "step": step, "limit": 1000}
        answer = self._client.get(f"{_PATH}query_range", params=told, headers=HEADERS | _TAGS)
        data = _read(answer)["data"]
        assert data["resultType"] == "matrix"
        return {
            tuple(sorted(one["metric"].items())): {float(at): float(value) for at, value in one["values"]}
            for one in data["result"]
        }


def _read(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    if answer.status_code != _SUCCESS:
        raise ShownError(answer.json()["message"])
    return answer.json()
