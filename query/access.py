"""From a request's credential and path to its scope, remembered for a moment."""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar, TypeVarTuple, Unpack

from anyio import CapacityLimiter, to_thread

from core.errors import CallerError, Unauthenticated, Unavailable
from core.scope import Action, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.directory import Directory
    from core.scope import Permit, Principal

_REMEMBERED: Final = 20_000
_SECONDS: Final = 3.0
_THREADS: Final = 16
_MAX_CREDENTIAL: Final = 4_096
_ONE_CREDENTIAL: Final = "give exactly one Authorization header: Bearer and an API token"


class TenantPath(NamedTuple):
    """What a request's path names: a project, and perhaps one environment and one service of it."""

    project_id: str
    environment: str | None = None
    service_id: str | None = None


_Arguments = TypeVarTuple("_Arguments")
_Answer = TypeVar("_Answer")
_Key = tuple[bytes, Action, TenantPath]
_UNKNOWN: Final = (0.0, Unauthenticated("unknown"))


class Access:
    """Authenticates and authorises against the control store; answers are remembered for `seconds`, refusals too.

    A revoked token or a lost role therefore stops working within `seconds`.
    """

    def __init__(self, directory: Directory, *, seconds: float) -> None:
        self._directory = directory
        self._seconds = seconds
        self._known: dict[_Key, tuple[float, Scope | CallerError]] = {}
        self._asking: dict[_Key, asyncio.Task[Scope | CallerError]] = {}
        self._used: set[str] = set()
        self._threads = CapacityLimiter(_THREADS)

    async def scope(self, credentials: Sequence[bytes], action: Action, path: TenantPath) -> Scope:
        """The scope of one request.

        Args:
            credentials: every `Authorization` header of the request, as received.
            action: what the request does.
            path: what its path names.

        Raises:
            Unauthenticated, Forbidden, NotFound: as the control store decides.
            Unavailable: the control store does not answer.
        """
        if len(credentials) != 1:
            raise Unauthenticated(_ONE_CREDENTIAL)
        credential = credentials[0]
        key = (hashlib.blake2b(credential, digest_size=16).digest(), action, path)
        until, answer = self._known.get(key, _UNKNOWN)
        if until <= time.monotonic():
            answer = await self._ask(key, credential)
        if isinstance(answer, Scope):
            return answer
        raise answer.with_traceback(None)

    async def permit(self, credentials: Sequence[bytes], action: Action) -> Permit:
        """What a platform role allows across tenants; asked anew each time, for it is rare.

        Raises:
            Unauthenticated, Forbidden: as the control store decides.
            Unavailable: the control store does not answer.
        """
        if len(credentials) != 1:
            raise Unauthenticated(_ONE_CREDENTIAL)
        permit = await self._in_thread(self._permit, credentials[0], action)
        self._used.add(permit.principal.token_id)
        return permit

    async def decide(self, credentials: Sequence[bytes], decision: Callable[[Principal, datetime], _Answer]) -> _Answer:
        """What `decision` makes of who asks, for surfaces with scopes of their own; asked anew each time, in a thread.

        Raises:
            Unauthenticated: as the control store decides; and whatever `decision` raises.
            Unavailable: the control store does not answer.
        """
        if len(credentials) != 1:
            raise Unauthenticated(_ONE_CREDENTIAL)
        principal, answer = await self._in_thread(self._decided, credentials[0], decision)
        self._used.add(principal.token_id)
        return answer

    def _decided(
        self, credential: bytes, decision: Callable[[Principal, datetime], _Answer]
    ) -> tuple[Principal, _Answer]:
        now = datetime.now(UTC)
        principal = self._directory.authenticate(_bearer(credential), now)
        return principal, decision(principal, now)

    def _permit(self, credential: bytes, action: Action) -> Permit:
        return self._directory.permit(self._directory.authenticate(_bearer(credential), datetime.now(UTC)), action)

    async def _ask(self, key: _Key, credential: bytes) -> Scope | CallerError:
        """Ask the control store once, however many requests wait for the same answer."""
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._in_thread(self._decide, credential, key[1], key[2]))
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        # Shielded: a client that goes away must not take the answer from the others.
        answer = await asyncio.shield(task)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()  # a flood of different credentials costs everyone one look-up, and no memory
        self._known[key] = (time.monotonic() + self._seconds, answer)
        if isinstance(answer, Scope):
            self._used.add(answer.principal.token_id)
        return answer

    async def _in_thread(self, ask: Callable[[Unpack[_Arguments]], _Answer], *arguments: *_Arguments) -> _Answer:
        try:
            async with asyncio.timeout(_SECONDS):
                return await to_thread.run_sync(ask, *arguments, abandon_on_cancel=True, limiter=self._threads)
        except TimeoutError:
            raise Unavailable("the control store does not answer; retry later") from None

    def _decide(self, credential: bytes, action: Action, path: TenantPath) -> Scope | CallerError:
        now = datetime.now(UTC)
        try:
            principal = self._directory.authenticate(_bearer(credential), now)
            return self._directory.authorize(principal, action, path.project_id, path.environment, path.service_id, now)
        except CallerError as refusal:
            return refusal

    async def record_use(self) -> None:
        """Write down when the tokens seen since the last call were last used."""
        used, self._used = self._used, set()
        if used:
            await to_thread.run_sync(self._directory.mark_used, used, datetime.now(UTC))


def _bearer(credential: bytes) -> str:
    scheme, _, token = credential.partition(b" ")
    if scheme.lower() != b"bearer" or not token.isascii() or len(credential) > _MAX_CREDENTIAL:
        raise Unauthenticated("the credential is not valid; give Authorization: Bearer and an API token")
    return token.strip().decode("ascii")
