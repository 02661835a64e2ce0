"""Real programs of the hostile suite: a store of everybody, a store of A alone, and a door whose canary is quiet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.query import platform
from tests.query.conftest import front_door, victoria_metrics
from tests.query.hostile.base import Base, bases
from tests.query.hostile.catalogue import catalogue
from tests.query.hostile.judge import Judge
from tests.query.hostile.recorder import HeaderRecorder
from tests.query.hostile.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.case import Case
    from tests.query.platform import Tokens

# The last samples stay the last ones for as long as the suite may take: federation looks back from the present.
LOOKBACK = "-search.maxStalenessInterval=6h"
# The canary reads as other projects too; between its first proof and its next one, everything recorded is a tenant's.
QUIET = "canary_seconds = 3600\n"


@pytest.fixture(scope="session")
def moment() -> float:
    """The time of the newest sample of the hostile suite's stores, in unix seconds."""
    return float(int(time.time()))


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory, moment: float) -> Iterator[str]:
    """A store with everybody's data."""
    with victoria_metrics(tmp_path_factory.mktemp("crowd"), LOOKBACK) as url:
        platform.load(url, [*platform.series_of_a(), *platform.series_of_others()], end=moment)
        yield url


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory, moment: float) -> Iterator[str]:
    """A store with nothing but A's data."""
    with victoria_metrics(tmp_path_factory.mktemp("alone"), LOOKBACK) as url:
        platform.load(url, platform.series_of_a(), end=moment)
        yield url


@pytest.fixture(scope="session")
def target(
    tmp_path_factory: pytest.TempPathFactory, crowd: str, alone: str, control: tuple[str, Tokens]
) -> Iterator[Target]:
    """The real front-door over the crowd."""
    control_store, tokens = control
    folder = tmp_path_factory.mktemp("quiet-door")
    with (
        HeaderRecorder(crowd) as recorder,
        front_door(folder, {"near": recorder.url}, control_store=control_store, more=QUIET) as url,
    ):
        yield Target(url, tokens, recorder, alone)


@pytest.fixture(scope="session")
def honest(moment: float) -> tuple[Base, ...]:
    """The honest reads."""
    return bases(moment)


@pytest.fixture(scope="session")
def cases(moment: float) -> tuple[Case, ...]:
    """The whole bypass catalogue."""
    return catalogue(moment)


@pytest.fixture(scope="session")
def judge(target: Target, honest: tuple[Base, ...]) -> Judge:
    """A judge of the real front-door that has seen its honest answers."""
    judge = Judge(target, honest)
    assert judge.flaws == []
    return judge
