"""docs/rules.md is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rules.burn import GROUPS
from rules.check import key_table
from rules.check.guide import explanations, sections
from rules.check.registry import CHECKS
from rules.render.artefact import ARTEFACTS
from rules.rulefile import Alert

_DOCS = Path(__file__).parents[3] / "docs" / "rules.md"
_TEXT = _DOCS.read_text()


def test_the_list_of_checks_is_the_code_s_own() -> None:
    """To mend: replace everything from the first `### SM` on by the output of `starmeter rules explain`."""
    assert _TEXT[_TEXT.index("### SM001") :] == sections()


def test_every_link_of_a_finding_leads_to_a_heading() -> None:
    headings = set(re.findall(r"^### (\S+)$", _TEXT, re.MULTILINE))

    for check in CHECKS:
        page, _, anchor = check.link.partition("#")
        assert anchor == check.id.lower()
        assert re.search(rf"^### {check.id}$", (_DOCS.parents[1] / page).read_text(), re.MULTILINE), check.link
        # The list of all of them is in one place.
        assert check.id in headings


def test_every_runbook_entry_of_an_objective_is_there() -> None:
    headings = set(re.findall(r"^### (\S+)$", _TEXT, re.MULTILINE))

    for group in GROUPS:
        for rule in group.rules:
            if isinstance(rule, Alert):
                assert rule.runbook in headings


@pytest.mark.parametrize("name", ARTEFACTS)
def test_every_rendered_file_is_in_the_table(name: str) -> None:
    assert f"`{name}`" in _TEXT


def test_every_check_says_why_and_how_to_mend_it_in_a_line() -> None:
    for check in CHECKS:
        for sentence in (check.why, check.fix):
            assert "\n" not in sentence
            assert sentence.endswith("."), (check.id, sentence)
        assert re.fullmatch(r"S[LM][0-9]{3}", check.id)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+|unreadable|unrecognised", check.name), check.name


def test_every_check_is_explained_and_nothing_else_is() -> None:
    assert set(explanations()) == {check.id for check in CHECKS}
    for check in CHECKS:
        text = explanations()[check.id]
        assert "\n" not in text, check.id
        assert text.endswith((".", "?")), check.id
        assert text not in {check.why, check.fix}


def test_every_key_table_names_its_source() -> None:
    for kind, names in key_table.TABLES.items():
        for name in names:
            text = (key_table.FOLDER / f"{name}.yml").read_text()

            assert re.search(r"^source: .*[0-9]", text, re.MULTILINE), name
        assert key_table.keys(kind)
