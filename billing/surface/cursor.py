"""Cursors: where a page ends, signed, and bound to the workspace, the question and the state of the data."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from hashlib import blake2s
from typing import TYPE_CHECKING, ClassVar, Final

from core.errors import BadRequest

if TYPE_CHECKING:
    from pydantic import SecretStr

    from billing.surface.scope import WorkspaceScope

_SIGNATURE: Final = 16
_LONGEST: Final = 1_000
_VERSION: Final = 1


class BadCursor(BadRequest):
    """A cursor that was not given out for this very read, or whose data has since become other data."""

    code: ClassVar[str] = "bad_cursor"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position within a pinned range [start, end) of UTC seconds, after the row `key`.

    `publication` is the ledger's state that all pages are read in; `basis` is a hash of whatever else the rows follow
    from: price books, invoices.
    """

    start: int
    end: int
    publication: int
    basis: str
    key: tuple[str | int, ...]


class Signer:
    """Writes and reads cursors of one workspace and question; all front-doors share the key."""

    def __init__(self, key: SecretStr, scope: WorkspaceScope, question: str) -> None:
        self._key = blake2s(key.get_secret_value().encode(), person=b"usage").digest()
        self._binding = blake2s(b"\0".join((scope.version.encode(), question.encode()))).digest()

    def write(self, cursor: Cursor) -> str:
        """The cursor as text of the URL-safe alphabet."""
        parts = [_VERSION, cursor.start, cursor.end, cursor.publication, cursor.basis, *cursor.key]
        packed = json.dumps(parts, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._signature(packed) + packed).rstrip(b"=").decode()

    def read(self, text: str) -> Cursor:
        """A cursor of this workspace and question.

        Raises:
            BadCursor: it is forged, damaged, or of another workspace, question or release.
        """
        refusal = BadCursor("cursor: not valid for this read; leave it out to begin anew")
        try:
            raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise refusal from None
        signature, packed = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if len(text) > _LONGEST or not hmac.compare_digest(signature, self._signature(packed)):
            raise refusal
        version, start, end, publication, basis, *key = json.loads(packed)
        if version != _VERSION:
            raise refusal
        return Cursor(start, end, publication, basis, tuple(key))

    def _signature(self, packed: bytes) -> bytes:
        return blake2s(packed + self._binding, key=self._key, digest_size=_SIGNATURE).digest()
