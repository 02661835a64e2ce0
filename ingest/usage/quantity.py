"""How Kubernetes writes amounts of a resource: `250m`, `1.5Gi`, `1e3`; read exactly, never through a float."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from core.errors import BadRequest

_TEXT: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<digits>\d+\.?\d*|\.\d+)(?P<suffix>Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,3}|)", re.ASCII
)
_LONGEST: Final = 64
_LARGEST: Final = 2**63 - 1
_THOUSAND: Final = 1000
_SCALE: Final = {
    "": Fraction(1),
    **{suffix: Fraction(1024) ** (power + 1) for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))},
    **{suffix: Fraction(1000) ** (power - 3) for power, suffix in enumerate(("n", "u", "m"))},
    **{suffix: Fraction(1000) ** (power + 1) for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"))},
}


def thousandths(text: str, field: str) -> int:
    """An amount in thousandths of its base unit (millicores, thousandths of a byte), rounded up as the API server does.

    Raises:
        BadRequest: no quantity, a negative one, or one beyond 2^63 - 1; the message names `field`.
    """
    match = _TEXT.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise BadRequest(
            f"{field}: {text[:_LONGEST]!r} is no Kubernetes quantity; write digits and one of n u m k M G T P E, "
            "Ki Mi Gi Ti Pi Ei, or an exponent such as e3"
        )
    amount = Fraction(match["digits"].rstrip(".")) * _scale(match["suffix"])
    if match["sign"] == "-" and amount:
        raise BadRequest(f"{field}: {text!r} is negative; a request is 0 or more")
    if amount > _LARGEST:
        raise BadRequest(f"{field}: {text!r} is more than 2^63 - 1; write a smaller quantity")
    return -(-amount * _THOUSAND // 1)


def _scale(suffix: str) -> Fraction:
    if suffix in _SCALE:
        return _SCALE[suffix]
    exponent = int(suffix[1:])
    return Fraction(10) ** exponent
