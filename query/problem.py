"""RFC 9457 problem documents: how every surface but the Prometheus one reports a failure."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from fastapi import Response
from starlette.exceptions import HTTPException

from core.errors import StarmeterError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request


def install(app: FastAPI) -> None:
    """Render our own errors and the framework's as problem documents."""
    app.add_exception_handler(StarmeterError, _ours)
    app.add_exception_handler(HTTPException, _framework)


async def _ours(_: Request, error: Exception) -> Response:
    if not isinstance(error, StarmeterError):
        raise TypeError("registered for our own errors only") from error
    return _problem(error.status, error.code, error.message if error.status < 500 else "internal error")  # noqa: PLR2004


async def _framework(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError("registered for the framework's errors only") from error
    status = HTTPStatus(error.status_code)
    return _problem(status, status.name.lower(), status.phrase, dict(error.headers or {}))


def _problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}
    return Response(orjson.dumps(body), status, headers, "application/problem+json")
