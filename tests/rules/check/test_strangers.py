"""Small files of others, each with what must be said of it: which check, at which line, and nothing besides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml

from rules.check.run import findings
from rules.check.source import parse, read

_FOLDER: Final = Path(__file__).parent / "strangers"


@dataclass(frozen=True, slots=True)
class _Stranger:
    """A file called `name`; `found` are the checks with their lines, as often as each is set off."""

    why: str
    name: str
    text: str
    found: tuple[str, ...]


def _strangers() -> list[_Stranger]:
    rows = [row for path in sorted(_FOLDER.glob("*.yml")) for row in yaml.safe_load(path.read_text())]
    return [_Stranger(**row | {"found": tuple(row["found"])}) for row in rows]


@pytest.mark.parametrize("stranger", _strangers(), ids=lambda stranger: stranger.why)
def test_a_file_of_others_is_told_what_is_wrong_with_it(stranger: _Stranger) -> None:
    found = list(findings([parse(stranger.text, stranger.name)]))

    assert sorted(f"{one.check} {one.line}" for one in found) == sorted(stranger.found), found


@pytest.mark.parametrize("stranger", _strangers(), ids=lambda stranger: stranger.why)
def test_a_file_of_others_is_not_passed_over_in_a_tree(stranger: _Stranger, tmp_path: Path) -> None:
    path = tmp_path / stranger.name
    path.write_text(stranger.text)

    source = read(path, stranger.name)
    assert source is not None
    assert source.documents
