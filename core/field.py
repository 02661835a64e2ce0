"""What the control store accepts as a name, a label, a subject, a choice and a time; every refusal names the field."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Final, TypeVar

from core.errors import BadRequest
from core.tenant import is_environment

if TYPE_CHECKING:
    from datetime import datetime
    from enum import StrEnum

    Choice = TypeVar("Choice", bound=StrEnum)

_NAME: Final = 100
_SUBJECT: Final = 200
_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)


def name(text: str, field: str = "name") -> str:
    """A name for people: 1 to 100 printable characters, no space around them."""
    return _printable(text, field, _NAME)


def subject(text: str) -> str:
    """Whom a role or a token belongs to: 1 to 200 printable characters, no space around them."""
    return _printable(text, "subject", _SUBJECT)


def label(text: str, field: str) -> str:
    """A name for machines (region, tier, cluster): an RFC 1123 label of 1 to 63 characters."""
    if not _LABEL.fullmatch(text):
        raise BadRequest(f"{field}: not a label; use 1 to 63 of a-z, 0-9 and '-', neither first nor last a '-'")
    return text


def environment(text: str, field: str = "environment") -> str:
    """An environment's name, as `core.tenant` defines it."""
    if not is_environment(text):
        raise BadRequest(f"{field}: not a legal name; use 1 to 30 of a-z, 0-9 and '-', neither first nor last a '-'")
    return text


def choice(kind: type[Choice], text: str, field: str) -> Choice:
    """A member of an enumeration by its text."""
    try:
        return kind(text)
    except ValueError:
        raise BadRequest(f"{field}: {text!r} is unknown; choose one of {', '.join(kind)}") from None


def instant(value: datetime, field: str) -> datetime:
    """A point in time that says which zone it is of, in UTC."""
    if value.tzinfo is None:
        raise BadRequest(f"{field}: has no time zone; write it with one, such as 2026-01-31T00:00:00Z")
    return value.astimezone(UTC)


def _printable(text: str, field: str, longest: int) -> str:
    if not text.isprintable() or text != text.strip() or not 1 <= len(text) <= longest:
        raise BadRequest(f"{field}: use 1 to {longest} printable characters, without spaces around them")
    return text
