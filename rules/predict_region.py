"""The regions that a prediction is for: a name each, and what of its fleet differs from what is said of all."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest
from rules.predict import Fleet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_FIELDS: Final = {field.name: field for field in fields(Fleet)}
_TRUTH: Final = {"true": True, "yes": True, "false": False, "no": False}

# Where none is named, there is one, and this is what it is called.
UNNAMED: Final = "region"


def is_region(name: str) -> bool:
    """Whether a region may be called so."""
    return _NAME.fullmatch(name) is not None


def fleets(texts: Sequence[str], common: Mapping[str, Any]) -> dict[str, Fleet]:
    """The fleet of each region by its name; a text is `NAME` or `NAME:field=value,…`, `common` holds for all.

    Raises:
        BadRequest: a text is malformed, names a region twice, or leaves out how many routes there are.
    """
    found: dict[str, Fleet] = {}
    for text in texts or [UNNAMED]:
        name, _, rest = text.partition(":")
        if not is_region(name):
            raise BadRequest(
                f"region: {name!r} is no region's name; write NAME or NAME:field=value,field=value, the name in "
                "lower-case letters, digits and hyphens"
            )
        if name in found:
            raise BadRequest(f"region: {name} is given twice; give it once")
        own = dict(_pair(name, part) for part in rest.split(",") if part) if rest else {}
        merged = {**common, **own}
        if merged.get("routes") is None:
            raise BadRequest(f"routes: not given for {name}; say how many there are")
        found[name] = Fleet(**merged)
    return found


def _pair(region: str, part: str) -> tuple[str, Any]:
    key, has, text = part.partition("=")
    name = key.strip().replace("-", "_")
    field = _FIELDS.get(name)
    if not has or field is None:
        raise BadRequest(f"region: {region}: {key!r} is none of {', '.join(_FIELDS)}; write field=value")
    kind = int if field.default is MISSING else type(field.default)
    try:
        return name, _TRUTH[text.strip().lower()] if kind is bool else kind(text)
    except (KeyError, ValueError) as failure:
        wanted = {bool: "true or false", int: "a whole number"}.get(kind, "a number")
        raise BadRequest(f"region: {region}: {key} must be {wanted}, not {text!r}") from failure
