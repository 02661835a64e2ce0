"""How a tail ends: it asks on a clock of its own whether it still may go on, and says why it is to reconnect."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from core.clickhouse import TookTooLong, TooMuchRead
from core.errors import BadRequest, ServiceError, Unauthenticated, Unavailable
from core.scope import Action, Grant, Principal, Scope
from query.access import TenantPath
from query.logs.arguments import Arguments
from query.logs.cursor import Signer
from query.logs.feed import Tails
from query.logs.read import Read
from query.logs.settings import LogSettings
from query.logs.tail import Tail
from query.verification import IsolationError
from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.serving import CURSOR_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from core.errors import StarmeterError
    from query.logs.reader import Row

SCOPE = Scope(Principal("somebody", "token", frozenset({Action.READ_LOGS})), (Grant(platform.PROJECT_A, "near"),))
CHECKS = 20


class _Access:
    """Allows some reads, and then no more."""

    def __init__(self, allowed: int) -> None:
        self.left = allowed

    async def scope(self, credentials: Sequence[bytes], action: Action, path: TenantPath) -> Scope:
        assert (credentials, action, path.project_id) == ([b"-"], Action.READ_LOGS, platform.PROJECT_A)
        if self.left == 0:
            raise Unauthenticated("revoked")
        self.left -= 1
        return SCOPE


class _Door:
    """What a tail asks of the front-door."""

    def __init__(self, access: _Access) -> None:
        self.access = access

    @contextlib.asynccontextmanager
    async def place(self, _: Read) -> AsyncIterator[None]:
        yield


class _Reader:
    """Ends every read with a failure."""

    def __init__(self, failure: StarmeterError) -> None:
        self._failure = failure

    async def rows(self, *_: object, **__: object) -> Sequence[Row]:
        raise self._failure


def read_by(reader: _Reader | None, **configured: float) -> Read:
    store: dict[str, Any] = {"region": "near", "url": "http://127.0.0.1", "password": "-"}
    return Read(
        scope=SCOPE,
        path=TenantPath(platform.PROJECT_A),
        credentials=[b"-"],
        arguments=Arguments(b"", {"q", "start"}, samples.now()),
        reader=reader,  # type: ignore[arg-type] # a reader is more than that
        signer=Signer(SecretStr(CURSOR_KEY), SCOPE, ""),
        settings=LogSettings.model_validate({"stores": [store], "cursor_key": CURSOR_KEY, **configured}),
        line={},
    )


async def events_of(read: Read) -> list[bytes]:
    """All events of a tail that ends of its own accord."""
    door, tails = _Door(_Access(CHECKS)), Tails()
    events = Tail(read, door, tails, "").events()  # type: ignore[arg-type] # a door is more than that
    async with asyncio.timeout(60), tails.place(read):
        return [event async for event in events]


@pytest.mark.anyio
async def test_a_tail_that_waits_for_its_next_read_ends_before_it() -> None:
    # A read every ten seconds, of which the first one that finds anything is half a minute away: as many checks would
    # take minutes by reads alone.
    opened, ended = await events_of(read_by(None, settle_seconds=30, poll_seconds=10, check_seconds=0.01))

    assert b"event: open" in opened
    assert b"event: end" in ended
    assert b'"unauthenticated"' in ended


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (TookTooLong("the read took too long"), b"took_too_long"),
        (TooMuchRead("the read is over its limit"), b"too_much_read"),
        (Unavailable("the store does not answer"), b"unavailable"),
        (BadRequest("q: the store cannot read this pattern"), b"bad_request"),
        (ServiceError("the store refused a statement of ours"), b"internal"),
    ],
)
async def test_a_read_that_fails_is_a_reason_to_reconnect(failure: StarmeterError, reason: bytes) -> None:
    opened, told = await events_of(read_by(_Reader(failure), settle_seconds=0.1, poll_seconds=0.05))

    assert b"event: open" in opened
    assert b"event: reconnect" in told
    assert told.endswith(b'data: {"reason":"%b"}\n\n' % reason)


@pytest.mark.anyio
async def test_a_store_that_breaks_isolation_breaks_the_tail() -> None:
    read = read_by(_Reader(IsolationError("a row of another project")), settle_seconds=0.1, poll_seconds=0.05)

    with pytest.raises(IsolationError):
        await events_of(read)
