"""How log reads report a failure: RFC 9457, with what the caller can use and nothing of the store's own words."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson
from starlette.responses import Response

from core.errors import CallerError, ServiceError, TooBusy, Unauthenticated, Unavailable
from query.logs.token import FilterError
from query.verification import IsolationError

if TYPE_CHECKING:
    from core.errors import StarmeterError

HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Vary": "Authorization, Accept",
    "X-Content-Type-Options": "nosniff",
}


def document(error: StarmeterError) -> dict[str, object]:
    """The problem document. What only we can mend says no more than that, unless it names a region or a deadline."""
    is_told = isinstance(error, CallerError) or (
        type(error) is not ServiceError and not isinstance(error, IsolationError)
    )
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message if is_told else "internal error",
        "code": error.code if is_told else "internal",
    }
    if isinstance(error, FilterError):
        body |= {"position": error.position, "hint": error.hint}
    return body


def response(error: StarmeterError) -> Response:
    """The answer that reports a failure."""
    headers = dict(HEADERS)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooBusy | Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    return Response(orjson.dumps(document(error)), error.status, headers, "application/problem+json")
