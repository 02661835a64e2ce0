"""The paths that log records come in by: OpenTelemetry's, Fluent Bit's, Vector's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import orjson
from fastapi import APIRouter, Request, Response

from core.errors import Forbidden, StarmeterError, TooBusy
from ingest import body, columns, message_pack, otlp, problem
from ingest.draft import Outcome
from ingest.entry import Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ingest.gatekeeper import Gatekeeper
    from ingest.instruments import Instruments
    from ingest.lane import Lane, Receipt

_OTLP_TYPES: Final = {problem.JSON: Protocol.OTLP_JSON, problem.PROTOBUF: Protocol.OTLP}
_MESSAGE_PACK: Final = frozenset({"application/msgpack", "application/x-msgpack"})
_BINARY: Final = frozenset({*_MESSAGE_PACK, problem.PROTOBUF})
_UNREADABLE: Final = "no record could be read; the body is kept as a dead letter and must not be sent again"


class LogRoutes:
    """The three paths over the regions' lanes."""

    def __init__(
        self, gatekeeper: Gatekeeper, lanes: Mapping[str, Lane], instruments: Instruments, request_bytes: int
    ) -> None:
        self._gatekeeper = gatekeeper
        self._lanes = lanes
        self._instruments = instruments
        self._request_bytes = request_bytes
        self.router = APIRouter(tags=["logs"])
        post = self.router.post
        post(problem.OTLP_PATH, summary="OTLP/HTTP: ExportLogsServiceRequest as protobuf or JSON")(self._otlp())
        for protocol, summary in (
            (Protocol.FLUENT_BIT, "Fluent Bit's http output: a JSON array, JSON lines, or MessagePack"),
            (Protocol.NDJSON, "Vector's http sink: one JSON object a line"),
        ):
            post(f"{problem.OTLP_PATH}/{protocol.value}", summary=summary)(self._plain(protocol))

    def _otlp(self) -> Callable[[Request], Awaitable[Response]]:
        async def export(request: Request) -> Response:
            kind = problem.media_type(request)
            if kind not in _OTLP_TYPES:
                raise body.UnknownEncoding("Content-Type: use application/x-protobuf or application/json")
            receipt = await self._take(request, _OTLP_TYPES[kind])
            if receipt.is_unreadable:
                _check_kept(receipt)
                return problem.answer(request, 400, "unreadable", _UNREADABLE)
            left = {one: receipt.outcomes[one] for one in (Outcome.REJECTED, Outcome.LIMITED) if receipt.outcomes[one]}
            said = ", ".join(f"{count} {one.value}" for one, count in left.items())
            count = sum(left.values())
            if kind == problem.PROTOBUF:
                return Response(otlp.response(count, said), media_type=problem.PROTOBUF)
            partial = {"partialSuccess": {"rejectedLogRecords": str(count), "errorMessage": said}} if count else {}
            return Response(orjson.dumps(partial), media_type=problem.JSON)

        return export

    def _plain(self, protocol: Protocol) -> Callable[[Request], Awaitable[Response]]:
        async def take(request: Request) -> Response:
            kind = problem.media_type(request)
            is_packed = kind in _MESSAGE_PACK and protocol is Protocol.FLUENT_BIT
            if kind in _BINARY and not is_packed:
                raise body.UnknownEncoding("Content-Type: use application/json or application/x-ndjson")
            receipt = await self._take(request, protocol, is_packed=is_packed)
            if receipt.is_unreadable:
                _check_kept(receipt)
                return problem.answer(request, 400, "unreadable", _UNREADABLE)
            counts = {outcome.value: receipt.outcomes[outcome] for outcome in Outcome}
            return Response(orjson.dumps(counts), media_type=problem.JSON)

        return take

    async def _take(self, request: Request, protocol: Protocol, *, is_packed: bool = False) -> Receipt:
        try:
            receipt, size = await self._decided(request, protocol, is_packed=is_packed)
        except StarmeterError as failure:
            self._instruments.note_request(protocol, failure.status, 0)
            raise
        self._instruments.note_request(protocol, 400 if receipt.is_unreadable else 200, size)
        return receipt

    async def _decided(self, request: Request, protocol: Protocol, *, is_packed: bool) -> tuple[Receipt, int]:
        cluster = await self._gatekeeper.cluster(request)
        lane = self._lanes.get(cluster.region)
        if lane is None:
            raise Forbidden("the cluster's region is not served here; send to the ingest of its own region")
        try:
            content = await body.read(request, self._request_bytes)
        except body.CannotDecompress as failure:
            # Kept for somebody to look at: it is all that there is of these records.
            _check_kept(await asyncio.wrap_future(lane.submit(cluster.name, protocol, failure.raw, is_raw=True)))
            raise
        size = len(content)
        if is_packed:
            content = await asyncio.to_thread(message_pack.lines, content, self._request_bytes)
        read = None
        if columns.are_worth_it(protocol, content):
            # Beside the lane, which has the rest to do, and without the interpreter's lock for most of the time.
            read = await asyncio.to_thread(columns.read, content)
        return await asyncio.wrap_future(lane.submit(cluster.name, protocol, content, read=read)), size


def _check_kept(receipt: Receipt) -> None:
    """Refuse an unreadable body that is not even kept as a dead letter.

    Raises:
        TooBusy: its cluster has had too many of them.
    """
    if receipt.outcomes[Outcome.LIMITED]:
        raise TooBusy(
            "no record could be read, and too many dead letters of the cluster came before; mend its agents", 10
        )
