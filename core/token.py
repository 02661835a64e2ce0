"""An API token's text: `sm_`, 30 random base62 characters, and a checksum that refuses typing errors offline."""

from __future__ import annotations

import re
import secrets
import string
import zlib
from hashlib import sha256
from typing import Final

from core.errors import Unauthenticated

_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM: Final = 30  # 62**30 > 2**178
_CHECKSUM: Final = 6  # 62**6 > 2**32

# What people and secret scanners may look for.
PATTERN: Final = rf"sm_[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}"
_TOKEN: Final = re.compile(rf"sm_([0-9A-Za-z]{{{_RANDOM}}})([0-9A-Za-z]{{{_CHECKSUM}}})", re.ASCII)

# How much of a token is kept and shown so that people can tell theirs apart; 22 unknown characters (130 bits) remain.
PREFIX_LENGTH: Final = len("sm_") + 8

# One sentence for every reason, so that an answer never tells which part of a guess was right.
REFUSAL: Final = "no valid credential; send an API token that is neither expired nor revoked"


def issue() -> str:
    """A new token of 39 characters from the operating system's random source."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"sm_{body}{_checksum(body)}"


def digest(text: str) -> str:
    """The SHA-256 of a well-formed token, 64 hex digits: the only form that is stored or looked up.

    The token carries 178 random bits, so a plain hash cannot be reversed by guessing and needs no salt.

    Raises:
        Unauthenticated: wrong form or checksum; nothing of `text` is echoed.
    """
    found = _TOKEN.fullmatch(text)
    if found is None or _checksum(found[1]) != found[2]:
        raise Unauthenticated(REFUSAL)
    return sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    """The CRC-32 of the random characters in six base62 digits, most significant first."""
    value = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM):
        value, digit = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
