from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from compose.behaviour import Behaviour, Burst

if TYPE_CHECKING:
    from compose.behaviour import Answer

_BURST = Burst(every=300, lasts=120, failures=0.4)


def _answers(behaviour: Behaviour, now: float) -> list[Answer]:
    drawn = Random(7)
    return [behaviour.answer(drawn, now) for _ in range(4_000)]


def _share(answers: list[Answer], status_class: int) -> float:
    return sum(answer.status // 100 == status_class for answer in answers) / len(answers)


def test_a_burst_covers_the_end_of_each_of_its_rounds() -> None:
    assert [_BURST.covers(now) for now in (0, 179, 180, 299, 300, 480)] == [False, False, True, True, False, True]


def test_failures_rise_to_the_burst_s_share_while_it_lasts() -> None:
    behaviour = Behaviour(server_errors=0.0, burst=_BURST)

    assert _share(_answers(behaviour, 0), 5) == 0
    assert 0.37 < _share(_answers(behaviour, 200), 5) < 0.43


def test_every_class_of_answer_occurs_at_about_its_share() -> None:
    answers = _answers(Behaviour(redirects=0.1, client_errors=0.2, server_errors=0.05), 0)

    assert 0.04 < _share(answers, 5) < 0.06
    assert 0.17 < _share(answers, 4) < 0.21
    assert 0.08 < _share(answers, 3) < 0.11
    assert 0.65 < _share(answers, 2) < 0.70


def test_half_of_the_answers_take_longer_than_the_median_and_none_forever() -> None:
    answers = _answers(Behaviour(median_ms=700, spread=0.6, server_errors=0.0), 0)

    slower = sum(answer.delay > 0.7 for answer in answers) / len(answers)
    assert 0.47 < slower < 0.53
    assert max(answer.delay for answer in answers) <= 8


def test_only_a_success_carries_the_service_s_body() -> None:
    for answer in _answers(Behaviour(size=5_000, client_errors=0.3), 0):
        assert (answer.size == 120) == (answer.status not in {200, 201})
