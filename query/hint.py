"""Why an answer may be empty: a matcher that asks for another tenant's label value can only ever match nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.scope import Grant

_MATCHER: Final = re.compile(r'\b(project_id|environment|service_id)\s*=\s*"([^"\\]*)"')


def outside_scope(text: str, grant: Grant) -> tuple[str, ...]:
    """Notices for equality matchers on tenant labels that lie outside `grant`; a courtesy, not an enforcement."""
    if "_id" not in text and "environment" not in text:
        return ()
    allowed = {
        "project_id": frozenset({grant.project_id}),
        "environment": grant.environments,
        "service_id": grant.services,
    }
    labels = {
        label
        for label, value in _MATCHER.findall(text)
        if (values := allowed[label]) is not None and value not in values
    }
    return tuple(f"matcher on {label} is outside your scope" for label in sorted(labels))
