"""A front-door over a store whose series are known to the last one, for the pages that count them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from tests.query.conftest import front_door, victoria_metrics
from tests.query.platform import PROJECT_A, PROJECT_B, SERVICE_A1, SERVICE_A2, SERVICE_B1, populate, wait_until_visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.query.platform import Tokens

HOUR, DAY = 3_600, 86_400
# Longer than a sample counts as present.
LOST_AGE = 420
PATHS = ("/v1/cardinality", "/v1/cardinality/top", "/v1/cardinality/growth", "/v1/cardinality/who")

Heads = list[str]


def tenant(project_id: str, service_id: str) -> str:
    return f'project_id="{project_id}",environment="production",service_id="{service_id}"'


def pages(project_id: str, service_id: str, numbers: range) -> Heads:
    """One series for each page that a service answered."""
    return [f'app_requests{{{tenant(project_id, service_id)},page="/{number}"}}' for number in numbers]


# There for two hours; A's first service then met bots, and B lost one series of three.
STEADY = [*pages(PROJECT_A, SERVICE_A1, range(4)), *pages(PROJECT_A, SERVICE_A2, range(2))]
LOST = pages(PROJECT_B, SERVICE_B1, range(2, 3))
KEPT = [*pages(PROJECT_B, SERVICE_B1, range(2)), f"app_up{{{tenant(PROJECT_B, SERVICE_B1)}}}"]
BOTS = pages(PROJECT_A, SERVICE_A1, range(100, 130))
# A page that only this service had not answered before.
LATE = pages(PROJECT_A, SERVICE_A2, range(2, 3))
SCRAPES = ['scrape_samples_post_metric_relabeling{job="one"}', 'scrape_samples_post_metric_relabeling{job="two"}']

# Series, and how many seconds ago each of them had a sample.
Fed = Sequence[tuple[Heads, Sequence[int]]]
FED: Fed = (
    ([*STEADY, *KEPT], range(0, 2 * HOUR, 60)),
    (LOST, range(LOST_AGE, 2 * HOUR, 60)),
    ([*BOTS, *LATE], range(0, 600, 60)),
    (SCRAPES, range(0, 120, 60)),
)


class Counted(NamedTuple):
    """A front-door over a store whose series are known; its second region is down."""

    url: str
    tokens: Tokens
    folder: Path
    now: float

    def get(self, path: str, token: str | int = "", **arguments: str | int) -> httpx.Response:
        """Ask as the platform's staff, or with another token."""
        headers = {"Authorization": f"Bearer {token or self.tokens.platform}"}
        return httpx.get(f"{self.url}{path}", params={k: str(v) for k, v in arguments.items()}, headers=headers)

    @property
    def lost(self) -> int:
        """How many of the lost series the store's index of this UTC day holds: all but shortly after midnight."""
        return len(LOST) if self.now % DAY >= LOST_AGE else 0

    def near(self, page: str, **arguments: str | int) -> dict[str, Any]:
        """What a page says of the region that is up."""
        answer = self.get(f"/v1/cardinality/{page}", region="near", **arguments)
        assert answer.status_code == 200, answer.text
        region: dict[str, Any]
        (region,) = answer.json()["regions"]
        return region


@contextmanager
def counted_door(folder: Path, given: Fed = FED) -> Iterator[Counted]:
    """Everything in `folder`, running, over a store with the `given` series."""
    control_store = f"sqlite:///{folder / 'control.db'}"
    tokens = populate(control_store)
    now = time.time()
    with victoria_metrics(folder) as store:
        fed = [(head, ages) for heads, ages in given for head in heads]
        # The newest sample of each alone first: parallel parsers that meet a new series at once would index it twice.
        for samples in ([(head, ages[:1]) for head, ages in fed], [(head, ages[1:]) for head, ages in fed]):
            lines = (f"{head} 20 {int((now - age) * 1000)}\n" for head, ages in samples for age in ages)
            httpx.post(f"{store}/api/v1/import/prometheus", content="".join(lines)).raise_for_status()
            wait_until_visible(store, len(fed))
        # Samples of a series that is known already become visible a moment later.
        oldest = max(max(ages) for _, ages in fed)
        expected = sum(max(ages) == oldest for _, ages in fed)
        while _then(store, now - oldest) < expected:
            time.sleep(0.05)
        with front_door(folder, {"near": store, "far": "http://127.0.0.1:1"}, control_store=control_store) as url:
            yield Counted(url, tokens, folder, now)


def _then(store: str, moment: float) -> int:
    arguments = {"query": 'count({__name__=~"app_.+"})', "time": f"{moment + 1:.0f}"}
    result = httpx.get(f"{store}/api/v1/query", params=arguments).json()["data"]["result"]
    return int(result[0]["value"][1]) if result else 0
