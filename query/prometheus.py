"""The Prometheus surface: path, principal, scope, rebuilt upstream read, answer. The hot path of the front-door.

A small ASGI application of its own, since a framework's request handling would cost more than the read itself.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Any, ClassVar, Final

from core.errors import (
    BadRequest,
    CallerError,
    NotFound,
    ServiceError,
    StarmeterError,
    TooBusy,
    Unauthenticated,
    Unavailable,
)
from core.scope import Action
from query import envelope
from query.access import TenantPath
from query.body import ClientGoneError, check_form_type, form_of
from query.endpoint import find
from query.exchange import CLIENT_GONE, Exchange
from query.form import Form
from query.hint import outside_scope
from query.metadata import BUILDINFO, described
from query.read import Bounds
from query.record import Record
from query.refusal import UpstreamError
from query.relay import Relay
from query.verification import IsolationError

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from core.scope import Grant
    from query.access import Access
    from query.alerts import AlertReader
    from query.audit import AuditLog
    from query.exchange import Receive, Send
    from query.instruments import Instruments
    from query.limiter import Limiter
    from query.region import ServedRegion
    from query.settings import QuerySettings

_PATH: Final = re.compile(
    rb"/v1/projects/([^/]{1,64})(?:/environments/([^/]{1,64})(?:/services/([^/]{1,64}))?)?/prometheus(/[^?]*)"
)
_MOST_URL_BYTES: Final = 16 * 1024
_JSON: Final = b"application/json"

_log = logging.getLogger("query.prometheus")


def is_prometheus(raw_path: bytes) -> bool:
    """Whether a path is this surface's to answer, if only with 404."""
    return raw_path.startswith(b"/v1/projects/") and b"/prometheus/" in raw_path


class MethodNotAllowedError(CallerError):
    """The endpoint exists, with other methods."""

    code: ClassVar[str] = "method_not_allowed"
    status: ClassVar[int] = 405

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"method: use {' or '.join(allowed)}")
        self.allowed = allowed


class UriTooLongError(CallerError):
    """The URL's arguments are too long; a form has room."""

    code: ClassVar[str] = "uri_too_long"
    status: ClassVar[int] = 414


