"""Who sends: the cluster of a request's bearer token."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from core.errors import Unauthenticated, Unavailable
from core.token import REFUSAL, digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request

    from core.attribution import Attribution, Cluster

# While the control store does not answer, a token that was good keeps being taken for so long.
_GRACE_SECONDS: Final = 300.0

_log = logging.getLogger("ingest.gatekeeper")


class Gatekeeper:
    """Finds clusters by token; an answer is remembered for `seconds`, hence how fast a revocation works."""

    def __init__(
        self, attribution: Attribution, *, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._attribution = attribution
        self._seconds = seconds
        self._clock = clock
        # By hash: a token is kept nowhere.
        self._known: dict[str, tuple[float, Cluster]] = {}

    async def cluster(self, request: Request) -> Cluster:
        """The cluster that sends a request.

        Raises:
            Unauthenticated: no bearer token, several, or one that is unknown or revoked.
            Unavailable: the control store does not answer.
        """
        given = request.headers.getlist("authorization")
        scheme, _, text = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer":
            raise Unauthenticated(REFUSAL)
        text = text.strip()
        hashed = digest(text)
        now = self._clock()
        known = self._known.get(hashed)
        if known is not None and now < known[0] + self._seconds:
            return known[1]
        try:
            found = await asyncio.to_thread(self._attribution.cluster, text)
        except Unauthenticated:
            self._known.pop(hashed, None)
            raise
        except Unavailable:
            if known is None or now > known[0] + _GRACE_SECONDS:
                raise
            _log.warning("the control store does not answer; a cluster is taken as it was last known")
            return known[1]
        self._known[hashed] = (now, found)
        return found
