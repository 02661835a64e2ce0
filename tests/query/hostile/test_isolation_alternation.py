"""Rivals who ask the same at the same time: nothing that is remembered or shared on the way mixes their answers."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.query.hostile.content import is_same
from tests.query.hostile.request import PROJECT, Request
from tests.query.platform import PROJECT_B, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.query.hostile.base import Base
    from tests.query.hostile.target import Target

pytestmark = pytest.mark.stack

_RIVAL = b"/v1/projects/" + PROJECT_B.encode()
_RANGES = (
    "sum(up)",
    'count({__name__!=""})',
    "rate(envoy_cluster_upstream_rq_xx[5m])",
    "up",
    "max_over_time(sum(up)[5m:15s])",
    'label_set(count(up), "who", "me")',
)


def cacheable(honest: tuple[Base, ...]) -> list[Request]:
    """Reads that the store, or a door, could remember: ranges above all."""
    by_name = {base.name: base for base in honest}
    spans = by_name["query_range"].arguments[1:]
    ranges = [replace(by_name["query_range"], arguments=(("query", text), *spans)) for text in _RANGES]
    wide = [base for base in honest if base.scope == PROJECT]
    return [*(base.get() for base in ranges), *(base.post() for base in ranges), *(base.get() for base in wide)]


def of_rival(request: Request) -> Request:
    """The same read, of B and by B."""
    return replace(request, scope=_RIVAL, credential=b"Bearer <rival>")


def of_production(request: Request) -> Request:
    """The same read by A's narrower token."""
    return replace(request, credential=b"Bearer <production>")


def answer_of(target: Target, request: Request) -> bytes:
    (answer,) = target.send(request)
    assert answer.status == 200
    return answer.body


@pytest.mark.parametrize("other", [of_rival, of_production])
def test_answers_stay_the_same_when_another_scope_asks_in_between(
    target: Target, honest: tuple[Base, ...], other: Callable[[Request], Request]
) -> None:
    different = 0
    for request in cacheable(honest):
        first = answer_of(target, request)
        foreign = answer_of(target, other(request))
        again = answer_of(target, request)
        foreign_again = answer_of(target, other(request))

        assert is_same(again, first)
        assert is_same(foreign_again, foreign)
        assert SECRET.encode() not in first
        different += not is_same(first, foreign)
    assert different > len(cacheable(honest)) * 0.7  # the other scope really has other answers


def test_answers_stay_apart_when_rivals_ask_at_the_same_moment(target: Target, honest: tuple[Base, ...]) -> None:
    asked = [made for request in cacheable(honest) for made in (request, of_rival(request), of_production(request))]
    truth = [answer_of(target, request) for request in asked]
    order = [*range(len(asked))] * 4
    random.Random(7).shuffle(order)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda index: answer_of(target, asked[index]), order))

    wrong = [asked[index] for index, body in zip(order, answers, strict=True) if not is_same(body, truth[index])]
    assert wrong == []
