"""A read that ends when its time is over or its client has gone, at the store as well."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.errors import ServiceError
from query.body import ClientGoneError
from query.vigil import Cause, Vigil

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.requests import Request


class TimedOut(ServiceError):
    """The read was not over within its time."""

    code = "took_too_long"
    status = 504


async def watched(request: Request, seconds: float, work: Awaitable[object]) -> object:
    """The result of `work`, unless its time is over or the client has gone, which also ends it at the store."""
    vigil = Vigil(request.receive, seconds)
    try:
        return await work
    except asyncio.CancelledError:
        match vigil.claim():
            case Cause.CLIENT_GONE:
                raise ClientGoneError from None
            case Cause.DEADLINE:
                raise TimedOut("the read took too long; narrow the time range, or name a service") from None
            case None:
                raise
    finally:
        vigil.end()
