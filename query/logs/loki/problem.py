"""How the Loki API reports a failure: Loki's JSON object with a message, which Grafana shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

from query.logs import problem

if TYPE_CHECKING:
    from core.errors import StarmeterError


def response(error: StarmeterError) -> Response:
    """The answer that reports a failure: the same status and headers as elsewhere."""
    told = problem.response(error)
    message = problem.document(error)["detail"]
    body = orjson.dumps({"code": error.status, "status": "error", "message": message})
    headers = {name: value for name, value in told.headers.items() if not name.startswith("content-")}
    return Response(body, error.status, headers, "application/json")
