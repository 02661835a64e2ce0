"""A statement as it goes to a log store: a fixed text with the scope's condition first, and the values bound to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from string import Template
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from query.logs.arguments import OverLimitError
from query.logs.condition import Condition, fixed
from sql import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.scope import Grant
    from query.logs.condition import Value


# Texts that several statements share.
_PARTS: Final = ("columns", "place", "escaped")
# What every store takes: of a statement's text, and of its values as they are written into a URL.
_LONGEST_TEXT: Final = 128 * 1024
_LONGEST_VALUES: Final = 56 * 1024


TOO_LARGE: Final = "the filter is too large for the store; use fewer terms, shorter texts or fewer labels"


@dataclass(frozen=True, slots=True)
class Statement:
    """What is sent: the text, its parameters by name. It exists only with a grant applied."""

    text: str
    parameters: Mapping[str, Value]

    @classmethod
    def of(
        cls,
        name: str,
        grant: Grant,
        conditions: Iterable[Condition],
        *,
        either: Sequence[Condition] = (),
        is_narrowed: bool = True,
        **parameters: Value,
    ) -> Statement:
        """The statement `sql/logs/read/<name>.sql` within a grant and under all of the conditions.

        Of `either`, where there are any, one must hold if it `is_narrowed`; which of them do is what the statement may
        show as `passes`.

        Raises:
            OverLimitError: it is larger than a store takes.
        """
        applied = [*_tenancy(grant), *conditions]
        if either and is_narrowed:
            applied.append(Condition(f"({' OR '.join(one.text for one in either)})"))
        bound: dict[str, Value] = dict(parameters)
        for condition in (*applied, *either):
            bound |= condition.parameters
        conjunction = "\n  AND ".join(condition.text for condition in applied)
        parts = {part: _bare(f"logs/{part}") for part in _PARTS}
        text = _template(name).substitute(parts, conditions=conjunction, passes=", ".join(one.text for one in either))
        if len(text) > _LONGEST_TEXT or len(urlencode(bound)) > _LONGEST_VALUES:
            raise OverLimitError(TOO_LARGE)
        return cls(text, bound)


def _tenancy(grant: Grant) -> list[Condition]:
    """The condition that holds a statement to its grant."""
    held = [Condition(fixed("project"), {"project": grant.project_id})]
    if grant.environments is not None:
        held.append(Condition(fixed("environments"), {"environments": sorted(grant.environments)}))
    if grant.services is not None:
        held.append(Condition(fixed("services"), {"services": sorted(grant.services)}))
    return held


@cache
def _template(name: str) -> Template:
    return Template(_bare(f"logs/read/{name}"))


@cache
def _bare(name: str) -> str:
    """A text of `sql` without its comments."""
    return "\n".join(line for line in load(name).splitlines() if not line.startswith("--"))
