"""Good files with one mistake each: what is changed, and the one check that must say so, at which line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from rules.render.artefact import ARTEFACTS

_FOLDER: Final = Path(__file__).parent / "mistakes"


@dataclass(frozen=True, slots=True)
class Case:
    """`old` becomes `new` in a rendered file; then `check` says something with `says`, at a line that holds `line`.

    `besides` are the ids of checks that the same mistake sets off too.
    """

    check: str
    why: str
    file: str
    old: str
    new: str
    line: str
    says: str
    besides: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """The file with the mistake."""
        good = ARTEFACTS[self.file]()
        if self.old not in good:
            raise AssertionError(f"{self.why}: {self.old!r} is not in {self.file}")
        return good.replace(self.old, self.new.replace("LONG", "x" * 1000))


def cases() -> list[Case]:
    """Every mistake of the folder."""
    rows = [row for path in sorted(_FOLDER.glob("*.yml")) for row in yaml.safe_load(path.read_text())]
    return [Case(**row | {"besides": frozenset(row.get("besides", ()))}) for row in rows]
