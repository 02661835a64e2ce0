"""How failures are told: as the OpenTelemetry protocol wants it on its path, as RFC 9457 problems elsewhere."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson
from fastapi import Response
from starlette.exceptions import HTTPException

from core.errors import StarmeterError
from ingest import otlp

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

OTLP_PATH: Final = "/v1/logs"
JSON: Final = "application/json"
PROTOBUF: Final = "application/x-protobuf"

# Numbers of google.rpc.Code.
_CODES: Final = {
    400: 3,
    401: 16,
    403: 7,
    404: 5,
    405: 12,
    413: 3,
    415: 3,
    429: 8,
    503: 14,
}
_INTERNAL: Final = 13

_log = logging.getLogger("ingest.problem")


def install(app: FastAPI) -> None:
    """Render our own errors, the framework's, and defects."""
    app.add_exception_handler(StarmeterError, _ours)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, _defect)


async def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, StarmeterError):
        raise TypeError("registered for our own errors only") from error
    status = error.status
    # What only we can mend is told without its particulars, but for when to try again.
    told = (
        error.message
        if status < HTTPStatus.INTERNAL_SERVER_ERROR or hasattr(error, "retry_after")
        else "internal error"
    )
    headers = {}
    if (seconds := getattr(error, "retry_after", None)) is not None:
        headers["Retry-After"] = str(seconds)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return answer(request, status, error.code, told, headers)


async def _framework(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError("registered for the framework's errors only") from error
    status = HTTPStatus(error.status_code)
    return answer(request, status, status.name.lower(), status.phrase, dict(error.headers or {}))


async def _defect(request: Request, error: Exception) -> Response:
    _log.error("a request failed", exc_info=error)
    # The client may send it again: nothing of it was kept.
    return answer(request, 503, "internal", "internal error", {"Retry-After": "5"})


def answer(request: Request, status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """A failure in the form that the path and, for OpenTelemetry's, the request's own encoding ask for."""
    if request.url.path == OTLP_PATH:
        number = _CODES.get(status, _INTERNAL)
        if is_json(request):
            return Response(orjson.dumps({"code": number, "message": detail}), status, headers, JSON)
        return Response(otlp.status(number, detail), status, headers, PROTOBUF)
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}
    return Response(orjson.dumps(body), status, headers, "application/problem+json")


def media_type(request: Request) -> str:
    """The request's Content-Type without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(request: Request) -> bool:
    """Whether an OpenTelemetry request is in JSON; it is answered in kind."""
    return media_type(request) == JSON
