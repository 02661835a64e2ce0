"""Who may publish: one holder at a time, each with a larger fence than all before it.

The lease's time only says when another may try; that nobody publishes who has lost it is held by the fence, which is
looked at in the transaction that publishes.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select, update

from billing.accounts.moment import moment, seconds
from billing.schema import leases
from core.control import writing
from core.errors import BadRequest, ServiceError, StarmeterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

_log = logging.getLogger("billing.runs.lease")
_NAME: Final = "runs"


class LeaseLost(ServiceError):
    """Another runner holds the lease now: what this one has not published it must not publish."""

    code = "lease_lost"


@dataclass(frozen=True, slots=True)
class Fence:
    """The number under which a holder publishes; it is larger than that of every holder before it."""

    number: int
    holder: str


class Lease:
    """The lease that `holder`, a name of this process alone, asks for; it lasts `lasting_s` unless it is renewed."""

    def __init__(self, engine: Engine, holder: str, lasting_s: int, clock: Callable[[], int]) -> None:
        self._engine = engine
        self._holder = holder
        self._lasting_s = lasting_s
        self._clock = clock

    def acquire(self) -> Fence | None:
        """Take it; `None` while another holds it.

        Raises:
            Unavailable: the control store fails.
        """
        try:
            with writing(self._engine) as connection:
                return self._acquire(connection)
        except BadRequest:
            # Two made the very first one; the other was faster.
            return None

    def _acquire(self, connection: Connection) -> Fence | None:
        now = self._clock()
        taken = {"holder": self._holder, "expires_at": moment(now + self._lasting_s)}
        row = connection.execute(select(leases).where(leases.c.name == _NAME).with_for_update()).one_or_none()
        if row is None:
            connection.execute(insert(leases).values(name=_NAME, fence=1, **taken))
            return Fence(1, self._holder)
        if seconds(row.expires_at) > now:
            return None
        connection.execute(update(leases).where(leases.c.name == _NAME).values(fence=row.fence + 1, **taken))
        return Fence(row.fence + 1, self._holder)

    def renew(self, fence: Fence) -> None:
        """Hold it for longer.

        Raises:
            LeaseLost: another has it.
            Unavailable: the control store fails.
        """
        self._expire(fence, self._clock() + self._lasting_s)

    def release(self, fence: Fence) -> None:
        """Give it back at once; one that is lost already is nothing to give back."""
        try:
            self._expire(fence, self._clock())
        except LeaseLost:
            _log.info("the lease was lost before it was given back", extra={"fence": fence.number})

    def _expire(self, fence: Fence, at: int) -> None:
        with writing(self._engine) as connection:
            require(connection, fence)
            connection.execute(update(leases).where(leases.c.name == _NAME).values(expires_at=moment(at)))

    @contextmanager
    def kept(self, fence: Fence) -> Iterator[None]:
        """Renew it while a piece of work is done, and give it back at its end.

        Raises:
            Unavailable: the control store fails when it is given back; it then runs out by itself.
        """
        over = threading.Event()
        renewal = threading.Thread(target=self._keep, args=(fence, over), name="lease", daemon=True)
        renewal.start()
        try:
            yield
        finally:
            over.set()
            renewal.join()
            self.release(fence)

    def _keep(self, fence: Fence, over: threading.Event) -> None:
        while not over.wait(self._lasting_s / 3):
            try:
                self.renew(fence)
            except LeaseLost:
                # Whatever is under way is told so when it wants to publish.
                _log.warning("the lease is lost", extra={"fence": fence.number})
                return
            except StarmeterError as failure:
                _log.warning("the lease is not renewed", extra={"fence": fence.number, "reason": failure.message})


def require(connection: Connection, fence: Fence) -> None:
    """Prove, and hold until the transaction ends, that no other holder has come after this one.

    Raises:
        LeaseLost: one has.
    """
    row = connection.execute(select(leases).where(leases.c.name == _NAME).with_for_update()).one_or_none()
    if row is None or row.fence != fence.number or row.holder != fence.holder:
        raise LeaseLost("lease: another runner holds it now; this one publishes nothing more")
