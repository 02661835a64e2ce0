"""What may leave the door: one law on every upstream request, stronger than any check on answers.

It is written against the text on the wire and shares nothing with the door's own verification.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from tests.query.hostile.recorder import Headers
    from tests.query.recorder import Recorded

_PATH: Final = re.compile(
    r"/api/v1/(?:query|query_range|series|labels|label/[A-Za-z_][A-Za-z0-9_]*/values|status/tsdb)|/federate", re.ASCII
)
_PLAIN: Final = re.compile(rb"[A-Za-z0-9%+&=._~*-]*")
_NAMES: Final = frozenset(
    (
        *(b"query", b"time", b"step", b"start", b"end", b"timeout", b"limit", b"round_digits", b"nocache"),
        *(b"match[]", b"topN", b"date", b"focusLabel"),
    )
)
_HEADERS: Final = {"host", "content-type", "content-length", "accept-encoding"}
_ENCODINGS: Final = {"gzip", "identity"}


def fault(recorded: Recorded, enforcement: str) -> str | None:
    """Why a request must not have been sent, or nothing.

    `enforcement` is the exact query that the URL has to be: `extra_label=project_id=<id>` and what narrows it further.
    Whatever else a target could carry, another project or the same one twice, would make it another text.
    """
    path, _, query = recorded.target.partition("?")
    if recorded.method != "POST":
        return f"method {recorded.method}"
    if _PATH.fullmatch(path) is None:
        return f"path {path}"
    if query != enforcement:
        return f"URL {query}"
    return _body_fault(recorded.body)


def header_fault(headers: Headers) -> str | None:
    """Why a request's headers must not have been sent, or nothing: they are all the door's own."""
    said = dict(headers)
    if set(said) != _HEADERS or len(headers) != len(said):
        return f"headers {sorted(name for name, _ in headers)}"
    if said["content-type"] != "application/x-www-form-urlencoded" or said["accept-encoding"] not in _ENCODINGS:
        return f"header values {headers}"
    return None


def _body_fault(body: bytes) -> str | None:
    if _PLAIN.fullmatch(body) is None:
        return f"body {body[:200]!r} has characters that two parsers may read differently"
    for pair in body.split(b"&") if body else ():
        name = pair.partition(b"=")[0]
        if unquote_to_bytes(name) not in _NAMES:
            return f"argument {name!r} in the body"
    return None


def enforcement_of(scope: bytes) -> str:
    """The query that must be in the URL of everything that is read for a path `/v1/projects/…`."""
    return "&".join(f"extra_label={label}" for label in labels_of(scope))


def labels_of(scope: bytes) -> tuple[str, ...]:
    """The labels, as `name=value`, that a path `/v1/projects/…` stands for."""
    parts = scope.decode("latin-1").split("/")[2:]
    names = {"projects": "project_id", "environments": "environment", "services": "service_id"}
    return tuple(f"{names[kind]}={value}" for kind, value in zip(parts[::2], parts[1::2], strict=True))
