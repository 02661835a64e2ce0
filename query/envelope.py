"""The Prometheus answer envelope: Grafana and client libraries parse nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.errors import StarmeterError

OPENING: Final = b'{"status":"success"'

# Stable codes of core.errors to the error types that Prometheus' clients know.
_ERROR_TYPES: Final = {
    "bad_request": "bad_data",
    "unauthenticated": "unauthorized",
    "too_many_requests": "too_many_requests",
    "isolation": "internal",
}


def success(data: object) -> bytes:
    """A whole answer of our own."""
    return orjson.dumps({"status": "success", "data": data})


def failure(error: StarmeterError) -> bytes:
    """An error answer; carries our own sentence, never a store's."""
    kind = _ERROR_TYPES.get(error.code, error.code)
    message = "internal error" if error.status == 500 else error.message  # noqa: PLR2004 - says nothing of our insides
    return orjson.dumps({"status": "error", "errorType": kind, "error": message})


def opening(warnings: Sequence[str], infos: Sequence[str]) -> bytes:
    """What replaces `OPENING` at the head of a store's answer, so that notices reach the client without a rewrite."""
    text = OPENING
    if warnings:
        text += b',"warnings":' + orjson.dumps(list(warnings))
    if infos:
        text += b',"infos":' + orjson.dumps(list(infos))
    return text
