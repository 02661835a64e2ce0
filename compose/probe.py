"""Whether a metric is there to be read yet, asked so that no cache of an earlier absence can answer."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request


def has_series(prometheus_url: str, metric: str, token: str | None = None) -> bool:
    """Whether the Prometheus API at `prometheus_url` has a series named `metric`; False while nothing answers.

    VictoriaMetrics remembers for up to ten seconds that a selector matched nothing. A matcher that excludes nothing,
    another one each time, makes it look again.
    """
    selector = f'{{__name__="{metric}", asked!="{time.monotonic_ns()}"}}'
    question = urllib.parse.urlencode({"query": f"count({selector})"})
    request = urllib.request.Request(f"{prometheus_url}/api/v1/query?{question}")  # noqa: S310 - our own loopback URL
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - the same
            return bool(json.load(answer)["data"]["result"])
    except (urllib.error.URLError, OSError):
        return False
