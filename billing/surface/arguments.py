"""The arguments of a read of usage, read once and strictly: each is known, given once, and well-formed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from billing.hour import iso
from core.errors import BadRequest
from core.tenant import is_canonical_id, is_environment
from query.form import Form
from query.logs.moment import SECOND, nanoseconds

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_MOST_URL_BYTES: Final = 8 * 1024
_SHOWN: Final = 40
_REGION: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
# The last second that the ledger's columns can hold.
LAST: Final = 2**32 - 1


class Arguments:
    """The arguments of one request.

    Raises:
        BadRequest: one is unknown or given twice, the URL is no form, or it is too long.
    """

    def __init__(self, query_string: bytes, allowed: Collection[str]) -> None:
        if len(query_string) > _MOST_URL_BYTES:
            raise BadRequest(f"URL: arguments longer than {_MOST_URL_BYTES} bytes; shorten them")
        self._form = Form(query_string)
        names = {unquote_plus(piece.partition("=")[0]) for piece in query_string.decode().split("&")} - {""}
        if unknown := sorted(names - set(allowed)):
            shown = ", ".join(name[:_SHOWN] if name.isprintable() else "one unprintable" for name in unknown[:5])
            raise BadRequest(f"{shown}: no such argument; use {', '.join(allowed)}")
        # A duplicate is refused even where the argument would not be looked at.
        self._values = {name: self._form.scalar(name) for name in allowed}

    def text(self, name: str) -> str | None:
        """An argument's value; `None` when it is absent or empty."""
        return self._values[name]

    def canonical(self, names: Collection[str]) -> str:
        """Those of the arguments that are given, in one spelling: what cursors and tags are bound to."""
        return "\n".join(f"{name}={self._values[name]}" for name in sorted(names) if self._values[name] is not None)

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """One of a few words.

        Raises:
            BadRequest: it is none of them.
        """
        text = self.text(name)
        if text is not None and text not in choices:
            raise BadRequest(f"{name}: must be one of {', '.join(choices)}")
        return default if text is None else text

    def choices(self, name: str, choices: Sequence[str], default: Sequence[str]) -> tuple[str, ...]:
        """Some of a few words, each once, separated by commas; in the order of `choices`.

        Raises:
            BadRequest: one is none of them, or is there twice.
        """
        text = self.text(name)
        given = list(default) if text is None else text.split(",")
        if len(set(given)) != len(given) or not set(given) <= set(choices):
            raise BadRequest(f"{name}: must be some of {', '.join(choices)}, each once, separated by commas")
        return tuple(each for each in choices if each in given)

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`.

        Raises:
            BadRequest: it is none.
        """
        text = self.text(name)
        if text is None:
            return min(default, most)
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
            raise BadRequest(f"{name}: must be a whole number from 1 to {most}")
        return int(text)

    def id(self, name: str) -> str | None:
        """A canonical id.

        Raises:
            BadRequest: it is none.
        """
        text = self.text(name)
        if text is not None and not is_canonical_id(text):
            raise BadRequest(f"{name}: not a canonical id; write it as a lower-case hyphenated UUID")
        return text

    def environment(self, name: str) -> str | None:
        """An environment's name.

        Raises:
            BadRequest: no environment can be called so.
        """
        text = self.text(name)
        if text is not None and not is_environment(text):
            raise BadRequest(f"{name}: no environment has such a name; use lower-case letters, digits and hyphens")
        return text

    def region(self, name: str) -> str | None:
        """A region's name.

        Raises:
            BadRequest: no region can be called so.
        """
        text = self.text(name)
        if text is not None and _REGION.fullmatch(text) is None:
            raise BadRequest(f"{name}: no region has such a name; use lower-case letters, digits and hyphens")
        return text

    def moment(self, name: str, whole: int, unit: str) -> int | None:
        """A time that begins a span of `whole` seconds (called `unit`), in UTC seconds.

        Raises:
            BadRequest: it is no time, or lies within such a span.
        """
        text = self.text(name)
        if text is None:
            return None
        second, rest = divmod(nanoseconds(name, text), SECOND)
        if not 0 <= second <= LAST:
            raise BadRequest(f"{name}: out of range; give a time from {iso(0)} to {iso(LAST)}")
        if rest or second % whole:
            raise BadRequest(f"{name}: must be the beginning of a UTC {unit}")
        return second
