"""One HTTP request to ClickHouse, read: what is transport, what is a setting, what is a parameter, what is data."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Final, Self

from starlette.requests import Request

from compose.clickhouse.encoding import Decoder, accepted
from compose.clickhouse.failure import BAD_ARGUMENTS, NOT_IMPLEMENTED, SESSION_NOT_FOUND, ClickHouseFailure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import Receive, Scope

# What a server takes from the URL for itself. A session's id is let through, for clients send one unasked; yet nothing
# outlives a request, and a client that asks whether its session is there is told that it is not.
_TRANSPORT: Final = frozenset(
    {
        *("query", "query_id", "database", "default_format", "user", "password", "quota_key", "role"),
        *("session_id", "session_timeout", "session_check", "close_session", "client_protocol_version"),
        *("buffer_size", "wait_end_of_query", "compress", "decompress", "stacktrace", "enable_http_compression"),
        *("send_progress_in_http_headers", "http_headers_progress_interval_ms"),
        "cancel_http_readonly_queries_on_client_close",
    }
)
_LARGEST_TEXT: Final = 16 << 20
_LARGEST_BUFFER: Final = 16 << 20
_PARAMETER: Final = "param_"


@dataclass(frozen=True, slots=True)
class Question:
    """A request without its body; `text` is the `query` of the URL or the form, empty when the body begins with it."""

    request: Request
    text: str
    values: Mapping[str, str]
    has_form: bool

    @classmethod
    async def read(cls, scope: Scope, receive: Receive) -> Self:
        """Read the URL, and a form when the body is one.

        Raises:
            ClickHouseFailure: a name is given twice, or the request needs what is not here.
        """
        request = Request(scope, receive)
        values: dict[str, str] = {}
        for name, value in request.query_params.multi_items():
            _put(values, name, value)
        has_form = request.headers.get("content-type", "").startswith("multipart/form-data")
        if has_form:
            for name, value in await _form(request):
                _put(values, name, value)
        if values.get("session_check", "0") != "0":
            raise ClickHouseFailure.of(SESSION_NOT_FOUND, "Session not found: sessions are not kept here")
        for name in ("compress", "decompress"):
            if values.get(name, "0") != "0":
                raise ClickHouseFailure.of(NOT_IMPLEMENTED, f"{name}=1 is not supported: use HTTP content encodings")
        return cls(request, values.get("query", ""), values, has_form)

    @property
    def settings(self) -> dict[str, str]:
        """Settings of the engine."""
        return {
            name: value
            for name, value in self.values.items()
            if name not in _TRANSPORT and not name.startswith(_PARAMETER)
        }

    @property
    def parameters(self) -> dict[str, str]:
        """Typed parameters of the statement, by the name that stands in its braces."""
        return {
            name.removeprefix(_PARAMETER): value for name, value in self.values.items() if name.startswith(_PARAMETER)
        }

    @property
    def database(self) -> str | None:
        """The database that unqualified names are of."""
        return self.values.get("database") or self.request.headers.get("x-clickhouse-database") or None

    @property
    def format(self) -> str:
        """The format of an answer whose statement names none."""
        return self.values.get("default_format") or self.request.headers.get("x-clickhouse-format") or "TabSeparated"

    @property
    def query_id(self) -> str:
        """The id the client gave, or a new one."""
        return self.values.get("query_id") or str(uuid.uuid4())

    @property
    def is_get(self) -> bool:
        """A GET can change nothing, whoever asks."""
        return self.request.method == "GET"

    @property
    def encoding(self) -> str | None:
        """How to compress the answer."""
        if self.values.get("enable_http_compression", "0") == "0":
            return None
        return accepted(self.request.headers.get("accept-encoding", ""))

    @property
    def waits_for_end(self) -> bool:
        """Whether the answer must be whole before its first byte is sent."""
        return self.values.get("wait_end_of_query", "0") != "0"

    @property
    def buffer(self) -> int:
        """How many bytes of an answer are held before headers are sent: an error before that has its own status."""
        size = self.values.get("buffer_size", "0")
        return min(max(int(size) if size.isdecimal() else 0, 1 << 20), _LARGEST_BUFFER)

    async def body(self) -> AsyncIterator[bytes]:
        """The decompressed body, in pieces; nothing when it was a form."""
        if self.has_form:
            return
        name = self.request.headers.get("content-encoding", "").strip().lower()
        decoder = None if name in {"", "identity"} else Decoder(name)
        async for piece in self.request.stream():
            if data := piece if decoder is None else decoder.decode(piece):
                yield data
        if decoder is not None:
            decoder.finish()


def _put(values: dict[str, str], name: str, value: str) -> None:
    if name in values:
        raise ClickHouseFailure.of(BAD_ARGUMENTS, f"{name} is given twice")
    values[name] = value


async def _form(request: Request) -> list[tuple[str, str]]:
    """The text fields of a multipart form."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_TEXT:
            raise ClickHouseFailure.of((594, "HTTP_FORM_TOO_LARGE"), "The form is too large")
    fields: list[tuple[str, str]] = []
    for part in BytesParser(policy=HTTP).parsebytes(head + bytes(body)).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if part.get_filename() is not None or not isinstance(name, str) or not isinstance(content, bytes):
            raise ClickHouseFailure.of(NOT_IMPLEMENTED, "External tables are not supported: the form has a file")
        try:
            fields.append((name, content.decode()))
        except UnicodeDecodeError:
            raise ClickHouseFailure.of(BAD_ARGUMENTS, f"{name} is not UTF-8") from None
    return fields
