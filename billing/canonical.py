"""Values as JSON that is the same, byte for byte, for the same value; and its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def decimal_text(value: Decimal) -> str:
    """A decimal with at least two and no idle further decimals: `1.50`, `0.000463`, `100.00`; never an exponent."""
    whole, _, decimals = format(value, "f").partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    text = f"{whole}.{decimals}"
    return text.removeprefix("-") if not value else text


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """A value as what JSON has: dataclasses are objects, decimals are texts. A float is refused: it is no amount."""
    match value:
        case Enum():
            return value.value
        case None | bool() | str() | int():
            return value
        case Decimal():
            return decimal_text(value)
        case dict():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _ if is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical(value: object) -> bytes:
    """UTF-8 JSON without spaces, keys sorted."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    return text.encode()


def sha256(content: bytes) -> str:
    """In lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def lines(values: Iterable[object]) -> bytes:
    """One canonical value a line."""
    return b"".join(canonical(value) + b"\n" for value in values)
