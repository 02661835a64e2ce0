"""However an honest request is mutated: the honest answer, byte for byte, or a refusal; nothing odd goes upstream."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.query.hostile.case import Case, Confined, Same
from tests.query.hostile.mutation import draft
from tests.query.hostile.strategies import awkward_requests, several_mutations

if TYPE_CHECKING:
    from tests.query.hostile.base import Base
    from tests.query.hostile.judge import Judge
    from tests.query.hostile.mutation import Mutation
    from tests.query.hostile.request import Request

pytestmark = [pytest.mark.stack, pytest.mark.property]

bounded = settings(max_examples=1_000, deadline=None, derandomize=True, database=None)


@bounded
@given(which=st.integers(0, 11), by_form=st.booleans(), mutations=several_mutations)
def test_a_mutated_request_is_answered_as_the_honest_one_or_refused(
    judge: Judge, honest: tuple[Base, ...], which: int, by_form: bool, mutations: list[Mutation]
) -> None:
    base = honest[which % len(honest)]
    mutated = reduce(lambda made, mutation: mutation.apply(made), mutations, draft(base, by_form=by_form))
    case = Case("mutation", f"{base.name}: {mutations}", mutated.request(), Same(base.name))

    assert judge.findings(case) == []


@bounded
@given(request=awkward_requests)
def test_no_request_line_makes_the_door_send_anything_but_a_confined_read(
    judge: Judge, moment: float, request: Request
) -> None:
    timed = replace(request, query=_timed(request.query, moment), body=_timed(request.body, moment))
    case = Case("grammar", "awkward pieces", timed, Confined())

    assert judge.findings(case) == []


def _timed(form: bytes, moment: float) -> bytes:
    return form.replace(b"<start>", b"%d" % (moment - 600)).replace(b"<end>", b"%d" % moment)
