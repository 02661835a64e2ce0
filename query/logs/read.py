"""One log read: what it may see, what it asks, whom it asks; and what a streamed answer is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from contextlib import AbstractAsyncContextManager

    from core.scope import Scope
    from query.access import TenantPath
    from query.logs.arguments import Arguments
    from query.logs.cursor import Signer
    from query.logs.reader import LogReader
    from query.logs.settings import LogSettings
    from query.logs.store import Source


@dataclass(frozen=True, slots=True)
class LogSources:
    """The front-door's log part: what it is configured with, and how each region's store is reached."""

    settings: LogSettings
    sources: Sequence[Source]


@dataclass(slots=True)
class Read:
    """One authorised read: what it may see, what it asks, whom it asks, and what is noted about it."""

    scope: Scope
    path: TenantPath
    credentials: list[bytes]
    arguments: Arguments
    reader: LogReader
    signer: Signer
    settings: LogSettings
    line: dict[str, object]


@dataclass(frozen=True, slots=True)
class Stream:
    """What a streamed answer is made of; `place` is held until it is over."""

    pieces: AsyncGenerator[bytes, None]
    place: AbstractAsyncContextManager[None]
    media_type: str
    headers: dict[str, str]
    seconds: float
