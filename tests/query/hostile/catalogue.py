"""The bypass catalogue: every hostile request there is, as of one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.query.hostile import (
    carriage,
    counting,
    expressions,
    framing,
    identity,
    oracles,
    paths,
    selectors,
    smuggling,
    tenants,
)
from tests.query.hostile.base import bases

if TYPE_CHECKING:
    from tests.query.hostile.case import Case

_FAMILIES = (smuggling, carriage, selectors, expressions, tenants, paths, identity, framing, oracles, counting)


def catalogue(now: float) -> tuple[Case, ...]:
    """All cases; `now` is the time of the newest sample, in unix seconds, and fixes every answer in time."""
    honest = bases(now)
    return tuple(case for family in _FAMILIES for case in family.cases(honest))
