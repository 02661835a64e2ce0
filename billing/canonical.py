"""Values as JSON that is the same, byte for byte, for the same value; and its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is Decimal:
        return decimal_text(value)
    if kind is tuple or kind is list:
        return [plain(each) for each in value]
    if kind is dict:
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Enum):
        return value.value
    if names := _names(kind):  # type: ignore[arg-type]  # mypy takes a class for unhashable
        return {name: plain(getattr(value, name)) for name in names}
    raise TypeError(f"{kind.__name__} has no canonical form")


@cache
def _names(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass, which are asked for once per class, as ledgers have many rows."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def canonical(value: object) -> bytes:
    """UTF-8 JSON without spaces, keys sorted."""
    return _encode(plain(value)).encode()


def sha256(content: bytes) -> str:
    """In lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def lines(values: Iterable[object]) -> bytes:
    """One canonical value a line."""
    return b"".join(canonical(value) + b"\n" for value in values)
