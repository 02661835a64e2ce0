"""Labels: which ones a stream has, how an attribute's key is written as one, what a matcher on one means."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest
from core.tenant import canonical_id
from query.logs import level
from query.logs.expression import Builtin, Expression, Is, IsLike, LabelEqual, LabelLike, Level
from query.logs.grammar import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The same names as on metrics, so that one panel's variables serve both.
PROJECT: Final = "project_id"
BUILTINS: Final = {
    "environment": Builtin.ENVIRONMENT,
    "service_id": Builtin.SERVICE,
    "level": Builtin.LEVEL,
    "source": Builtin.SOURCE,
    "pod": Builtin.POD,
    "container": Builtin.CONTAINER,
}
STREAM: Final = (PROJECT, *BUILTINS)
# Loki's own name for a level that it found itself.
ALIASES: Final = {"detected_level": "level"}
TRACE: Final = "trace_id"

# Matches no record, whatever its severity.
NOTHING: Final = Level(1, 0)

_UNNAMED: Final = re.compile(r"[^A-Za-z0-9_]", re.ASCII)
_SPELLINGS: Final = "_.-"
# Names with more underscores are looked for in one spelling at a time.
_MIXED: Final = 3
_TRACE: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NO_TRACE: Final = "0" * 32


def named(key: str) -> str:
    """An attribute's key as a label's name."""
    name = _UNNAMED.sub("_", key)
    return f"_{name}" if name[:1].isdigit() or not name else name


def keys_of(name: str) -> tuple[str, ...]:
    """The attributes that a label's name may stand for: an underscore may be one, a dot or a dash."""
    parts = name.split("_")
    joints = (
        product(_SPELLINGS, repeat=len(parts) - 1)
        if len(parts) <= _MIXED + 1
        else ([sign] * (len(parts) - 1) for sign in _SPELLINGS)
    )
    found = ("".join(part + sign for part, sign in zip(parts, [*joint, ""], strict=True)) for joint in joints)
    return tuple(dict.fromkeys(found))


def labels_of(row: Sequence[Any]) -> dict[str, str]:
    """The labels of the stream of a record, from a row of `sql/logs/columns.sql`."""
    project, environment, service, _, _, severity, source, pod, container, *_ = row
    return {
        PROJECT: str(project),
        "environment": environment,
        "service_id": str(service),
        "level": level.name_of(severity),
        "source": source,
        "pod": pod,
        "container": container,
    }


def metadata_of(row: Sequence[Any]) -> dict[str, str]:
    """What a record has beside its stream's labels: its attributes and its trace, under names that LogQL can say."""
    trace, attributes = row[9], row[11]
    found = {} if trace == _NO_TRACE else {TRACE: trace}
    # Of two keys that are written alike, the first keeps the name.
    for key, value in attributes.items():
        name = named(key)
        if name not in STREAM:
            found.setdefault(name, value)
    return found


def equal(name: str, value: str) -> Expression:
    """`name="value"`, as a record's label or, of any other name, its attribute."""
    if name == TRACE:
        text = value or _NO_TRACE
        return Is(Builtin.TRACE, text) if _TRACE.fullmatch(text) else NOTHING
    field = BUILTINS.get(ALIASES.get(name, name))
    match field:
        case None:
            return LabelEqual(keys_of(name), value)
        case Builtin.LEVEL:
            bounds = level.bounds(value) if value in level.NAMES else None
            return NOTHING if bounds is None else Level(*bounds)
        case Builtin.SERVICE:
            return Is(field, value) if _is_id(value) else NOTHING
        case Builtin.SOURCE:
            return Is(field, value) if value in SOURCES else NOTHING
        case _:
            return Is(field, value)


def like(name: str, pattern: str) -> Expression:
    """`name=~"pattern"`: a pattern matches the whole of a value."""
    whole = f"^(?-s:{pattern})$"
    field = BUILTINS.get(ALIASES.get(name, name))
    return LabelLike(keys_of(name), whole) if field is None else IsLike(field, whole)


def _is_id(text: str) -> bool:
    try:
        return canonical_id(text) == text
    except BadRequest:
        return False


def shown(labels: Mapping[str, str]) -> str:
    """Labels as LogQL writes them."""
    pairs = (f'{name}="{value.translate(_ESCAPES)}"' for name, value in sorted(labels.items()))
    return "{" + ", ".join(pairs) + "}"


_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})
