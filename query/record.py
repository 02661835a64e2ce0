"""What is remembered of one read while it runs, and the audit line it becomes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.scope import Scope
    from query.access import TenantPath
    from query.exchange import Exchange
    from query.read import Read

# Said by the client: good for finding a dashboard, never for deciding anything.
_AUDITED_HEADERS: Final = (
    (b"x-dashboard-uid", "dashboard_uid"),
    (b"x-panel-id", "panel_id"),
    (b"x-grafana-user", "grafana_user"),
    (b"traceparent", "traceparent"),
    (b"user-agent", "user_agent"),
)
_HEADER_LENGTH: Final = 256


@dataclass(slots=True)
class Record:
    """Filled in step by step; whatever is missing at the end had not been reached."""

    endpoint: str = "unknown"
    path: TenantPath | None = None
    scope: Scope | None = None
    read: Read | None = None
    upstream_seconds: float | None = None
    reason: str = ""

    def line(self, exchange: Exchange, elapsed: float) -> dict[str, object]:
        """The audit line: who, what of whom, how long, how much, and what came of it."""
        line: dict[str, object] = {
            "time": datetime.now(UTC),
            "event": "read",
            "endpoint": self.endpoint,
            "method": exchange.method,
            "status": exchange.status,
            "reason": self.reason,
            "duration_ms": round(elapsed * 1000, 3),
            "bytes": exchange.sent,
        }
        if (path := self.path) is not None:
            line["path"] = [part for part in (path.project_id, path.environment, path.service_id) if part]
        if (scope := self.scope) is not None:
            grant = scope.only
            line |= {
                "subject": scope.principal.subject,
                "token": scope.principal.token_id,
                "project_id": grant.project_id,
                "region": grant.region,
                "scope_version": scope.version,
            }
            if grant.environments is not None:
                line["environments"] = sorted(grant.environments)
            if grant.services is not None:
                line["services"] = sorted(grant.services)
        if self.upstream_seconds is not None:
            line["upstream_ms"] = round(self.upstream_seconds * 1000, 3)
        if (read := self.read) is not None:
            line |= {"query": read.query, "start": read.start, "end": read.end, "step": read.step}
            line["query_hash"] = hashlib.blake2s(read.query.encode(), digest_size=8).hexdigest()
        for header, field in _AUDITED_HEADERS:
            if value := exchange.headers.get(header):
                line[field] = value[:_HEADER_LENGTH].decode("latin-1")
        return line
