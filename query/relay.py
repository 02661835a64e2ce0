"""Passing a store's answer on: mapped when it is a refusal, streamed with bounded memory when it is an answer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import aiohttp
import orjson

from query import envelope
from query.body import ClientGoneError, whole
from query.refusal import TOOK_TOO_LONG, ExecutionError, QueryTimeoutError, UpstreamError, explain
from query.vigil import Cause, Vigil

if TYPE_CHECKING:
    from query.arguments import Read
    from query.endpoint import Endpoint
    from query.exchange import Exchange
    from query.settings import Limits
    from query.victoria import TenantReader

_REFUSAL_BYTES: Final = 64 * 1024
_SCALAR_BYTES: Final = 64 * 1024
# The store gets the tenant's timeout and should say so itself; the door's own deadline is the backstop.
_GRACE_SECONDS: Final = 0.5


class Relay:
    """One upstream read on behalf of one exchange. `upstream_seconds` is `None` until the store began to answer."""

    __slots__ = ("_endpoint", "_exchange", "_infos", "_limits", "_read", "upstream_seconds")

    def __init__(
        self, exchange: Exchange, endpoint: Endpoint, read: Read, limits: Limits, infos: tuple[str, ...]
    ) -> None:
        self._exchange = exchange
        self._endpoint = endpoint
        self._read = read
        self._limits = limits
        self._infos = infos
        self.upstream_seconds: float | None = None

    async def run(self, reader: TenantReader, path: str) -> None:
        """Ask the store and answer the client.

        Raises:
            QueryTimeoutError: the deadline passed, before or during the answer.
            ClientGoneError: the client closed its connection.
            BadRequest, ExecutionError, Unavailable, UpstreamError: what the store's refusal means, or a broken answer;
                after the head was sent the answer is left incomplete.
        """
        vigil = Vigil(self._exchange.receive, self._read.timeout + _GRACE_SECONDS)
        try:
            await self._ask(reader, path, vigil)
        except asyncio.CancelledError:
            match vigil.claim():
                case Cause.DEADLINE:
                    raise QueryTimeoutError(TOOK_TOO_LONG) from None
                case Cause.CLIENT_GONE:
                    raise ClientGoneError from None
                case None:
                    raise
        except (aiohttp.ClientError, ConnectionError) as failure:
            raise UpstreamError("the region's metrics store broke off its answer") from failure
        finally:
            vigil.end()

    async def _ask(self, reader: TenantReader, path: str, vigil: Vigil) -> None:
        asked = time.perf_counter()
        rewritten = self._read.scalar or self._read.warnings or self._infos
        gzip = not rewritten and self._exchange.accepts_gzip
        response = await reader.post(path, self._read.body, gzip=gzip)
        self.upstream_seconds = time.perf_counter() - asked
        try:
            if response.status != 200:  # noqa: PLR2004 - the only status with an answer in it
                raise await self._refusal(response)
            vigil.extend(self._limits.stream_seconds)
            if self._read.scalar:
                body = _scalar(await whole(response, _SCALAR_BYTES))
                await self._exchange.respond(200, body, self._endpoint.content_type)
            else:
                await self._stream(response)
        finally:
            # Closing what was not read whole ends the store's work on it.
            response.release() if response.content.at_eof() else response.close()

    async def _refusal(self, response: aiohttp.ClientResponse) -> Exception:
        text = await whole(response, _REFUSAL_BYTES)
        try:
            message = str(orjson.loads(text)["error"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            message = ""
        return explain(response.status, message, self._read.query, self._read.argument)

    async def _stream(self, response: aiohttp.ClientResponse) -> None:
        encoding = response.headers.get("Content-Encoding")
        if encoding not in {None, "identity", "gzip"}:
            raise UpstreamError("the region's metrics store answered in an unknown encoding")
        is_gzip = encoding == "gzip"
        length = response.content_length
        if length is not None and length > self._limits.response_bytes:
            raise self._too_large()
        content = response.content
        piece = await content.readany()
        if self._endpoint.is_json and not is_gzip:
            while len(piece) < len(envelope.OPENING) and not content.at_eof():
                piece += await content.readany()
            if not piece.startswith(envelope.OPENING):
                raise UpstreamError("the region's metrics store answered with something else than an answer")
            if self._read.warnings or self._infos:
                head = envelope.opening(self._read.warnings, self._infos)
                piece = head + piece[len(envelope.OPENING) :]
                length = None if length is None else length + len(head) - len(envelope.OPENING)
        headers = [(b"content-encoding", b"gzip")] if is_gzip else []
        await self._exchange.begin(200, self._endpoint.content_type, length, headers)
        while not content.at_eof():
            await self._exchange.send(piece, more=True)
            if self._exchange.sent > self._limits.response_bytes:
                raise self._too_large()
            piece = await content.readany()
        await self._exchange.send(piece, more=False)

    def _too_large(self) -> ExecutionError:
        return ExecutionError(f"the answer is larger than {self._limits.response_bytes} bytes; narrow the query")


def _scalar(answer: bytes) -> bytes:
    """A vector of one nameless sample as the scalar that Prometheus answers for an expression without series."""
    data = orjson.loads(answer)["data"]
    match data["result"]:
        case [{"metric": {}, "value": value}]:
            return envelope.success({"resultType": "scalar", "result": value})
        case _:
            return answer
