"""The Envoy cluster name of one rule of one customer route: which tenant's traffic its statistics count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, cast

from core.errors import BadRequest
from core.tenant import Tenant
from ingest.grammar import GRAMMAR, MAX_NUMBER, NAMESPACE_PATTERN, ROUTE_KINDS
from ingest.reason import Reason
from ingest.refusal import reason_for

__all__ = ["GRAMMAR", "ClusterName", "ClusterNameRefused", "Reason", "format", "parse"]

_NAMESPACE: Final = re.compile(NAMESPACE_PATTERN, re.ASCII)
_match: Final = re.compile(GRAMMAR.named_pattern, re.ASCII).fullmatch


class ClusterNameRefused(BadRequest):
    """A text is no cluster name of a customer route; `reason` is stable, the message says what to look at."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"cluster name: {reason.sentence}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ClusterName:
    """One rule (and one backend of it, when Envoy Gateway splits a rule) of the route of one tenant.

    Without `rule`, `backend` and `route_kind` distinct counters of one tenant would look the same, so they stay.

    Raises:
        BadRequest: a part is not legal; the message names it.
    """

    tenant: Tenant
    namespace: str
    route_kind: str = "httproute"
    rule: int = 0
    backend: int | None = None

    def __post_init__(self) -> None:
        if not _NAMESPACE.fullmatch(self.namespace):
            raise BadRequest("namespace: not an RFC 1123 label of 1 to 63 characters")
        if self.route_kind not in ROUTE_KINDS:
            raise BadRequest(f"route_kind: not one of {', '.join(ROUTE_KINDS)}")
        for field, number in (("rule", self.rule), ("backend", self.backend or 0)):
            if not 0 <= number <= MAX_NUMBER:
                raise BadRequest(f"{field}: not a number from 0 to {MAX_NUMBER}")

    @property
    def name(self) -> str:
        """The name's text, as Envoy has it; at most 188 characters."""
        return format(self)


# The regular expression has just proved what the constructors would prove again, for half of all the time. So a parsed
# value is filled in as an open twin with the same slots, and closed by becoming its class; should slots ever differ,
# Python refuses that change of class. Everyone else goes through the constructors.
_OpenTenant: Final[Any] = type("_OpenTenant", (), {"__slots__": Tenant.__slots__})
_OpenClusterName: Final[Any] = type("_OpenClusterName", (), {"__slots__": ClusterName.__slots__})


def parse(name: str) -> ClusterName:
    """Read a whole cluster name; nothing is trimmed, folded or guessed.

    Raises:
        ClusterNameRefused: `name` is anything else; its `reason` says which near-miss it is. Takes linear time.
    """
    match = _match(name)
    if match is None:
        raise ClusterNameRefused(reason_for(name))
    kind, namespace, p1, p2, p3, p4, p5, s1, s2, s3, s4, s5, environment, rule, backend = match.groups()
    tenant = _OpenTenant()
    tenant.project_id = f"{p1}-{p2}-{p3}-{p4}-{p5}"
    tenant.environment = environment
    tenant.service_id = f"{s1}-{s2}-{s3}-{s4}-{s5}"
    tenant.__class__ = Tenant
    cluster_name = _OpenClusterName()
    cluster_name.tenant = tenant
    cluster_name.namespace = namespace
    cluster_name.route_kind = kind
    cluster_name.rule = int(rule)
    cluster_name.backend = None if backend is None else int(backend)
    cluster_name.__class__ = ClusterName
    return cast("ClusterName", cluster_name)


def format(cluster_name: ClusterName) -> str:  # noqa: A001 - read as cluster_name.format(...), the inverse of parse
    """The text that `parse` reads back into an equal value."""
    tenant = cluster_name.tenant
    return GRAMMAR.text(
        {
            "route_kind": cluster_name.route_kind,
            "namespace": cluster_name.namespace,
            "project_id": tenant.project_id,
            "service_id": tenant.service_id,
            "environment": tenant.environment,
            "rule": cluster_name.rule,
            "backend": cluster_name.backend,
        }
    )
