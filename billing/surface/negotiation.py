"""What an Accept header wants of what there is (RFC 9110, 12.5.1): the most preferred, never what it refuses."""

from __future__ import annotations

import re
from email.message import Message
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.request import parse_http_list

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUALITY: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?", re.ASCII)
_ANY: Final = "*"


class _Range(NamedTuple):
    """One range of the header; `text/*` and `*/*` are less specific than a type."""

    type: str
    quality: float
    place: int

    @property
    def specificity(self) -> int:
        main, _, sub = self.type.partition("/")
        return (main != _ANY) + (sub != _ANY)

    def has(self, kind: str) -> bool:
        main, _, sub = self.type.partition("/")
        own, _, own_sub = kind.partition("/")
        return main in {_ANY, own} and sub in {_ANY, own_sub}


def preferred(accept: str, offered: Mapping[str, str], default: str) -> str:
    """The name of the media type that is wanted most; `offered` are names by types.

    Of those that are wanted alike, the one that is named more exactly, or earlier, or the default. Where nothing that
    there is is wanted, it is the default: a header that cannot be fulfilled is disregarded.
    """
    ranges = [_range(text, place) for place, text in enumerate(parse_http_list(accept))]
    wanted = []
    for place, (kind, name) in enumerate(offered.items()):
        matching = [each for each in ranges if each is not None and each.has(kind)]
        if matching:
            # The most exact range alone says how much a type is wanted.
            best = max(matching, key=lambda each: (each.specificity, -each.place))
            if best.quality > 0:
                wanted.append(((best.quality, best.specificity, -best.place, name == default, -place), name))
    return max(wanted)[1] if wanted else default


def _range(text: str, place: int) -> _Range | None:
    """A range of the header; `None` for what is none."""
    head = Message()
    head["content-type"] = text
    # Not `get_content_type`, which takes what it does not know for text/plain.
    kind = text.partition(";")[0].strip().lower()
    quality = str(head.get_param("q", "1"))
    if "/" not in kind or _QUALITY.fullmatch(quality) is None:
        return None
    return _Range(kind, float(quality), place)
