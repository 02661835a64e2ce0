"""One strict reading of a request's arguments, from its URL and its form together."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_plus

from core.errors import BadRequest

# No control character, and '%' only before two hex digits. Spaces and raw UTF-8 are taken as a command-line client
# sends them: everything is encoded anew before it goes on, so leniency here cannot change what is enforced.
_WELL_FORMED: Final = re.compile(rb"(?:[^%\x00-\x1f\x7f]|%[0-9A-Fa-f]{2})*+")
_MAX_FIELDS: Final = 256


class Form:
    """The arguments of one request: names to all their values, in the order given.

    Raises:
        BadRequest: the text is no well-formed `application/x-www-form-urlencoded` in UTF-8.
    """

    __slots__ = ("_values",)

    def __init__(self, url: bytes, body: bytes = b"") -> None:
        self._values: dict[str, list[str]] = {}
        for place, text in (("URL", url), ("body", body)):
            if text:
                self._add(place, text)

    def _add(self, place: str, text: bytes) -> None:
        if _WELL_FORMED.fullmatch(text) is None:
            raise BadRequest(f"{place}: not a well-formed form; percent-encode '%' and control characters")
        pieces = text.split(b"&")
        if len(pieces) > _MAX_FIELDS:
            raise BadRequest(f"{place}: more than {_MAX_FIELDS} arguments")
        try:
            for piece in pieces:
                name, _, value = piece.decode().partition("=")
                self._values.setdefault(_decoded(name), []).append(_decoded(value))
        except UnicodeDecodeError:
            raise BadRequest(f"{place}: not valid UTF-8") from None

    def scalar(self, name: str) -> str | None:
        """The one value of `name`; `None` when it is absent or empty.

        Raises:
            BadRequest: it was given more than once, in one place or in both, or contains a NUL.
        """
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise BadRequest(f"{name}: given {len(values)} times; give it once, in the URL or in the body")
        return _without_nul(name, values[0]) or None

    def all(self, *names: str) -> list[str]:
        """Every value of every spelling in `names`, as one list."""
        return [_without_nul(name, value) for name in names for value in self._values.get(name, ())]


def _decoded(text: str) -> str:
    """Undo the percent-encoding of a name or a value; most have none."""
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def _without_nul(name: str, value: str) -> str:
    if "\0" in value:
        raise BadRequest(f"{name}: contains a NUL character")
    return value
