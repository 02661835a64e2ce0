"""Grafana's Prometheus data source as a client: which method it takes, when it asks again, what it reads and shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    Method = Literal["GET", "POST"]

# Everything that a panel or an editor sends along; none of it may decide anything.
HEADERS: Final = {
    "X-Dashboard-UID": "starmeter-service-overview",
    "X-Panel-Id": "12",
    "X-Grafana-User": "somebody",
    "X-Grafana-Org-Id": "1",
    "X-Datasource-Uid": "P1809F7CD0C75ACF3",
    "User-Agent": "Grafana/13.1.0",
    "Accept-Encoding": "gzip",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}

# The limit of its editor and its label browser.
LIMIT: Final = "40000"

# Endpoints that it may call by the configured method; all others by GET alone.
_EITHER_METHOD: Final = ("api/v1/query", "api/v1/series", "api/v1/labels")
# What makes it ask once more, by GET.
_ASK_AGAIN: Final = (400, 405)

_LABEL_NAMES: Final = re.compile(r"label_names\(\)\s*")
_LABEL_VALUES: Final = re.compile(r"label_values\((?:(.+),\s*)?([a-zA-Z_][a-zA-Z0-9_]*)\)\s*")
_METRICS: Final = re.compile(r"metrics\((.+)\)\s*")
_QUERY_RESULT: Final = re.compile(r"query_result\((.+)\)\s*")


class ShownError(Exception):
    """What a panel shows instead of data."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One series as a panel gets it: times in unix seconds."""

    labels: dict[str, str]
    samples: list[tuple[float, float]]


class DataSource:
    """A configured data source: a client whose base is the pasted URL, and the method chosen in its settings."""

    def __init__(self, client: httpx.Client, method: Method = "POST") -> None:
        self._client = client
        self._method = method

    def query(self, path: str, **arguments: str) -> httpx.Response:
        """A panel's or Explore's request: once, by the chosen method."""
        return self._send(self._method, path, arguments)

    def resource(self, path: str, arguments: Mapping[str, str] | None = None) -> httpx.Response:
        """An editor's or a variable's request: what refuses a POST is asked again by GET."""
        arguments = arguments or {}
        method: Method = self._method if any(one in path for one in _EITHER_METHOD) else "GET"
        answer = self._send(method, path, arguments)
        if method == "POST" and answer.status_code in _ASK_AGAIN:
            return self._send("GET", path, arguments)
        return answer

    def variable(self, text: str, start: float, end: float) -> list[str]:
        """The options of a query variable.

        Raises:
            ShownError: the request behind it fails.
        """
        span = {"start": f"{start:.0f}", "end": f"{end:.0f}"}
        if _LABEL_NAMES.fullmatch(text):
            return _strings(self.resource("/api/v1/labels", {"limit": LIMIT, **span}))
        if match := _LABEL_VALUES.fullmatch(text):
            selector = {} if match[1] is None else {"match[]": match[1]}
            return _strings(self.resource(f"/api/v1/label/{match[2]}/values", {**selector, **span}))
        if match := _METRICS.fullmatch(text):
            names = _strings(self.resource("/api/v1/label/__name__/values", span))
            return [name for name in names if re.search(match[1], name)]
        if match := _QUERY_RESULT.fullmatch(text):
            return _result_texts(self.resource("/api/v1/query", {"query": match[1], "time": span["end"]}))
        return [_series_text(one) for one in _data(self.resource("/api/v1/series", {"match[]": text, **span}))]

    def _send(self, method: Method, path: str, arguments: Mapping[str, str]) -> httpx.Response:
        if method == "GET":
            return self._client.get(path, params=arguments, headers=HEADERS)
        return self._client.post(path, data=arguments, headers=HEADERS)


def frames(answer: httpx.Response) -> list[Frame]:
    """What a panel makes of an answer.

    Raises:
        ShownError: the answer is an error or of a type that it does not know; its text is what the panel shows.
    """
    data = _data(answer)
    match data["resultType"]:
        case "scalar":
            return [Frame({}, [_sample(data["result"])])]
        case "vector":
            return [Frame(one["metric"], [_sample(one["value"])]) for one in data["result"]]
        case "matrix":
            return [Frame(one["metric"], [_sample(pair) for pair in one["values"]]) for one in data["result"]]
        case unknown:
            raise ShownError(f"unknown result type: {unknown}")


def _data(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    body = answer.json()
    if body["status"] != "success":
        raise ShownError(f"{body['errorType']}: {body['error']}")
    return body["data"]


def _sample(pair: list[Any]) -> tuple[float, float]:
    """A time that is a number and a value that is a string: it parses nothing else."""
    at, value = pair
    if not isinstance(at, int | float) or not isinstance(value, str):
        raise ShownError(f"not a sample: {pair}")
    return float(at), float(value)


def _strings(answer: httpx.Response) -> list[str]:
    data = _data(answer)
    if not isinstance(data, list) or not all(isinstance(one, str) for one in data):
        raise ShownError("not a list of strings")
    return data


def _series_text(labels: dict[str, str]) -> str:
    pairs = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels.get('__name__', '')}{{{pairs}}}"


def _result_texts(answer: httpx.Response) -> list[str]:
    data = _data(answer)
    if data["resultType"] in {"scalar", "string"}:
        return [data["result"][1]]
    return [f"{_series_text(one['metric'])} {one['value'][1]} {one['value'][0] * 1000:.0f}" for one in data["result"]]
