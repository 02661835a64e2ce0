"""The second, independent look at every request before it leaves for a store.

It shares no code with `query.victoria`, which builds the request: it reads the final text as the store would and
refuses anything that does not carry the scope exactly once. There is no switch that turns it off.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from core.errors import ServiceError

if TYPE_CHECKING:
    from core.scope import Grant

_KNOWN_PATH: Final = re.compile(
    r"/federate|/api/v1/(?:query|query_range|series|labels|status/tsdb|label/[A-Za-z_][A-Za-z0-9_]*/values)", re.ASCII
)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
# What a body may consist of. None of these names can widen a read; a percent-encoded name is unknown, hence refused.
_NAME: Final = (
    rb"(?:query|time|step|start|end|timeout|limit|round_digits|nocache|match%5B%5D|topN|date|focusLabel)=[^&;\s]*"
)
_BODY: Final = re.compile(rb"(?:%b(?:&%b)*+)?" % (_NAME, _NAME))


class IsolationError(ServiceError):
    """A request that does not carry its scope was about to leave: a defect of ours, refused and alarmed."""

    code = "isolation"


def verify(grant: Grant, target: str, body: bytes) -> None:
    """Refuse a request that could read anything outside `grant`.

    Raises:
        IsolationError: wrong path, missing, doubled or foreign enforcement, or an argument that is not known.
    """
    _verify_target(grant, target)
    if _BODY.fullmatch(body) is None:
        raise IsolationError("the form of an upstream read carries an unknown argument")


@lru_cache(maxsize=8192)
def _verify_target(grant: Grant, target: str) -> None:
    path, _, query = target.partition("?")
    if _KNOWN_PATH.fullmatch(path) is None:
        raise IsolationError("the path of an upstream read is not a known one")
    if _UUID.fullmatch(grant.project_id) is None:
        raise IsolationError("the scope's project id is not canonical")
    expected = [("extra_label", f"project_id={grant.project_id}")]
    patterns: list[str] = []
    for label, allowed in (("environment", grant.environments), ("service_id", grant.services)):
        if allowed is None:
            continue
        values = sorted(allowed)
        if any(re.fullmatch(r"[0-9a-z-]+", value) is None for value in values):
            raise IsolationError(f"the scope's {label} has an illegal value")
        if len(values) == 1:
            expected.append(("extra_label", f"{label}={values[0]}"))
        else:
            patterns.append(f'{label}=~"' + "|".join(value.replace("-", "\\\\-") for value in values) + '"')
    if patterns:
        expected.append(("extra_filters[]", "{" + ",".join(patterns) + "}"))
    if parse_qsl(query, keep_blank_values=True, strict_parsing=True) != expected:
        raise IsolationError("an upstream read does not carry exactly its scope")
