"""JSON as agents write it: what a strict reader refuses is mended, and costs no record beside it."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

# Deeper than this no value is written, and none is read that the usual reader refuses for its depth.
DEEPEST: Final = 200
# The longest integer of 64 bits.
_MOST_DIGITS: Final = 20
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]', re.DOTALL)


def loaded(text: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The value of a JSON text; `None` when it is not readable, as `null` is no record either."""
    try:
        return orjson.loads(text)
    except ValueError:
        pass
    # What a strict reader refuses: bytes that are no UTF-8, halves of surrogate pairs, NaN, a value that is nested too
    # deeply. None of them may cost a record; what cannot be stored becomes the replacement character.
    try:
        return _lenient(text)
    except ValueError:
        return None
    except RecursionError:
        pass
    try:
        return _lenient(_cut(text))
    except (ValueError, RecursionError):
        return None


def written(value: object) -> bytes:
    """A JSON value as text; what is nested too deeply to be written is an empty object."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_shallow(value, DEEPEST))


def _lenient(text: bytes) -> object:
    return _mended(json.loads(text.decode("utf-8", "replace"), parse_int=_integer))


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def _mended(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_mended(item) for item in value]
        case dict():
            return {str(_mended(key)): _mended(item) for key, item in value.items()}
        case float() if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN alone differs from itself
            return str(value)
        case int() if not -(2**63) <= value < 2**64:
            return str(value)
        case _:
            return value


def _shallow(value: object, left: int) -> object:
    match value:
        case list() | dict() if not left:
            return {}
        case list():
            return [_shallow(item, left - 1) for item in value]
        case dict():
            return {key: _shallow(item, left - 1) for key, item in value.items()}
        case _:
            return value


def _cut(text: bytes) -> bytes:
    """The text with an empty object for whatever is nested more than `DEEPEST` deep."""
    kept = bytearray()
    depth = position = 0
    for token in _TOKEN.finditer(text):
        if token[0] in b"[{":
            depth += 1
            if depth == DEEPEST + 1:
                kept += text[position : token.start()] + b"{}"
        elif token[0] in b"]}":
            depth -= 1
            if depth == DEEPEST:
                position = token.end()
    # What is never closed is no JSON, with its end or without.
    return bytes(kept) + text[position:] if depth <= DEEPEST else b""
