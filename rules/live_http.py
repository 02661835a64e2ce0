"""Bounded questions to running programs: how many may be sent, how large an answer may be, how long one may take."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_QUESTIONS: Final = 60
_MOST_BYTES: Final = 64 * 1024 * 1024
_SECONDS: Final = 10
_PRINTABLE: Final = re.compile(r"[!-~]+", re.ASCII)


def is_address(url: str) -> bool:
    """Whether `url` is the address of a program: http or https, a host, and no credential, argument or blank."""
    try:
        parts = urllib.parse.urlsplit(url)
        # Reading the port says whether it is one.
        return (
            _PRINTABLE.fullmatch(url) is not None
            and parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and not ("@" in parts.netloc or parts.query or parts.fragment)
        )
    except ValueError:
        return False


class _Stay(urllib.request.HTTPRedirectHandler):
    """A token is for the program it was given for: nobody is followed elsewhere."""

    def redirect_request(self, *_: object) -> None:
        """None: the answer counts as an error."""


_OPENER: Final = urllib.request.build_opener(_Stay)


@dataclass(slots=True)
class Asker:
    """Asks programs of one region; `asked` counts the questions, of which there are at most `MOST_QUESTIONS`."""

    token: str | None = None
    asked: int = field(default=0, init=False)

    def get(self, url: str, arguments: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - any JSON
        """The JSON at `url`, with `arguments` as a form.

        Raises:
            Unavailable: nothing answers there, the answer is an error or too large, or enough was asked.
        """
        if self.asked >= MOST_QUESTIONS:
            raise Unavailable(f"{_place(url)}: not asked, for {MOST_QUESTIONS} questions were sent already")
        self.asked += 1
        body = None if arguments is None else urllib.parse.urlencode(arguments).encode()
        request = urllib.request.Request(url, body)  # noqa: S310 - http or https, see `Place`
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with _OPENER.open(request, timeout=_SECONDS) as answer:
                text: bytes = answer.read(_MOST_BYTES + 1)
        except urllib.error.HTTPError as failure:
            failure.close()
            raise Unavailable(f"{_place(url)}: answered with status {failure.code}") from failure
        except (OSError, http.client.HTTPException) as failure:
            raise Unavailable(f"{_place(url)}: does not answer") from failure
        if len(text) > _MOST_BYTES:
            raise Unavailable(f"{_place(url)}: the answer is larger than {_MOST_BYTES} bytes")
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as failure:
            raise Unavailable(f"{_place(url)}: the answer is no JSON") from failure


def _place(url: str) -> str:
    """What is said of an address: no argument, no credential."""
    return url.partition("?")[0]
