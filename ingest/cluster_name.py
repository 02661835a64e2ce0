"""The Envoy cluster name of one rule of one customer route: which tenant's traffic its statistics count."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Self

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


class ClusterName(NamedTuple):
    """One rule (and one backend of it, when Envoy Gateway splits a rule) of the route of one tenant.

    Without `rule`, `backend` and `route_kind` distinct counters of one tenant would look the same, so they stay. The
    class itself proves nothing, or reading names would take twice as long: `parse` and `of` do, and `format` again.
    """

    project_id: str
    environment: str
    service_id: str
    namespace: str
    route_kind: str
    rule: int
    backend: int | None

    @classmethod
    def of(
        cls,
        tenant: Tenant,
        namespace: str,
        *,
        route_kind: str = "httproute",
        rule: int = 0,
        backend: int | None = None,
    ) -> Self:
        """The cluster name of a tenant's route; `backend` is None unless Envoy Gateway splits the rule.

        Raises:
            BadRequest: a part is not legal; the message names it.
        """
        if not _NAMESPACE.fullmatch(namespace):
            raise BadRequest("namespace: not an RFC 1123 label of 1 to 63 characters")
        if route_kind not in ROUTE_KINDS:
            raise BadRequest(f"route_kind: not one of {', '.join(ROUTE_KINDS)}")
        for field, number in (("rule", rule), ("backend", backend or 0)):
            if not 0 <= number <= MAX_NUMBER:
                raise BadRequest(f"{field}: not a number from 0 to {MAX_NUMBER}")
        return cls(tenant.project_id, tenant.environment, tenant.service_id, namespace, route_kind, rule, backend)

    @property
    def tenant(self) -> Tenant:
        """Whose traffic the cluster's statistics count.

        Raises:
            BadRequest: a part of the tenant is not legal; never for a value of `parse` or `of`.
        """
        return Tenant(self.project_id, self.environment, self.service_id)

    @property
    def name(self) -> str:
        """The name's text, as Envoy has it; at most 188 characters. Raises what `format` raises."""
        return format(self)


def parse(name: str) -> ClusterName:
    """Read a whole cluster name; nothing is trimmed, folded or guessed.

    Raises:
        ClusterNameRefused: `name` is anything else; its `reason` says which near-miss it is. Takes linear time.
    """
    match = _match(name)
    if match is None:
        raise ClusterNameRefused(reason_for(name))
    kind, namespace, p1, p2, p3, p4, p5, s1, s2, s3, s4, s5, environment, rule, backend = match.groups()
    # Not through `of`: the regular expression has just proved every part.
    return ClusterName(
        f"{p1}-{p2}-{p3}-{p4}-{p5}",
        environment,
        f"{s1}-{s2}-{s3}-{s4}-{s5}",
        namespace,
        kind,
        int(rule),
        None if backend is None else int(backend),
    )


def format(cluster_name: ClusterName) -> str:  # noqa: A001 - read as cluster_name.format(...), the inverse of parse
    """The text that `parse` reads back into an equal value.

    Raises:
        BadRequest: there is no such text, for the value was made by hand of parts that are not legal.
    """
    text = GRAMMAR.text(cluster_name._asdict())
    # A legal text is not enough: ids of 40 and 24 digits would make one too, of another tenant.
    if parse(text) != cluster_name:
        raise BadRequest("cluster name: its text would be another's; make it with ClusterName.of")
    return text
