"""Cursors: where a page ends, signed, and bound to the scope, the filter, the range and the way they came from."""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2s
from typing import TYPE_CHECKING, ClassVar, Final

from core.errors import BadRequest

if TYPE_CHECKING:
    from pydantic import SecretStr

    from core.scope import Scope

_VERSION: Final = 1
_SIGNATURE: Final = 16
_BINDING: Final = 16
# version, kind, start, end, position, id
_FORM: Final = struct.Struct(">BBqqqQ")
_LONGEST: Final = 200


class BadCursorError(BadRequest):
    """A cursor that was not given out for this very read."""

    code: ClassVar[str] = "bad_cursor"


class Kind(IntEnum):
    """What a cursor continues; a cursor of one kind is none of another."""

    BACKWARD_NEXT = 1
    BACKWARD_PREVIOUS = 2
    FORWARD_NEXT = 3
    FORWARD_PREVIOUS = 4
    EXPORT = 5
    TAIL = 6


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position (nanoseconds, or milliseconds of ingestion for a tail; and a record's id) within a pinned range."""

    kind: Kind
    start: int
    end: int
    at: int
    id: int


class Signer:
    """Writes and reads cursors of one scope and filter; all front-doors share the key."""

    def __init__(self, key: SecretStr, scope: Scope, query: str, *, extra: bytes = b"") -> None:
        self._key = blake2s(key.get_secret_value().encode(), person=b"cursor").digest()
        self._binding = blake2s(
            b"\0".join((scope.version.encode(), query.encode(), extra)), digest_size=_BINDING
        ).digest()

    def write(self, cursor: Cursor, more: bytes = b"") -> str:
        """The cursor as text of the URL-safe alphabet."""
        packed = _FORM.pack(_VERSION, cursor.kind, cursor.start, cursor.end, cursor.at, cursor.id) + more
        return base64.urlsafe_b64encode(packed + self._signature(packed)).rstrip(b"=").decode()

    def read(self, text: str, name: str = "cursor") -> tuple[Cursor, bytes]:
        """A cursor of this scope and filter, and what else was written with it.

        Raises:
            BadCursorError: it is forged, damaged, or of another scope, filter or release.
        """
        refusal = BadCursorError(f"{name}: not valid for this read; leave it out to begin anew")
        try:
            raw = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError):
            raise refusal from None
        packed, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
        is_genuine = hmac.compare_digest(signature, self._signature(packed))
        if not is_genuine or len(text) > _LONGEST or len(packed) < _FORM.size or packed[0] != _VERSION:
            raise refusal
        _, kind, start, end, at, record = _FORM.unpack_from(packed)
        return Cursor(Kind(kind), start, end, at, record), packed[_FORM.size :]

    def _signature(self, packed: bytes) -> bytes:
        return blake2s(packed + self._binding, key=self._key, digest_size=_SIGNATURE).digest()
