"""What a further surface of the front-door is: pages that another package brings, on the door's own parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fastapi import APIRouter

    from core.directory import Directory
    from query.access import Access
    from query.audit import AuditLog
    from query.instruments import Instruments
    from query.limiter import Limiter
    from query.settings import QuerySettings


@dataclass(frozen=True, slots=True)
class Parts:
    """What the front-door shares with its surfaces. The limiter is theirs: no metrics read waits for one of them."""

    settings: QuerySettings
    directory: Directory
    access: Access
    limiter: Limiter
    audit: AuditLog
    instruments: Instruments


class Surface(Protocol):
    """Pages, and what stands behind them while the front-door runs."""

    @property
    def name(self) -> str:
        """What `/readyz` calls it."""
        ...

    @property
    def router(self) -> APIRouter:
        """Its routes."""
        ...

    def open(self) -> None:
        """Begin, on the event loop; what is not there yet is waited for in the background."""
        ...

    async def close(self) -> None:
        """End."""
        ...

    def readiness(self) -> dict[str, str]:
        """By store: `ok`, or why it is not served."""
        ...


class Mount(Protocol):
    """Makes a surface, or none where the front-door is not configured with it."""

    def __call__(self, parts: Parts) -> Surface | None:
        """The surface on these parts."""
        ...
