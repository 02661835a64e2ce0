"""Values as JSON that is the same, byte for byte, for the same value; and its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PLAIN: Final = frozenset({str, int, bool, type(None)})
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True).encode


def decimal_text(value: Decimal) -> str:
    """A decimal with at least two and no idle further decimals: `1.50`, `0.000463`, `100.00`; never an exponent."""
    whole, _, decimals = format(value, "f").partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    text = f"{whole}.{decimals}"
    return text.removeprefix("-") if not value else text


def plain(value: Any) -> Any:  # noqa: ANN401 - anything, as JSON
    """A value as what JSON has: dataclasses are objects, decimals are texts. A float is refused: it is no amount."""
    return _writer(type(value))(value)  # type: ignore[arg-type]  # mypy takes a class for unhashable


_BUILT_IN: Final[dict[type, Callable[[Any], Any]]] = {
    Decimal: decimal_text,
    list: lambda values: [plain(each) for each in values],
    tuple: lambda values: [plain(each) for each in values],
    dict: lambda values: {str(key): plain(each) for key, each in values.items()},
}


@cache
def _writer(kind: type) -> Callable[[Any], Any]:
    """How values of a kind become plain: found once, as ledgers have many rows."""
    if kind in _PLAIN:
        return lambda value: value
    if kind in _BUILT_IN:
        return _BUILT_IN[kind]
    if issubclass(kind, Enum):
        return attrgetter("_value_")
    names = tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
    if not names:
        raise TypeError(f"{kind.__name__} has no canonical form")
    read = attrgetter(*names)
    if len(names) == 1:
        return lambda value: {names[0]: plain(read(value))}
    # Most fields of most rows are plain already.
    return lambda value: {
        name: each if type(each) in _PLAIN else plain(each) for name, each in zip(names, read(value), strict=True)
    }


def canonical(value: object) -> bytes:
    """UTF-8 JSON without spaces, keys sorted."""
    made = plain(value)
    try:
        return orjson.dumps(made, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # Whole numbers of more than 64 bits, which it does not write; in all else the two write the same bytes.
        return _encode(made).encode()


def sha256(content: bytes) -> str:
    """In lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def lines(values: Iterable[object]) -> bytes:
    """One canonical value a line."""
    return b"".join(canonical(value) + b"\n" for value in values)
