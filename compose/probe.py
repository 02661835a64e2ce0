"""Whether a metric is live, asked so that neither old samples nor a cache of its absence can answer."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request


def is_live(prometheus_url: str, metric: str, since: float, token: str | None = None) -> bool:
    """Whether the Prometheus API at `prometheus_url` has a sample of `metric` from after `since` (unix seconds).

    False while nothing answers there.

    VictoriaMetrics remembers for up to ten seconds that a selector matched nothing. A matcher that excludes nothing,
    another one each time, makes it look again.
    """
    selector = f'{{__name__="{metric}", asked!="{time.monotonic_ns()}"}}'
    question = urllib.parse.urlencode({"query": f"count(timestamp({selector}) > {since:.3f})"})
    request = urllib.request.Request(f"{prometheus_url}/api/v1/query?{question}")  # noqa: S310 - our own loopback URL
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - the same
            return bool(json.load(answer)["data"]["result"])
    except (urllib.error.URLError, OSError):
        return False
