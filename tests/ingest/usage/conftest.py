"""A ledger's store and a platform that a worker's tests share, and ingest before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ingest.logs.world import Platform
from tests.ingest.usage.ledger import Ledger, ledger
from tests.ingest.usage.serving import Door

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
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The control store with two regions' projects and clusters."""
    return Platform.create(tmp_path_factory.mktemp("control"))


@pytest.fixture
def door(store: Ledger, platform: Platform) -> Door:
    """Ingest's paths of usage before the store."""
    return Door(store.url, platform)
