"""Passing a store's answer on: mapped when it is a refusal, streamed with bounded memory when it is an answer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import orjson

from core.http1 import BrokenConnectionError
from query import envelope
from query.body import ClientGoneError, whole
from query.refusal import TOOK_TOO_LONG, ExecutionError, QueryTimeoutError, UpstreamError, explain
from query.vigil import Cause, Vigil

if TYPE_CHECKING:
    from core.http1 import Answer
    from query.endpoint import Endpoint
    from query.exchange import Exchange
    from query.read import Read
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
        except BrokenConnectionError as failure:
            raise UpstreamError("the region's metrics store broke off its answer") from failure
        finally:
            vigil.end()

    async def _ask(self, reader: TenantReader, path: str, vigil: Vigil) -> None:
        asked = time.perf_counter()
        rewritten = self._read.scalar or self._read.warnings or self._infos
        gzip = not rewritten and self._exchange.accepts_gzip
        answer = await reader.post(path, self._read.body, gzip=gzip)
        self.upstream_seconds = time.perf_counter() - asked
        try:
            if answer.status != 200:  # noqa: PLR2004 - the only status with an answer in it
                raise await self._refusal(answer)
            vigil.extend(self._limits.stream_seconds)
            if self._read.scalar:
                body = _scalar(await whole(answer, _SCALAR_BYTES))
                await self._exchange.respond(200, body, self._endpoint.content_type)
            else:
                await self._stream(answer)
        finally:
            answer.release()

    async def _refusal(self, answer: Answer) -> Exception:
        text = await whole(answer, _REFUSAL_BYTES)
        try:
            message = str(orjson.loads(text)["error"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            message = ""
        return explain(answer.status, message, self._read.query, self._read.argument)

    async def _stream(self, answer: Answer) -> None:
        encoding = answer.headers.get(b"content-encoding", b"identity")
        if encoding not in {b"identity", b"gzip"}:
            raise UpstreamError("the region's metrics store answered in an unknown encoding")
        is_gzip = encoding == b"gzip"
        length = answer.length
        if length is not None and length > self._limits.response_bytes:
            raise self._too_large()
        piece = await answer.read()
        if self._endpoint.is_json and not is_gzip:
            while len(piece) < len(envelope.OPENING) and not answer.ended:
                piece += await answer.read()
            if not piece.startswith(envelope.OPENING):
                raise UpstreamError("the region's metrics store answered with something else than an answer")
            if self._read.warnings or self._infos:
                head = envelope.opening(self._read.warnings, self._infos)
                piece = head + piece[len(envelope.OPENING) :]
                length = None if length is None else length + len(head) - len(envelope.OPENING)
        headers = [(b"content-encoding", b"gzip")] if is_gzip else []
        await self._exchange.begin(200, self._endpoint.content_type, length, headers)
        while not answer.ended:
            await self._exchange.send(piece, more=True)
            if self._exchange.sent > self._limits.response_bytes:
                raise self._too_large()
            piece = await answer.read()
        await self._exchange.send(piece, more=False)

    def _too_large(self) -> ExecutionError:
        return ExecutionError(f"the answer is larger than {self._limits.response_bytes} bytes; narrow the query")


def _scalar(vector: bytes) -> bytes:
    """A vector of one nameless sample as the scalar that Prometheus answers for an expression without series."""
    match orjson.loads(vector)["data"]["result"]:
        case [{"metric": metric, "value": value}] if not metric:
            return envelope.success({"resultType": "scalar", "result": value})
        case _:
            return vector
