"""The stores that a worker's tests share, and a collector between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from billing.evidence.collector import Collector
from core.attribution import Attribution
from core.control import connect
from core.region import Region
from ingest.usage.store import Evidence
from tests.billing.evidence.metrics import Metrics, metrics
from tests.ingest.logs.world import Platform
from tests.ingest.usage.ledger import Ledger, ledger

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with ledger(tmp_path_factory.mktemp("ledger")) as opened:
        yield opened


@pytest.fixture
def store(_ledger: Ledger) -> Ledger:
    """The ledger's store without evidence."""
    _ledger.clear()
    return _ledger


@pytest.fixture(scope="session")
def _series(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metrics]:
    with metrics(tmp_path_factory.mktemp("metrics")) as started:
        yield started


@pytest.fixture
def series(_series: Metrics) -> Metrics:
    """The metrics store without a series."""
    _series.clear()
    return _series


@pytest.fixture(scope="session")
def attribution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attribution]:
    """The control store with two regions' projects."""
    engine = connect(Platform.create(tmp_path_factory.mktemp("control")).url)
    yield Attribution(engine)
    engine.dispose()


@pytest.fixture
def collector(series: Metrics, store: Ledger, attribution: Attribution) -> Iterator[Collector]:
    """A collector with nothing in mind."""
    evidence = Evidence(SecretStr(store.url))
    yield Collector([Region(name="fra1", metrics_url=series.url)], evidence, attribution)
    evidence.close()
