"""Files that a prediction reads, as plain values: bounded, however large, torn or deeply nested they are."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest
from rules.check.node import Unreadable, documents

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from rules.check.node import Node

MOST_BYTES: Final = 4 * 1024 * 1024
_SHOWN: Final = 80
_TRUTH: Final = {
    "true": True,
    "yes": True,
    "on": True,
    "y": True,
    "false": False,
    "no": False,
    "off": False,
    "n": False,
}


def text_of(path: Path) -> str:
    """What a regular file holds.

    Raises:
        BadRequest: it cannot be read, is no text, or too large to be a configuration.
    """
    try:
        if not path.is_file():
            raise BadRequest("is no file; name a file or a folder")
        if path.stat().st_size > MOST_BYTES:
            raise BadRequest(f"is larger than {MOST_BYTES >> 20} MiB; name the gateway's own configuration")
        return path.read_text(encoding="utf-8-sig")
    except OSError as failure:
        raise BadRequest(f"cannot be read: {failure.strerror}") from failure
    except UnicodeDecodeError as failure:
        raise BadRequest("is neither YAML nor JSON: it is not UTF-8") from failure


def mappings(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML or JSON text that are mappings, as plain values.

    Raises:
        BadRequest: it is neither; the message names the line.
    """
    try:
        # One that a file refers to many times is converted once, and shared.
        read: dict[int, Any] = {}
        values = [_plain(root, read) for root in documents(text)]
    except Unreadable as failure:
        hint = "; render the template first" if "{{" in text else ""
        raise BadRequest(f"is neither YAML nor JSON: line {failure.line}: {failure.why}{hint}") from failure
    except RecursionError as failure:
        raise BadRequest("is neither YAML nor JSON: it is nested too deep") from failure
    return [value for value in values if isinstance(value, dict)]


def mapping(value: object, name: str) -> dict[str, Any]:
    """`value`, which must be a mapping, or nothing at all.

    Raises:
        BadRequest: it is something else; the message says what `name` must be.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"{name}: must be a mapping, not {shown(value)}")
    return value


def known(value: dict[str, Any], name: str, keys: Collection[str]) -> None:
    """Whether `value` has no other keys than these.

    Raises:
        BadRequest: it has; the message names one.
    """
    for key in value:
        if key not in keys:
            raise BadRequest(f"{name}: {shown(key)} is unknown; known are {', '.join(sorted(keys))}")


def sequence(value: object, name: str) -> list[Any]:
    """`value`, which must be a list, or nothing at all.

    Raises:
        BadRequest: it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRequest(f"{name}: must be a list, not {shown(value)}")
    return value


def truth(value: object, name: str) -> bool:
    """`value`, which must be true, false, or nothing at all.

    Raises:
        BadRequest: it is something else.
    """
    if value is not None and not isinstance(value, bool):
        raise BadRequest(f"{name}: must be true or false, not {shown(value)}")
    return bool(value)


def shown(value: object) -> str:
    """A value as its file has it, short enough for a message."""
    try:
        text = json.dumps(value, ensure_ascii=True)
    except (RecursionError, ValueError):
        text = "something nested too deep"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _plain(node: Node, read: dict[int, Any]) -> Any:  # noqa: ANN401 - whatever a document holds
    if id(node) not in read:
        match node.tag:
            case "map":
                value: Any = {key: _plain(one, read) for key, one in node.entries.items()}
            case "seq":
                value = [_plain(one, read) for one in node.items]
            case "null":
                value = None
            case "bool":
                value = _TRUTH[node.text.lower()]
            case "int":
                value = _number(node.text, int)
            case "float":
                value = _number(node.text, float)
            case _:
                value = node.text
        read[id(node)] = value
    return read[id(node)]


def _number(text: str, kind: Callable[[str], int | float]) -> int | float | str:
    """A number as YAML writes the usual ones; the text of another, which is no number to Envoy either."""
    with contextlib.suppress(ValueError):
        return kind(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan"))
    return text
