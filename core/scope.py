"""Who asks (principal) and what exactly they may read (scope): the objects every read is built from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2s


class Action(StrEnum):
    """What a role or a token scope allows; the value is the token scope's text."""

    READ_METRICS = "metrics:read"
    READ_LOGS = "logs:read"
    READ_USAGE = "usage:read"
    READ_INVOICES = "invoices:read"
    READ_CARDINALITY = "cardinality:read"


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller: the subject whose roles count, narrowed by the token it came with.

    `None` in a narrowing field means that the token does not narrow it.
    """

    subject: str
    token_id: str
    actions: frozenset[Action]
    workspace_id: str | None = None
    project_id: str | None = None
    environments: frozenset[str] | None = None
    services: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """One project in one region, whole (`None`) or narrowed to non-empty sets of environments and services."""

    project_id: str
    region: str
    environments: frozenset[str] | None = None
    services: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not self.project_id or not self.region:
            raise ValueError("a grant names a project and its region")
        if self.environments is not None and not self.environments:
            raise ValueError("a grant of no environment cannot be expressed")
        if self.services is not None and not self.services:
            raise ValueError("a grant of no service cannot be expressed")


@dataclass(frozen=True, slots=True)
class Scope:
    """A non-empty set of grants: feeds the filter, the limiter, the cache key and the audit line alike.

    `version` changes whenever the grants of the same principal and path change.
    """

    principal: Principal
    grants: tuple[Grant, ...]
    version: str = field(init=False)

    def __post_init__(self) -> None:
        if not self.grants:
            raise ValueError("a scope without a grant cannot be expressed")
        object.__setattr__(self, "version", _fingerprint(self.grants))

    @property
    def only(self) -> Grant:
        """The single grant of a single-project scope, which touches exactly one region."""
        if len(self.grants) != 1:
            raise ValueError(f"expected a scope of one project, got {len(self.grants)}")
        return self.grants[0]


@dataclass(frozen=True, slots=True)
class Permit:
    """The platform's own staff may do `action` on the platform as a whole: no scope, and never made into one."""

    principal: Principal
    action: Action


def _fingerprint(grants: tuple[Grant, ...]) -> str:
    """A short digest of what may be read; equal scopes of different principals share it."""
    parts = sorted(
        repr(
            (
                g.project_id,
                g.region,
                sorted(g.environments or ()),
                g.environments is None,
                sorted(g.services or ()),
                g.services is None,
            )
        )
        for g in grants
    )
    return blake2s("\n".join(parts).encode(), digest_size=8).hexdigest()
