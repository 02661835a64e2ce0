"""The second, independent look at every statement before it leaves for the ledger, and at every row that comes back.

It shares no code with `billing.surface.statement`, which applies the workspace: it reads the final text as the store
would, and refuses whatever does not hold to one workspace by its outermost conjunction. No switch turns it off.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from query.verification import IsolationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
# No quote, no comment, no second statement: what cannot be written cannot hide anything.
_LEGAL: Final = re.compile(r"[A-Za-z0-9_\s.,:(){}\[\]<>=!*+/>-]*", re.ASCII)
_HIDDEN: Final = ("--", "/*", "*/")
_NEVER: Final = re.compile(
    r"\b(?:JOIN|UNION|INTERSECT|EXCEPT|PREWHERE|WITH|SETTINGS|FORMAT|INTO|OUTFILE|INSERT|ALTER|DROP|SET|QUALIFY|FINAL"
    r"|SAMPLE|HAVING|dictGet\w*|joinGet\w*|merge|remote\w*|file|url|numbers)\b|\bcluster\w*\s*\(",
    re.IGNORECASE,
)
# The tables that a read may name at all, and the one of them that no tenant's data is in.
# One source and its condition: what follows a comma would be joined without one.
_SOURCES: Final = re.compile(r"\bFROM\s+(\S+)\s+AS\s+(\w+)\s*(?=WHERE\b|\)|$)", re.IGNORECASE)
_USAGE: Final = ("billing.usage", "u")
_PUBLICATIONS: Final = "billing.publications"
_BOUND: Final = "u.workspace_id = {workspace:String}"
_SHADOW: Final = re.compile(r"\bAS\s+workspace_id\b", re.IGNORECASE)
_END: Final = re.compile(r"(?:ORDER|GROUP|LIMIT)\b")


def verify(workspace_id: str, text: str, parameters: Mapping[str, object], settings: Mapping[str, object]) -> None:
    """Refuse a statement that could read anything outside a workspace.

    Raises:
        IsolationError: the workspace is missing, weakened or another's, in the text, the parameters or the settings.
    """
    if _ID.fullmatch(workspace_id) is None:
        raise IsolationError("the scope's workspace id is not canonical")
    if settings.get("SQL_workspace") != workspace_id:
        raise IsolationError("a read of the ledger is not bound to its workspace by the store")
    if _reads_usage(text) and parameters.get("workspace") != workspace_id:
        raise IsolationError("a read of the ledger is not bound to its workspace")


def assert_rows(workspace_id: str, workspaces: Iterable[object]) -> None:
    """Refuse rows of anybody else, whatever let them through; `workspaces` is their first column.

    Raises:
        IsolationError: a row is of another workspace, or of none.
    """
    for each in workspaces:
        if each != workspace_id:
            raise IsolationError("the ledger answered with a row of another workspace")


@lru_cache(maxsize=256)
def _reads_usage(text: str) -> bool:
    """Whether it reads usage, which it then does under its workspace alone; otherwise only publications."""
    if _LEGAL.fullmatch(text) is None or any(sign in text for sign in _HIDDEN) or _NEVER.search(text):
        raise IsolationError("a read of the ledger has words that no read needs")
    sources = _SOURCES.findall(text)
    if len(sources) != len(re.findall(r"\bFROM\b", text, re.IGNORECASE)) or _SHADOW.search(text):
        raise IsolationError("a read of the ledger has a source that is not known")
    others = [each for each in sources if each != _USAGE]
    if any(table != _PUBLICATIONS for table, _ in others) or any(name == _USAGE[1] for _, name in others):
        raise IsolationError("a read of the ledger has a source that is not known")
    if _USAGE not in sources:
        return False
    if sources.count(_USAGE) != 1 or _BOUND not in _conjuncts(text):
        raise IsolationError("a read of the ledger does not carry its workspace")
    return True


def _conjuncts(text: str) -> set[str]:
    """What a row must fulfil in any case: the parts of the outermost WHERE that are joined by AND."""
    if any(text.count(opened) != text.count(closed) for opened, closed in ("()", "[]", "{}")):
        raise IsolationError("the parentheses of a read of the ledger do not match")
    found: set[str] = set()
    current: list[str] = []
    depth = 0
    is_inside = False
    for piece in re.findall(r"\w+|\s+|.", text, re.DOTALL):
        depth += (piece in "([{") - (piece in ")]}")
        if depth < 0:
            raise IsolationError("the parentheses of a read of the ledger do not match")
        word = piece.upper() if depth == 0 else ""
        if not is_inside:
            is_inside = word == "WHERE"
            continue
        if _END.fullmatch(word):
            break
        if word in {"OR", "XOR", "NOT", "WHERE"}:
            raise IsolationError("the workspace of a read of the ledger is one alternative among others")
        if word == "AND":
            found.add(" ".join("".join(current).split()))
            current = []
        else:
            current.append(piece)
    found.add(" ".join("".join(current).split()))
    return found
