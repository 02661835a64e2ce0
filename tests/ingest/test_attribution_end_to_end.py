from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from compose.envoy import STRICT
from ingest.cluster_name import ClusterNameRefused
from tests.ingest.gateway import stored
from tests.ingest.reference import Attribution, attribution, examples
from tests.ingest.test_cluster_name import attributed

if TYPE_CHECKING:
    from pathlib import Path

    from compose.envoy import Allowlist
    from tests.ingest.gateway import Series

pytestmark = pytest.mark.stack

_ATTRIBUTION: Final = {"project_id", "service_id", "environment", "namespace", "route_kind", "rule", "backend"}
_COUNTED: Final = (
    "envoy_cluster_upstream_rq_xx",
    "envoy_cluster_upstream_rq_time_count",
    "envoy_cluster_upstream_cx_rx_bytes_total",
    "envoy_cluster_upstream_cx_tx_bytes_total",
)


def odd_names() -> list[str]:
    """The hand-written names that Envoy can take, each with a service id of its own.

    So a name that is cut or folded into a legal one shows as a tuple too many, not as one that is expected anyway.
    """
    names = []
    for number, example in enumerate(examples()):
        name = example.name.replace("7d3c1b2a", f"7d3c{number:04x}").replace("7D3C1B2A", f"7D3C{number:04X}")
        if _envoy_takes(name):
            names.append(name)
    return list(dict.fromkeys(names))


def _envoy_takes(name: str) -> bool:
    """A cluster has a name, and a configuration is UTF-8."""
    return bool(name) and not any("\ud800" <= character <= "\udfff" for character in name)


def expected(names: list[str]) -> Counter[Attribution]:
    attributions: Counter[Attribution] = Counter()
    for name in map(_as_counted, names):
        try:
            attributions[attributed(name)] += 1
        except ClusterNameRefused:
            assert attribution(name) is None
    return attributions


def _as_counted(name: str) -> str:
    """The name in Envoy's statistics: dots at its end are dropped before anything of ours sees it.

    Nothing after Envoy could tell the two apart. Envoy Gateway makes no such name: its clusters end in a number.
    """
    return name.rstrip(".")


def counted(series: list[Series], metric: str) -> Counter[Attribution]:
    """How many series of `metric` are stored for each attribution."""
    return Counter(_attribution(one.labels) for one in series if one.labels["__name__"] == metric)


def _attribution(labels: dict[str, str]) -> Attribution:
    backend = labels.get("backend")
    return Attribution(
        labels["project_id"],
        labels["service_id"],
        labels["environment"],
        labels["namespace"],
        labels["route_kind"],
        int(labels["rule"]),
        None if backend is None else int(backend),
    )


@pytest.mark.parametrize("allowlist", [pytest.param(STRICT, id="allowlist"), pytest.param(None, id="every statistic")])
def test_the_stored_tuples_are_the_parsers_none_missing_and_none_extra(
    tmp_path: Path, allowlist: Allowlist | None
) -> None:
    names = odd_names()
    tuples = expected(names)
    assert len(names) >= 300
    assert len(tuples) >= 80
    assert set(tuples.values()) == {1}

    series = stored(tmp_path, names, allowlist)

    for metric in _COUNTED:
        assert counted(series, metric) == tuples, metric
    requests = {one.value for one in series if one.labels["__name__"] == "envoy_cluster_upstream_rq_xx"}
    assert requests == {1}
    for one in series:
        own = {"__name__", "job", "instance", "le", "envoy_response_code_class"}
        assert set(one.labels) - own - {"backend"} == _ATTRIBUTION - {"backend"}, one
