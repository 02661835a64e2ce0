"""How the front-door gets the pages of usage and invoices."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from query.mount import Mount, Parts, Surface
    from query.settings import QuerySettings


def surfaces() -> tuple[type[QuerySettings], Sequence[Mount]]:
    """The settings that `serve query` is read with, and its further surfaces."""
    from billing.surface.settings import FrontDoorSettings  # noqa: PLC0415 - no other command must wait for it

    return FrontDoorSettings, (mount,)


def mount(parts: Parts) -> Surface | None:
    """The pages, where the front-door is configured with them."""
    from billing.surface.settings import FrontDoorSettings  # noqa: PLC0415 - no other command must wait for it
    from billing.surface.surface import UsageSurface  # noqa: PLC0415 - the same

    settings = parts.settings
    if not isinstance(settings, FrontDoorSettings) or settings.billing is None:
        return None
    return UsageSurface(parts, settings.billing)
