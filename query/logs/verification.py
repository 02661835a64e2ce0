"""The second, independent look at every statement before it leaves for a log store, and at every row that comes back.

It shares no code with `query.logs.statement`, which applies the scope: it reads the final text as the store would, and
refuses whatever does not hold to the scope by its outermost conjunction. There is no switch that turns it off.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from query.verification import IsolationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.scope import Grant

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,28}[a-z0-9])?", re.ASCII)
# No quote, no comment, no second statement: what cannot be written cannot hide anything.
_LEGAL: Final = re.compile(r"[A-Za-z0-9_\s.,:(){}\[\]<>=*+/-]*", re.ASCII)
_HIDDEN: Final = ("--", "/*", "*/")
_ONCE: Final = ("SELECT", "FROM", "WHERE")
_NEVER: Final = re.compile(
    r"\b(?:JOIN|UNION|INTERSECT|EXCEPT|PREWHERE|WITH|SETTINGS|FORMAT|INTO|OUTFILE|INSERT|ALTER|DROP|SET|QUALIFY|FINAL"
    r"|SAMPLE|dictGet\w*|joinGet\w*|merge|remote\w*|cluster\w*|file|url|numbers)\b",
    re.IGNORECASE,
)
_FRAME: Final = re.compile(
    r"\s*SELECT\s+l\.project_id,.*\sFROM starmeter\.(?:logs|logs_volume_1m) AS l\s+WHERE\s(?P<where>.*)", re.DOTALL
)
_END: Final = re.compile(r"(?:ORDER|GROUP|LIMIT|HAVING)\b")
_SHADOW: Final = re.compile(r"\bAS\s+(?:project_id|environment|service_id)\b", re.IGNORECASE)


def verify(grant: Grant, text: str, parameters: Mapping[str, object], settings: Mapping[str, object]) -> None:
    """Refuse a statement that could read anything outside `grant`.

    Raises:
        IsolationError: the scope is missing, weakened or another's, in the text, the parameters or the settings.
    """
    expected = {"l.project_id = {project:UUID}"}
    if _UUID.fullmatch(grant.project_id) is None:
        raise IsolationError("the scope's project id is not canonical")
    if parameters.get("project") != grant.project_id or settings.get("SQL_project") != grant.project_id:
        raise IsolationError("a log read is not bound to its project")
    for name, form, allowed, condition in (
        ("environments", _LABEL, grant.environments, "l.environment IN {environments:Array(String)}"),
        ("services", _UUID, grant.services, "l.service_id IN {services:Array(UUID)}"),
    ):
        if allowed is None:
            continue
        expected.add(condition)
        if parameters.get(name) != sorted(allowed) or any(form.fullmatch(value) is None for value in allowed):
            raise IsolationError(f"a log read is not bound to its {name}")
    if not expected <= _conjuncts(text):
        raise IsolationError("a log read does not carry its scope")


def assert_rows(grant: Grant, rows: Iterable[Sequence[object]], *, tenant: bool) -> None:
    """Refuse rows of anybody else, whatever let them through.

    The first column is the project; with `tenant`, the next two are the environment and the service.

    Raises:
        IsolationError: a row is outside the grant.
    """
    for row in rows:
        if str(row[0]) != grant.project_id:
            raise IsolationError("a log store answered with a row of another project")
        if tenant and (
            (grant.environments is not None and row[1] not in grant.environments)
            or (grant.services is not None and str(row[2]) not in grant.services)
        ):
            raise IsolationError("a log store answered with a row outside the scope")


@lru_cache(maxsize=4096)
def _conjuncts(text: str) -> frozenset[str]:
    """What a row must fulfil in any case: the parts of WHERE that are joined by AND outside all parentheses."""
    if _LEGAL.fullmatch(text) is None or any(sign in text for sign in _HIDDEN) or _NEVER.search(text):
        raise IsolationError("a log read has words that no read needs")
    if any(len(re.findall(rf"\b{word}\b", text, re.IGNORECASE)) != 1 for word in _ONCE) or _SHADOW.search(text):
        raise IsolationError("a log read is not one plain SELECT")
    frame = _FRAME.fullmatch(text)
    if frame is None:
        raise IsolationError("a log read is not of the known form")
    found: list[str] = []
    current: list[str] = []
    depth = 0
    for piece in re.findall(r"\w+|\s+|.", frame["where"], re.DOTALL):
        depth += (piece in "([{") - (piece in ")]}")
        if depth < 0:
            raise IsolationError("a log read's parentheses do not match")
        if depth == 0 and _END.fullmatch(piece):
            break
        if depth == 0 and piece.upper() in {"OR", "XOR", "NOT"}:
            raise IsolationError("a log read's scope is one alternative among others")
        if depth == 0 and piece.upper() == "AND":
            found.append(" ".join("".join(current).split()))
            current = []
        else:
            current.append(piece)
    found.append(" ".join("".join(current).split()))
    return frozenset(found)
