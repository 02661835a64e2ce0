"""The suite can go red: doors as people really wrote them, each with one defect, each found out by technique."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.query import platform
from tests.query.conftest import victoria_metrics
from tests.query.hostile import defects
from tests.query.hostile.conftest import LOOKBACK
from tests.query.hostile.finding import LEAKS, Kind
from tests.query.hostile.recorder import HeaderRecorder
from tests.query.hostile.runner import run
from tests.query.hostile.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.query.hostile.base import Base
    from tests.query.hostile.case import Case
    from tests.query.hostile.defects import Incoming
    from tests.query.platform import Tokens

pytestmark = pytest.mark.stack

# Arguments named twice over, in the body, encoded, in parts, by another method, under another content type.
_SMUGGLING = {"2", "3", "4", "6", "7", "9", "13"}
# Paths that show everything, in plain and in disguise.
_PATHS = {"deny", "31", "32", "33"}


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory, moment: float) -> Iterator[str]:
    """A store with everybody's data, for doors that let everything through to it."""
    with victoria_metrics(tmp_path_factory.mktemp("victim"), LOOKBACK) as url:
        platform.load(url, [*platform.series_of_a(), *platform.series_of_others()], end=moment)
        yield url


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("defect", "techniques"),
    [
        pytest.param(defects.append_filter, {"1", "5", *_SMUGGLING, *_PATHS}, id="filter appended to the raw query"),
        pytest.param(defects.prepend_filter, {"1", "5", *_SMUGGLING, *_PATHS}, id="filter prepended to the raw query"),
        pytest.param(defects.override_filter, {*_SMUGGLING, *_PATHS}, id="URL parsed, body forwarded"),
        pytest.param(defects.prepend_label, {"13", *_PATHS}, id="label glued to the raw query"),
        pytest.param(defects.rewrite_matches, {"18", "19", "21", "7", *_PATHS}, id="only match[] of the URL rewritten"),
        pytest.param(defects.forget_narrowing, {"honest", *_PATHS}, id="environment and service forgotten"),
    ],
)
def test_a_defective_door_is_found_out(
    defect: Callable[[Incoming], str],
    techniques: set[str],
    cases: tuple[Case, ...],
    honest: tuple[Base, ...],
    *,
    victim: str,
    alone: str,
    control: tuple[str, Tokens],
) -> None:
    tokens = control[1]
    with HeaderRecorder(victim) as recorder, defects.defective_door(recorder.url, tokens, defect) as url:
        findings = run(cases, honest, Target(url, tokens, recorder, alone))

    leaks = Counter(finding.case.technique for finding in findings if finding.kind in LEAKS)
    assert techniques <= leaks.keys()
    assert any(finding.kind is Kind.ACCEPTED for finding in findings)
    assert any(finding.kind is Kind.UPSTREAM for finding in findings)
