"""What the catalogue is run against: a door, the recorder behind it, and a store that knows A alone."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.query.hostile import wire
from tests.query.hostile.outgoing import labels_of

if TYPE_CHECKING:
    from tests.query.hostile.recorder import HeaderRecorder
    from tests.query.hostile.request import Request
    from tests.query.hostile.wire import Answer
    from tests.query.platform import Tokens


@dataclass(frozen=True, slots=True)
class Target:
    """A door at `url` over a store with everybody's data; `alone_url` is a store that was loaded with only A's."""

    url: str
    tokens: Tokens
    recorder: HeaderRecorder
    alone_url: str

    def send(self, request: Request) -> tuple[Answer, ...]:
        """Every answer of the door to one message."""
        tokens = {field.name: getattr(self.tokens, field.name) for field in fields(self.tokens)}
        host = urlsplit(self.url).netloc
        return wire.exchange(_address(self.url), request.message(host.encode(), tokens))

    def ask_alone(self, request: Request) -> Answer:
        """What the store with only A's data answers to the same message, narrowed as far as the path narrows it."""
        host = urlsplit(self.alone_url).netloc
        if request.scope is not None and (narrower := labels_of(request.scope)[1:]):
            labels = "".join(f"extra_label={label}&" for label in narrower)
            request = replace(request, query=labels.encode() + request.query)
        answers = wire.exchange(_address(self.alone_url), request.message(host.encode(), {}, bare=True))
        return answers[0]


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0
