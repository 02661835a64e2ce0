"""The tenant key: project, environment, service; their one canonical form and the route name they are folded into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.errors import BadRequest

# Grammar fragments, RE2-compatible on purpose: the same text is rendered into Envoy's and vmagent's configurations.
ENVIRONMENT_PATTERN: Final = r"[a-z0-9](?:[-a-z0-9]{0,28}[a-z0-9])?"
ID_PATTERN: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

# The label names every customer-facing series, row and answer carries.
TENANT_LABELS: Final = ("project_id", "environment", "service_id")

_ENVIRONMENT: Final = re.compile(ENVIRONMENT_PATTERN, re.ASCII)
_ID: Final = re.compile(ID_PATTERN, re.ASCII)
_STRIPPED_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


def is_canonical_id(text: str) -> bool:
    """Whether `text` is a lower-case hyphenated UUID, the only form stored and compared."""
    return _ID.fullmatch(text) is not None


def canonical_id(text: str, field: str = "id") -> str:
    """Bring a UUID typed by a person (any case, with or without hyphens) into canonical form.

    Raises:
        BadRequest: `text` is no UUID; the message names `field`.
    """
    lower = text.lower()
    if is_canonical_id(lower):
        return lower
    if _STRIPPED_ID.fullmatch(lower):
        return hyphenated(lower)
    raise BadRequest(f"{field}: not a UUID; write it as 8-4-4-4-12 lower-case hex digits")


def hyphenated(digits: str) -> str:
    """Turn 32 hex digits into the canonical 8-4-4-4-12 form."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_environment(text: str) -> bool:
    """Whether `text` is a legal environment name: an RFC 1123 label of 1 to 30 characters (FR-070)."""
    return _ENVIRONMENT.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Tenant:
    """One service of one environment of one project: the unit that telemetry is attributed to.

    Raises:
        BadRequest: an id is not canonical or the environment is no RFC 1123 label of 1..30 characters.
    """

    project_id: str
    environment: str
    service_id: str

    def __post_init__(self) -> None:
        for field in ("project_id", "service_id"):
            if not is_canonical_id(getattr(self, field)):
                raise BadRequest(f"{field}: not a canonical id; write it as a lower-case hyphenated UUID")
        if not is_environment(self.environment):
            raise BadRequest(
                "environment: not a legal name; use 1 to 30 of a-z, 0-9 and '-', neither first nor last a '-'"
            )

    @property
    def route_name(self) -> str:
        """The HTTPRoute name: both ids without hyphens, then `-` and the environment; at most 95 characters."""
        return f"{self.project_id}{self.service_id}".replace("-", "") + f"-{self.environment}"
