"""The isolation canary: before a region is served, and ever after, it has to prove that it confines a tenant.

It catches what no request-side check can: a store started with the filters of its label endpoints switched off, an
upgrade that changed a meaning, an address that points at something which ignores the enforcement.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import TYPE_CHECKING, Final

import orjson
from anyio import to_thread

from core.errors import ServiceError, Unavailable
from core.http1 import BrokenConnectionError
from core.scope import Grant
from query.body import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.directory import Directory
    from query.instruments import Instruments
    from query.region import ServedRegion
    from query.victoria import TenantReader

_SAMPLE: Final = 3
_RETRY_SECONDS: Final = 1.0
_READ_SECONDS: Final = 10.0
_MOST_BYTES: Final = 1024 * 1024
_ANY: Final = b"match%5B%5D=%7B__name__%21%3D%22%22%7D"  # {__name__!=""}

_log = logging.getLogger("query.canary")


class CanaryError(ServiceError):
    """A region answered with something outside the scope that it was asked for."""

    code = "canary"


class Canary:
    """Proves isolation on every path that the front-door reads, one region at a time."""

    def __init__(self, directory: Directory, instruments: Instruments, *, seconds: float) -> None:
        self._directory = directory
        self._instruments = instruments
        self._seconds = seconds

    async def watch(self, region: ServedRegion) -> None:
        """Check one region for ever: every `seconds` while it passes, every second while it does not."""
        while True:
            await self.check(region)
            # A failed read puts the region in doubt at once; then the next proof must not wait for the long interval.
            waited = 0.0
            while waited < (self._seconds if region.ready else _RETRY_SECONDS):
                await asyncio.sleep(min(_RETRY_SECONDS, self._seconds))
                waited += _RETRY_SECONDS

    async def check(self, region: ServedRegion) -> None:
        """Run the proof once and put the region into or out of service accordingly."""
        try:
            async with asyncio.timeout(_READ_SECONDS * 2):
                await self._prove(region)
        except CanaryError as failure:
            self._refuse(region, "isolation", failure.message)
        except (ServiceError, BrokenConnectionError, TimeoutError) as failure:
            self._refuse(region, "unreachable", f"the canary got no answer: {type(failure).__name__}")
        except Exception as failure:  # noqa: BLE001 - fail closed
            # Whatever it was, it was no proof. Nothing may end the watch over a region that is being served.
            _log.exception("the canary cannot read an answer", extra={"region": region.name})
            self._refuse(region, "malformed", f"the canary cannot read an answer: {type(failure).__name__}")
        else:
            region.trust()

    def _refuse(self, region: ServedRegion, cause: str, reason: str) -> None:
        region.doubt(reason)
        self._instruments.canary_failures.labels(region.name, cause).inc()

    async def _prove(self, region: ServedRegion) -> None:
        # A fresh id each time: nobody has its data, and no cache has its answers.
        nobody = region.unproved_reader(Grant(str(uuid.uuid4()), region.name))
        for path, form, is_empty in _EMPTY_FOR_NOBODY:
            if not is_empty(await _answer(nobody, path, form)):
                raise CanaryError(f"{path} answered with data for a project that does not exist")
        for project_id in await to_thread.run_sync(self._directory.sample_projects, region.name, _SAMPLE):
            await _prove_project(region.unproved_reader(Grant(project_id, region.name)), project_id)


async def _prove_project(reader: TenantReader, project_id: str) -> None:
    others = f"query=count%28%7Bproject_id%21%3D%22{project_id}%22%7D%29+or+vector%280%29".encode()
    counted = orjson.loads(await _answer(reader, "/api/v1/query", others))["data"]["result"]
    if [sample["value"][1] for sample in counted] != ["0"]:
        raise CanaryError("a project's scope counts series of others")
    values = set(_data(await _answer(reader, "/api/v1/label/project_id/values", b"")))
    if not values <= {project_id}:
        raise CanaryError("a project's scope lists label values of others")


async def _answer(reader: TenantReader, path: str, form: bytes) -> bytes:
    async with asyncio.timeout(_READ_SECONDS):
        answer = await reader.post(path, form)
        try:
            if answer.status != 200:  # noqa: PLR2004 - anything else proves nothing
                raise Unavailable(f"{path}: status {answer.status}")
            return await whole(answer, _MOST_BYTES)
        finally:
            answer.release()


def _data(answer: bytes) -> list[str]:
    data = orjson.loads(answer)["data"]
    if not isinstance(data, list):
        raise CanaryError("a listing is no list")
    return data


def _no_result(answer: bytes) -> bool:
    return bool(orjson.loads(answer)["data"]["result"] == [])


def _no_entry(answer: bytes) -> bool:
    # The store answers the names of no series with the name of the name itself.
    return set(_data(answer)) <= {"__name__"}


def _no_text(answer: bytes) -> bool:
    return answer == b""


def _no_series(answer: bytes) -> bool:
    return bool(orjson.loads(answer)["data"]["totalSeries"] == 0)


# Every path of query.verification, with a question whose answer must be empty for a project without data.
_EMPTY_FOR_NOBODY: Final[tuple[tuple[str, bytes, Callable[[bytes], bool]], ...]] = (
    ("/api/v1/query", b"query=count%28%7B__name__%21%3D%22%22%7D%29", _no_result),
    ("/api/v1/query_range", b"query=count%28%7B__name__%21%3D%22%22%7D%29&step=60", _no_result),
    ("/api/v1/series", _ANY, lambda answer: _data(answer) == []),
    ("/api/v1/labels", b"", _no_entry),
    ("/api/v1/labels", _ANY, _no_entry),
    ("/api/v1/label/__name__/values", b"", lambda answer: _data(answer) == []),
    ("/api/v1/label/project_id/values", _ANY, lambda answer: _data(answer) == []),
    ("/api/v1/status/tsdb", b"", _no_series),
    ("/federate", _ANY, _no_text),
)
