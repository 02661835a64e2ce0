"""One mistake in a good file: the check that is about it says so at its line, and no other check is set off."""

from __future__ import annotations

import pytest

from rules.check.registry import BY_ID
from rules.check.run import findings
from rules.check.source import parse
from rules.live_finding import CHECKS as LIVE
from rules.render.artefact import ARTEFACTS
from tests.rules.check.cases import Case, cases

# Those about the run and its files of excuses have tests of their own.
_ELSEWHERE = {"SM001", "SM002", "SM063", "SM098", "SM099", "SM100", *(check.id for check in LIVE)}


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.check} {case.file} {case.why}")
def test_a_mistake_is_called_by_its_name_at_its_line(case: Case) -> None:
    text = case.text
    found = list(findings([parse(text, case.file)]))

    said = [one for one in found if one.check == case.check]
    assert said, found
    assert any(case.says in one.message for one in said), said
    assert case.line in text.splitlines()[said[0].line - 1]
    assert {one.check for one in found} == {case.check} | case.besides


def test_every_check_has_a_mistake_that_sets_it_off() -> None:
    assert {case.check for case in cases()} | _ELSEWHERE == set(BY_ID)


@pytest.mark.parametrize("name", [name for name in ARTEFACTS if not name.endswith(".vrl")])
def test_what_is_rendered_sets_nothing_off(name: str) -> None:
    assert list(findings([parse(ARTEFACTS[name](), name)])) == []
