"""Timestamped signatures of webhooks: `t=<unix seconds>,v1=<hex HMAC-SHA-256 of "<t>.<body>">`, several v1 allowed."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from core.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER: Final = "Starform-Signature"
_TIME: Final = re.compile(r"[1-9]\d{0,11}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LONGEST: Final = 1_000
# One sentence for every reason that has to do with the secret: nothing can be learnt by trying.
_REFUSAL: Final = f"{HEADER}: no valid signature; sign with the current secret"


def sign(secret: bytes, body: bytes, second: int) -> str:
    """The header's value for a body that is sent at a UTC second."""
    return f"t={second},v1={_code(secret, body, str(second))}"


def verify(header: str, body: bytes, secrets: Sequence[bytes], now: int, window: int) -> None:
    """Take a body that one of the secrets has signed within `window` seconds before or after `now`.

    Raises:
        Unauthenticated: malformed, signed by nobody we know, or at another time; nothing of it is repeated.
    """
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")] if len(header) <= _LONGEST else []
    times = [value for key, value in pairs if key == "t"]
    signatures = [value for key, value in pairs if key == "v1"]
    if len(times) != 1 or _TIME.fullmatch(times[0]) is None or not signatures:
        raise Unauthenticated(f"{HEADER}: write it as t=<unix seconds>,v1=<hex HMAC-SHA-256>")
    # Every secret is tried with every signature, so that time tells nothing about which one fits.
    good = [
        hmac.compare_digest(_code(secret, body, times[0]), signature)
        for secret in secrets
        for signature in signatures
        if _SIGNATURE.fullmatch(signature)
    ]
    if not any(good):
        raise Unauthenticated(_REFUSAL)
    if abs(now - int(times[0])) > window:
        raise Unauthenticated(f"{HEADER}: signed more than {window} seconds from now; sign it anew, check the clock")


def _code(secret: bytes, body: bytes, second: str) -> str:
    return hmac.new(secret, f"{second}.".encode() + body, hashlib.sha256).hexdigest()
