"""Changes to an honest request that must not change its answer: values, so that a failing example reads well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, Protocol
from urllib.parse import unquote_to_bytes

from tests.query.hostile.request import Request

if TYPE_CHECKING:
    from tests.query.hostile.base import Base

Place = Literal["url", "body"]
# Arguments with a default that the answer depends on: under another name they are unknown, and the default counts.
_OPTIONAL: Final = frozenset({b"time", b"date"})


@dataclass(frozen=True, slots=True)
class Draft:
    """An honest request in the making: pairs as they are written, a place for each."""

    base: Base
    url: tuple[bytes, ...]
    body: tuple[bytes, ...] = ()
    method: bytes = b"GET"
    content_type: bytes | None = b"application/x-www-form-urlencoded"

    def pairs(self, place: Place) -> tuple[bytes, ...]:
        """What is in one place."""
        return self.url if place == "url" else self.body

    def put(self, place: Place, pairs: tuple[bytes, ...]) -> Draft:
        """The draft with one place filled anew."""
        return replace(self, url=pairs) if place == "url" else replace(self, body=pairs)

    def request(self) -> Request:
        """The message."""
        headers = () if self.content_type is None or not self.body else ((b"Content-Type", self.content_type),)
        return Request(
            self.base.path, b"&".join(self.url), b"&".join(self.body), self.method, headers, scope=self.base.scope
        )


def draft(base: Base, *, by_form: bool) -> Draft:
    """The unmutated request."""
    pairs = tuple(base.form.split(b"&"))
    return Draft(base, (), pairs, b"POST") if by_form and base.takes_post else Draft(base, pairs)


class Mutation(Protocol):
    """One change."""

    def apply(self, draft: Draft) -> Draft:
        """The draft after it; unchanged where it does not apply."""


@dataclass(frozen=True, slots=True)
class Add:
    """An argument that nobody may set, somewhere among the others."""

    argument: bytes
    place: Place
    at: int

    def apply(self, draft: Draft) -> Draft:
        """Insert it."""
        pairs = draft.pairs(self.place)
        at = self.at % (len(pairs) + 1)
        return draft.put(self.place, (*pairs[:at], self.argument, *pairs[at:]))


@dataclass(frozen=True, slots=True)
class Repeat:
    """An argument given once more, here or in the other place."""

    source: Place
    at: int
    place: Place

    def apply(self, draft: Draft) -> Draft:
        """Append the copy."""
        pairs = draft.pairs(self.source)
        if not pairs:
            return draft
        return draft.put(self.place, (*draft.pairs(self.place), pairs[self.at % len(pairs)]))


@dataclass(frozen=True, slots=True)
class Move:
    """An argument taken from one place and given in the other."""

    source: Place
    at: int

    def apply(self, draft: Draft) -> Draft:
        """Move it to the end of the other place."""
        pairs = draft.pairs(self.source)
        if not pairs:
            return draft
        at = self.at % len(pairs)
        other: Place = "body" if self.source == "url" else "url"
        moved = draft.put(self.source, (*pairs[:at], *pairs[at + 1 :]))
        return moved.put(other, (*draft.pairs(other), pairs[at]))


@dataclass(frozen=True, slots=True)
class Encode:
    """One argument with more characters percent-encoded than need be, in either case; as often as asked."""

    place: Place
    at: int
    mask: int
    lower: bool
    times: int = 1

    def apply(self, draft: Draft) -> Draft:
        """Encode those unreserved characters whose position the mask picks; encoded twice it is another text."""
        pairs = draft.pairs(self.place)
        if not pairs:
            return draft
        at = self.at % len(pairs)
        name, separator, value = pairs[at].partition(b"=")
        keeps_name = self.times > 1 and unquote_to_bytes(name) in _OPTIONAL
        for _ in range(self.times):
            name, value = name if keeps_name else self._encoded(name), self._encoded(value)
        return draft.put(self.place, (*pairs[:at], name + separator + value, *pairs[at + 1 :]))

    def _encoded(self, text: bytes) -> bytes:
        form = b"%%%02x" if self.lower else b"%%%02X"
        inside = 0  # the rest of an escape that is there already
        out = bytearray()
        for index, code in enumerate(text):
            character = bytes((code,))
            if character == b"%" and self.times == 1:
                inside = 3
            picked = inside == 0 and character != b"+" and self.mask >> (index % 16) & 1
            out += form % code if picked else character
            inside = max(0, inside - 1)
        return bytes(out)


@dataclass(frozen=True, slots=True)
class Fold:
    """The name of an argument in another case: an argument that nobody knows."""

    place: Place
    at: int

    def apply(self, draft: Draft) -> Draft:
        """Swap the case of the name."""
        pairs = draft.pairs(self.place)
        if not pairs:
            return draft
        at = self.at % len(pairs)
        name, separator, value = pairs[at].partition(b"=")
        if unquote_to_bytes(name) in _OPTIONAL or b"%" in name:
            return draft
        return draft.put(self.place, (*pairs[:at], name.swapcase() + separator + value, *pairs[at + 1 :]))


@dataclass(frozen=True, slots=True)
class Send:
    """Another method."""

    method: bytes

    def apply(self, draft: Draft) -> Draft:
        """Set it."""
        return replace(draft, method=self.method)


@dataclass(frozen=True, slots=True)
class Label:
    """Another content type, or none."""

    content_type: bytes | None

    def apply(self, draft: Draft) -> Draft:
        """Set it."""
        return replace(draft, content_type=self.content_type)
