"""A second reader of cluster names, by slicing and sets instead of regular expressions: what the laws compare with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

_DIGITS: Final = set("0123456789")
_HEX: Final = _DIGITS | set("abcdef")
_LABEL: Final = _DIGITS | set("abcdefghijklmnopqrstuvwxyz-")


class Attribution(NamedTuple):
    """What a stored series says of its origin."""

    project_id: str
    service_id: str
    environment: str
    namespace: str
    route_kind: str
    rule: int
    backend: int | None


class Example(NamedTuple):
    """A name from `names.json` and what must come of it: an attribution or a reason."""

    name: str
    why: str
    attribution: Attribution | None
    reason: str | None


def examples() -> list[Example]:
    """The hand-written names."""
    rows = json.loads((Path(__file__).parent / "names.json").read_text())
    return [
        Example(row["name"], row["why"], Attribution(**row["expect"]) if "expect" in row else None, row.get("reason"))
        for row in rows
    ]


def attribution(name: str) -> Attribution | None:
    """Whose `name` is; None for anything but a legal name."""
    segments = name.split("/")
    if len(segments) == 5:
        segments += ["backend", ""]
    if len(segments) != 7 or (segments[3], segments[5]) != ("rule", "backend"):
        return None
    kind, namespace, route, _, rule, _, backend = segments
    with_backend = name.count("/") == 6
    legal = (
        kind in {"httproute", "grpcroute"}
        and _is_label(namespace, 63)
        and len(route) > 65
        and set(route[:64]) <= _HEX
        and route[64] == "-"
        and _is_label(route[65:], 30)
        and _is_number(rule)
        and (_is_number(backend) if with_backend else True)
    )
    if not legal:
        return None
    return Attribution(
        str(UUID(hex=route[:32])),
        str(UUID(hex=route[32:64])),
        route[65:],
        namespace,
        kind,
        int(rule),
        int(backend) if with_backend else None,
    )


def _is_label(text: str, longest: int) -> bool:
    return 1 <= len(text) <= longest and set(text) <= _LABEL and text[0] != "-" and text[-1] != "-"


def _is_number(text: str) -> bool:
    return 1 <= len(text) <= 4 and set(text) <= _DIGITS and (text == "0" or text[0] != "0")