class PrometheusSurface:
    """The ASGI application under `/v1/projects/…/prometheus`."""

    def __init__(
        self,
        settings: QuerySettings,
        regions: Mapping[str, ServedRegion],
        alerts: Mapping[str, AlertReader],
        *,
        access: Access,
        limiter: Limiter,
        audit: AuditLog,
        instruments: Instruments,
    ) -> None:
        self._settings = settings
        self._regions = regions
        self._alerts = alerts
        self._access = access
        self._limiter = limiter
        self._audit = audit
        self._instruments = instruments
        self._retention = settings.retention_days * 86_400.0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request; every outcome is audited and counted."""
        exchange = Exchange(scope, receive, send)
        record = Record()
        try:
            await self._serve(exchange, scope["raw_path"], record)
        except StarmeterError as error:
            record.reason = error.code
            if isinstance(error, IsolationError):
                _log.critical("a read without its scope was refused", extra={"reason": error.message})
            # Past the head, the only honest end is a broken connection: the caller returns without completing the body.
            if not exchange.begun:
                await exchange.respond(error.status, envelope.failure(error), _JSON, _headers(error))
        except ClientGoneError:
            exchange.status = CLIENT_GONE
            record.reason = "client_gone"
        except Exception:  # noqa: BLE001 - the outermost frame: logged here, and said without our insides
            record.reason = "internal"
            _log.exception("a read failed")
            if not exchange.begun:
                await exchange.respond(500, envelope.failure(ServiceError("internal error")), _JSON)
        finally:
            elapsed = time.perf_counter() - exchange.started
            self._instruments.note_read(record.endpoint, exchange.status, elapsed, exchange.sent)
            self._audit.write(record.line(exchange, elapsed))

    async def _serve(self, exchange: Exchange, raw_path: bytes, record: Record) -> None:
        match = _PATH.fullmatch(raw_path)
        path = match[4].decode("latin-1") if match else ""
        endpoint = find(path)
        if match is None or endpoint is None:
            raise NotFound("no such endpoint")
        record.endpoint = endpoint.name
        self._audit.require_room()
        if exchange.method not in endpoint.methods:
            raise MethodNotAllowedError(endpoint.methods)
        record.path = _tenant_path(match)
        record.scope = await self._access.scope(exchange.credentials, Action.READ_METRICS, record.path)
        grant = record.scope.only
        arguments = await _arguments(exchange)
        if endpoint.read is None:
            data = await self._local(endpoint.name, grant, arguments)
            await exchange.respond(200, envelope.success(data), _JSON)
            return
        limits = self._settings.limits_of(grant.project_id)
        read = record.read = endpoint.read(arguments, limits, Bounds(time.time(), self._retention))
        region = self._region(grant)
        reader = region.reader(grant)
        infos = outside_scope(read.query, grant)
        if read.outside:
            head = envelope.opening(read.warnings, infos)
            await exchange.respond(200, head + b',"data":' + endpoint.empty + b"}", endpoint.content_type)
            return
        await self._limiter.enter(grant.project_id, limits)
        try:
            relay = Relay(exchange, endpoint, read, limits, infos)
            try:
                await relay.run(reader, path)
            except Unavailable as failure:
                if relay.upstream_seconds is None:
                    region.doubt(failure.message)
                raise
            finally:
                record.upstream_seconds = relay.upstream_seconds
                if relay.upstream_seconds is not None:
                    self._instruments.note_upstream(grant.region, relay.upstream_seconds)
        finally:
            self._limiter.leave(grant.project_id)

    async def _local(self, name: str, grant: Grant, arguments: Form) -> object:
        """What is answered without the metrics store."""
        match name:
            case "buildinfo":
                return BUILDINFO
            case "metadata":
                return described(arguments)
            case "rules":
                return await self._alert_reader(grant).rules(grant)
            case "alerts":
                return await self._alert_reader(grant).alerts(grant)
            case _:
                return []

    def _alert_reader(self, grant: Grant) -> AlertReader:
        self._region(grant).require_ready()
        return self._alerts[grant.region]

    def _region(self, grant: Grant) -> ServedRegion:
        region = self._regions.get(grant.region)
        if region is None:
            raise Unavailable(f"region {grant.region} is not configured here; retry later")
        return region


def _tenant_path(match: re.Match[bytes]) -> TenantPath:
    project, environment, service = match[1], match[2], match[3]
    return TenantPath(
        project.decode("latin-1"),
        None if environment is None else environment.decode("latin-1"),
        None if service is None else service.decode("latin-1"),
    )


async def _arguments(exchange: Exchange) -> Form:
    """The request's arguments, from the URL and, for a POST, from its form."""
    if len(exchange.query_string) > _MOST_URL_BYTES:
        raise UriTooLongError(f"URL: arguments longer than {_MOST_URL_BYTES} bytes; send them by POST")
    if exchange.method != "POST":
        if exchange.header(b"content-length") not in {b"", b"0"} or exchange.header(b"transfer-encoding"):
            raise BadRequest("body: a GET has none; send the form by POST")
        return Form(exchange.query_string)
    body = await form_of(exchange.receive)
    if body or exchange.header(b"content-type"):
        check_form_type(exchange.header(b"content-type"), exchange.header(b"content-encoding"))
    return Form(exchange.query_string, body)


def _headers(error: StarmeterError) -> list[tuple[bytes, bytes]]:
    match error:
        case Unauthenticated():
            return [(b"www-authenticate", b"Bearer")]
        case MethodNotAllowedError():
            return [(b"allow", ", ".join(error.allowed).encode())]
        case TooBusy() | Unavailable() | UpstreamError():
            return [(b"retry-after", b"%d" % error.retry_after)]
        case _:
            return []
