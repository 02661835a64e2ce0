"""The same mistake in another way: a whole file of a program, and the check that must not be evaded by it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml

from rules.check.run import findings
from rules.check.source import parse

_FOLDER: Final = Path(__file__).parent / "evasions"


@dataclass(frozen=True, slots=True)
class Evasion:
    """A file `name` with `text`; `check` says something with `says` at `line`, or nothing is found when it is None."""

    check: str | None
    why: str
    name: str
    text: str
    line: int = 0
    says: str = ""


def _evasions() -> list[Evasion]:
    return [Evasion(**row) for path in sorted(_FOLDER.glob("*.yml")) for row in yaml.safe_load(path.read_text())]


@pytest.mark.parametrize("evasion", _evasions(), ids=lambda evasion: f"{evasion.check} {evasion.why}")
def test_a_mistake_in_other_words_is_the_same_mistake(evasion: Evasion) -> None:
    found = list(findings([parse(evasion.text, evasion.name)]))

    if evasion.check is None:
        assert found == []
    else:
        said = [(one.line, one.message) for one in found if one.check == evasion.check]
        assert [line for line, message in said if evasion.says in message] == [evasion.line], found
