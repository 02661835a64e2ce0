"""Records of Fluent Bit and Vector cut out of their body, and what Kubernetes says of their pods out of them.

Most of a record is what Kubernetes says of its pod, and the records of a pod say the same of it, byte for byte: so that
is cut out, and read once for each pod. A cut is made where bytes stand that cannot stand within a text; whether they
stand at the outermost level, only a reader of what is left can tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from ingest import fluent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.fluent import Place

PLACE: Final = "kubernetes"
_FIRST_KEY: Final = re.compile(rb'\[\{("[^"\\]{1,64}":)')
_PLACE_FIRST: Final = b'"kubernetes":'
# A quote after a comma is not escaped, so that these bytes stand within no text.
_PLACE_BEGINS: Final = re.compile(rb'(?:^|, ?)"kubernetes": ?\{')


@dataclass(frozen=True, slots=True)
class Cut:
    """A body's records: each is `whole` of one of `inner`."""

    key: bytes
    inner: list[bytes]

    def whole(self, inner: bytes) -> bytes:
        """A record, or several with what stands between them, as they stood in the body."""
        return b"{%b%b}" % (self.key, inner)


@dataclass(frozen=True, slots=True)
class Placed:
    """Records without their places (`rest`, to be made `whole`): `place` is where in `places` each record's is."""

    rest: Sequence[bytes]
    place: Sequence[int]
    places: Sequence[Place]


def records(body: bytes) -> Cut | None:
    """The records, when the body's own form shows where each begins; a guess that only a reader can confirm."""
    if body.startswith(b"{"):
        text = body.removesuffix(b"\n")
        inner = text.split(b"}\n{")
        if not text.endswith(b"}") or text.count(b"\n") != len(inner) - 1:
            return None
        return Cut(b"", _trimmed(inner, 1, 1))
    first = _FIRST_KEY.match(body)
    if first is None or not body.endswith(b"}]") or b"\n" in body:
        return None
    # Records of one agent begin with the same key, and no text within a record holds a quote that is not escaped.
    inner = _trimmed(body.split(b"},{" + first[1]), first.end(), 2)
    if first[1] == _PLACE_FIRST:
        return Cut(b"", [_PLACE_FIRST + one for one in inner])
    return Cut(first[1], inner)


def _trimmed(inner: list[bytes], begin: int, end: int) -> list[bytes]:
    """The same without so many bytes before the first and after the last."""
    inner[0] = inner[0][begin:]
    inner[-1] = inner[-1][:-end]
    return inner


def placed(cut: Cut, read: frozenset[str]) -> Placed | None:
    """The records apart from their places, when nothing that is `read` of them stands in both.

    What is left of a record, made whole, must be an object; a place is one, too: hence so is the record, if anything is
    left of it.

    Raises:
        ValueError: a place is no JSON.
    """
    begin, behind = _around_place(cut, read)
    if not begin:
        return Placed(cut.inner, [0] * len(cut.inner), [fluent.NOWHERE])
    parts = [one.partition(begin) for one in cut.inner]
    rest = [before for before, _, _ in parts]
    tails = [after if found else None for _, found, after in parts]
    if begin.startswith(b'"') and any(rest):
        # The quote may be one that is escaped.
        return None
    if behind:
        parts = [(tail or b"").partition(b"}" + behind) for tail in tails]
        # Nothing but a bracket before a place could have put it into another object than the record.
        if any(found and (b"{" in before or b"[" in before) for before, (_, found, _) in zip(rest, parts, strict=True)):
            return None
        between = behind if begin.startswith(b",") else behind[1:]
        rest = [
            before + between + after if found else before for before, (_, found, after) in zip(rest, parts, strict=True)
        ]
        tails = [one + b"}" if found else tail for tail, (one, found, _) in zip(tails, parts, strict=True)]
    numbers: dict[bytes | None, int] = {}
    place = [numbers.setdefault(tail, len(numbers)) for tail in tails]
    places = []
    for tail in numbers:
        fields = {} if tail is None else orjson.loads(b'{"kubernetes":{%b}' % tail)
        if not read.isdisjoint(fields.keys() - {PLACE}):
            return None
        places.append(fluent.place(fields.get(PLACE)))
    return Placed(rest, place, places)


def _around_place(cut: Cut, read: frozenset[str]) -> tuple[bytes, bytes]:
    """How a record's place begins, and how what is behind it does, if any of it is `read`: as in the first."""
    begin = _PLACE_BEGINS.search(cut.inner[0])
    if begin is None:
        return b"", b""
    names = list(orjson.loads(cut.whole(cut.inner[0])))
    after = names[names.index(PLACE) + 1 :] if PLACE in names else []
    is_read = not read.isdisjoint(after) and after[0].isidentifier()
    return begin[0], b',"%b":' % after[0].encode() if is_read else b""
