"""A statement as it goes to the ledger: a fixed text with the workspace's condition, and the values bound to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from string import Template
from typing import TYPE_CHECKING, Final

from sql import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billing.surface.scope import WorkspaceScope

Value = str | int | list[int]

_TENANT: Final = "u.workspace_id = {workspace:String}"


@dataclass(frozen=True, slots=True)
class Statement:
    """What is sent: the text, its parameters by name. It exists only with a workspace applied."""

    text: str
    parameters: Mapping[str, Value]

    @classmethod
    def of(cls, name: str, scope: WorkspaceScope, parameters: Mapping[str, Value]) -> Statement:
        """The statement `sql/ledger/tenant/<name>.sql` within a workspace."""
        return cls(_text(name), {**parameters, "workspace": scope.workspace_id})


@cache
def _text(name: str) -> str:
    lines = load(f"ledger/tenant/{name}").splitlines()
    return Template("\n".join(line for line in lines if not line.startswith("--"))).substitute(tenant=_TENANT)
