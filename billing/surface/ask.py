"""One authorised read of a workspace, and its answer: a body, or pieces that are sent as they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2s
from typing import TYPE_CHECKING, Final

from billing.surface.encoding import NAMES, accepted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from billing.surface.arguments import Arguments
    from billing.surface.reader import LedgerReader
    from billing.surface.records import Records
    from billing.surface.scope import WorkspaceScope
    from billing.surface.settings import SurfaceSettings

# Another form of the same rows is another answer: raise it when a format changes.
_FORM: Final = "1"


@dataclass(slots=True)
class Ask:
    """Who asks for what. `headers` are the request's; `line` becomes its audit line; `now` is in UTC seconds.

    `name` is what the path ends with, where it names an invoice.
    """

    scope: WorkspaceScope
    name: str
    arguments: Arguments
    headers: Mapping[str, str]
    reader: LedgerReader
    records: Records
    settings: SurfaceSettings
    line: dict[str, object]
    now: int

    @property
    def format(self) -> str:
        """The name of the format to answer in: `format` of the URL, else what `Accept` prefers, else JSON.

        Raises:
            BadRequest: there is no such format.
        """
        return self.arguments.choice("format", NAMES, accepted(self.headers.get("accept", "")))

    def tag(self, *parts: object) -> str:
        """The entity tag of the answer that follows from `parts`, in this format and for this workspace."""
        text = "\0".join(map(str, (_FORM, self.scope.version, *parts)))
        return f'"{blake2s(text.encode(), digest_size=16).hexdigest()}"'

    def has(self, tag: str) -> bool:
        """Whether the client says that it has this very answer already."""
        given = [each.strip().removeprefix("W/") for each in self.headers.get("if-none-match", "").split(",")]
        return tag in given or given == ["*"]


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer at once."""

    body: bytes
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Flow:
    """An answer in pieces, of which the first is there before anything is sent; its `length` where that is known."""

    pieces: AsyncGenerator[bytes, None]
    media_type: str
    headers: dict[str, str]
    seconds: float
    length: int | None = None


Answer = Whole | Flow


def unchanged(tag: str) -> Whole:
    """What a client is told that has the answer."""
    return Whole(b"", headers={"ETag": tag}, status=304)
