"""The routes under `/v1/workspaces/{workspace}`: usage, FOCUS rows, invoices; and what stands behind them."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response

from billing.surface import focus_page, invoice_pages, usage_page
from billing.surface.door import Door
from billing.surface.records import Records
from billing.surface.store import NAME, LedgerStore
from core.control import connect
from core.errors import StarmeterError
from core.scope import Action

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from billing.surface.ask import Answer, Ask
    from billing.surface.settings import SurfaceSettings
    from query.mount import Parts

_PREFIX: Final = "/v1/workspaces/{workspace}"
_PROBLEM: Final[dict[str, Any]] = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "The client has this very answer: its tag is in If-None-Match."},
    400: {"description": "An argument is wrong, unknown or given twice; the message names it."} | _PROBLEM,
    401: {"description": "No valid credential."} | _PROBLEM,
    403: {"description": "The role or the token does not allow it."} | _PROBLEM,
    404: {"description": "Unknown or foreign workspace or invoice."} | _PROBLEM,
    422: {"description": "The read would go over a limit; the message says what to narrow."} | _PROBLEM,
    429: {"description": "Too many reads of this workspace at once."} | _PROBLEM,
    500: {"description": "Usage has no price; the message names it."} | _PROBLEM,
    503: {"description": "Usage cannot be read now."} | _PROBLEM,
    504: {"description": "The read took too long."} | _PROBLEM,
    "default": {"description": "Another problem."} | _PROBLEM,
}


class UsageSurface:
    """The pages of usage and invoices."""

    name = "usage"

    def __init__(self, parts: Parts, settings: SurfaceSettings) -> None:
        self._store = LedgerStore(settings)
        self._engine = connect(parts.settings.control_store.get_secret_value())
        self._door = Door(parts, settings, Records(self._engine), self._store)
        self._first_look: asyncio.Task[None] | None = None
        self.router = APIRouter(tags=["usage"], responses=_ANSWERS)
        usage, money = Action.READ_USAGE, Action.READ_INVOICES
        for page in (
            _Page("usage", "/usage", "Usage by hour or day", usage, usage_page.NAMES, usage_page.answer),
            _Page("usage_focus", "/usage/focus", "Charges as FOCUS rows", money, focus_page.NAMES, focus_page.answer),
            _Page("invoices", "/invoices", "The invoices issued so far", money, (), invoice_pages.listed),
            _Page("invoice", "/invoices/{invoice}", "An invoice", money, invoice_pages.NAMES, invoice_pages.one),
        ):
            self._add(page)

    def open(self) -> None:
        """Look at the ledger for the first time."""
        self._first_look = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Close the connections."""
        if self._first_look is not None:
            self._first_look.cancel()
            await asyncio.gather(self._first_look, return_exceptions=True)
        await self._store.close()
        self._engine.dispose()

    def readiness(self) -> dict[str, str]:
        """Whether the ledger is served."""
        return {NAME: self._store.reason or "ok"}

    async def _look(self) -> None:
        with contextlib.suppress(StarmeterError):
            await self._store.client()

    def _add(self, page: _Page) -> None:
        async def handler(request: Request) -> Response:
            return await self._door.answer(page.name, request, page.action, page.arguments, page.work)

        path = f"{_PREFIX}{page.path}"
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        parameters = [_parameter(one, "path") for one in names] + [_parameter(one, "query") for one in page.arguments]
        self.router.add_api_route(
            path,
            handler,
            methods=["GET"],
            summary=page.summary,
            operation_id=f"workspace_{page.name}",
            openapi_extra={"security": [{"token": []}], "parameters": parameters},
        )


@dataclass(frozen=True, slots=True)
class _Page:
    """What a path answers with, whom it takes it for, and which arguments it knows."""

    name: str
    path: str
    summary: str
    action: Action
    arguments: Sequence[str]
    work: Callable[[Ask], Awaitable[Answer]]


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}
