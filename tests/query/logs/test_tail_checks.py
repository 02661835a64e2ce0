"""A tail asks on a clock of its own whether it still may go on, however seldom it asks the store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from core.errors import Unauthenticated
from core.scope import Action, Grant, Principal, Scope
from query.access import TenantPath
from query.logs.arguments import Arguments
from query.logs.cursor import Signer
from query.logs.feed import Tails
from query.logs.read import Read
from query.logs.settings import LogSettings
from query.logs.tail import Tail
from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.serving import CURSOR_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """What a tail asks of the front-door, but for the store, which it never comes to here."""

    def __init__(self, access: _Access) -> None:
        self.access = access


@pytest.mark.anyio
async def test_a_tail_that_waits_for_its_next_read_ends_before_it() -> None:
    store: dict[str, Any] = {"region": "near", "url": "http://127.0.0.1", "password": "-"}
    settings = LogSettings.model_validate(
        # A read every ten seconds, of which the first one that finds anything is half a minute away.
        {"stores": [store], "cursor_key": CURSOR_KEY, "settle_seconds": 30, "poll_seconds": 10, "check_seconds": 0.01}
    )
    read = Read(
        scope=SCOPE,
        path=TenantPath(platform.PROJECT_A),
        credentials=[b"-"],
        arguments=Arguments(b"", {"q", "start"}, samples.now()),
        reader=None,  # type: ignore[arg-type] # it is never asked
        signer=Signer(SecretStr(CURSOR_KEY), SCOPE, ""),
        settings=settings,
        line={},
    )
    door = _Door(_Access(CHECKS))
    tails = Tails()
    events = Tail(read, door, tails, "").events()  # type: ignore[arg-type] # a door is more than that
    # By reads alone, as many checks would take minutes.
    async with asyncio.timeout(60), tails.place(read):
        opened, ended = [event async for event in events]

    assert b"event: open" in opened
    assert b"event: end" in ended
    assert b'"unauthenticated"' in ended
