"""What the catalogue's values must be: numbers, texts, lists of them; whatever else is said before they are judged."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from pydantic import TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

_TEXTS: Final = tuple[str, ...]
_NUMBERS: Final = tuple[float, ...]
_LONGEST: Final = 60
# Values that are instances of a dataclass of their module are held to its fields, alone or as items.
_EXPECTED: Final[Mapping[str, Mapping[str, Any]]] = {
    "catalogue": {
        "VERSION": str,
        "MOST_BUCKETS": int,
        **dict.fromkeys(("LATENCY_BUCKETS_MS", "SELF_BUCKETS_MS", "LATENCY_THRESHOLDS_MS"), _NUMBERS),
        **dict.fromkeys(("SELF_PREFIXES", "ROUTE_LABELS", "TOPOLOGY_LABELS", "CONTRACT_LABELS"), _TEXTS),
        "CUSTOMER_FAMILIES": tuple[Any, ...],
    },
    "pods": {
        **dict.fromkeys(("KUBELET_SERIES", "STATE_SERIES", "KUBELET_NOISE"), _TEXTS),
        "STATE_NOISE": tuple[tuple[tuple[str, ...], str], ...],
    },
    "budget": {"BUDGET": Any},
    "retention": {"METRICS_DAYS": int, "LOGS_DAYS": dict[str, int], "DEFAULT_TIER": str},
    "objective": {"OBJECTIVES": tuple[Any, ...], "BURNS": tuple[Any, ...]},
    "platform": {
        **dict.fromkeys(("NAMESPACES", "SERIES", "DENIED_LABELS", "SUSPECT_LABELS"), _TEXTS),
        **dict.fromkeys(("IDENTIFIER", "OWN_SERIES"), str),
    },
}


def ill_typed(name: str, module: ModuleType) -> Iterator[tuple[str, str]]:
    """The values of a module that are missing or of another type than is expected, and what is wrong with each."""
    for value, kind in _EXPECTED.get(name, {}).items():
        if not hasattr(module, value):
            yield value, "is missing; everything else goes by it"
            continue
        found = getattr(module, value)
        wrong = list(_wrong(found, kind))
        yield from ((value, what) for what in wrong)
        if not wrong:
            for item in found if isinstance(found, tuple) else (found,):
                yield from ((value, what) for what in _of_fields(item))


def _of_fields(value: Any) -> Iterator[str]:  # noqa: ANN401 - a value of the module under examination
    if is_dataclass(value) and not isinstance(value, type):
        hints = get_type_hints(type(value))
        for field in fields(value):
            yield from (f"{field.name} {what}" for what in _wrong(getattr(value, field.name), hints[field.name]))


def _wrong(value: Any, kind: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError as failure:
        for error in failure.errors(include_url=False):
            place = "".join(f"{part!s}: " for part in error["loc"])
            yield f"{place}{error['msg'].replace('Input should be', 'must be')}, not {_shown(error['input'])}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
