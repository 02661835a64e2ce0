"""The door over everybody's data against a store that never held anything but A's: no answer may differ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.query import platform
from tests.query.conftest import front_door, victoria_metrics
from tests.query.hostile.conftest import LOOKBACK, QUIET
from tests.query.hostile.content import data_of
from tests.query.hostile.expressions import EXPRESSIONS, SELECTORS
from tests.query.hostile.recorder import HeaderRecorder
from tests.query.hostile.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    from tests.query.hostile.base import Base
    from tests.query.hostile.request import Request
    from tests.query.hostile.wire import Answer
    from tests.query.platform import Tokens

pytestmark = pytest.mark.stack

_LISTINGS = ("series", "labels", "values of mark", "values of project_id", "values of nothing", "federate", "tsdb")


def read_of(base: Base, text: str) -> Request:
    """One honest read with another expression or selector."""
    name = "query" if base.path.startswith(b"/api/v1/query") else "match[]"
    others = tuple(pair for pair in base.arguments if pair[0] != name)
    return replace(base, arguments=((name, text), *others)).get()


def reads(honest: tuple[Base, ...]) -> list[Request]:
    """Every expression on the query endpoints, every selector on the listings, within each of three scopes."""
    by_name = {base.name: base for base in honest}
    narrow = [by_name["production"], by_name["service"]]
    return [
        *(read_of(by_name[name], text) for name in ("query", "query_range") for text in EXPRESSIONS),
        *(read_of(by_name[name], text) for name in _LISTINGS for text in SELECTORS),
        *(read_of(base, text) for base in narrow for text in EXPRESSIONS[::3]),
        *(replace(by_name[name], scope=base.scope).get() for name in _LISTINGS for base in narrow),
    ]


def outcome(answer: Answer) -> object:
    """What must be equal: the data, or that it is refused."""
    return data_of(answer.body) if answer.status == 200 else 400 <= answer.status < 500


def test_the_door_answers_as_a_store_that_holds_nothing_else(target: Target, honest: tuple[Base, ...]) -> None:
    asked = reads(honest)
    differing = []
    answered = 0
    for request in asked:
        (answer,) = target.send(request)
        truth = target.ask_alone(request)
        answered += answer.status == 200
        if outcome(answer) != outcome(truth):
            differing.append(f"{request.path!r} {request.query!r}: {answer.body[:200]!r} and {truth.body[:200]!r}")

    assert differing == []
    assert answered > len(asked) * 0.8  # most expressions are valid, so that most comparisons compare data


def test_foreign_data_never_changes_an_answer(
    tmp_path: Path, control: tuple[str, Tokens], moment: float, honest: tuple[Base, ...], alone: str
) -> None:
    control_store, tokens = control
    asked = reads(honest)
    with victoria_metrics(tmp_path / "store", LOOKBACK) as store, HeaderRecorder(store) as recorder:
        platform.load(store, platform.series_of_a(), end=moment)
        with front_door(tmp_path, {"near": recorder.url}, control_store=control_store, more=QUIET) as url:
            target = Target(url, tokens, recorder, alone)
            before = [target.send(request)[0] for request in asked]
            platform.load(store, platform.series_of_others(), end=moment)
            platform.wait_until_visible(store, len(platform.series_of_a()) + len(platform.series_of_others()))
            after = [target.send(request)[0] for request in asked]

    changed = [
        request.query
        for request, old, new in zip(asked, before, after, strict=True)
        if old.body != new.body and (old.status, data_of(old.body)) != (new.status, data_of(new.body))
    ]
    assert changed == []
