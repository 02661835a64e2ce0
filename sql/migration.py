"""The forward-only migrations of a ClickHouse store: which there are, in which order, and their checksums."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sql.topology import Topology

_NAME: Final = re.compile(r"\d{4}_[a-z0-9_]+\.sql", re.ASCII)


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of a family; every statement in it may be run twice, for it is what an interrupted run does."""

    family: str
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """64 hex digits that change with any byte of the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def summary(self) -> str:
        """Its first line, for people."""
        return self.text.partition("\n")[0].removeprefix("--").strip()

    def statements(self, topology: Topology) -> list[str]:
        """What to run on a store of that topology."""
        return topology.statements(self.text)


def migrations(family: str) -> list[Migration]:
    """The migrations in `sql/<family>/NNNN_….sql`, in their order."""
    found = [one for one in files("sql").joinpath(family).iterdir() if _NAME.fullmatch(one.name)]
    return [
        Migration(family, one.name.removesuffix(".sql"), one.read_text())
        for one in sorted(found, key=lambda one: one.name)
    ]
