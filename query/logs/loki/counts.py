"""Records and their bytes, counted by time and by labels in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from query.logs import level, moment
from query.logs.arguments import OverLimitError, Span
from query.logs.condition import compiled
from query.logs.loki import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from query.logs.loki.tree import Selection
    from query.logs.reader import LogReader

# Pairs of a label's name and its value; an empty value is none.
Labels = tuple[tuple[str, str], ...]

_MOST_GROUPS: Final = 100_000
_LEVEL: Final = "level"


@dataclass(frozen=True, slots=True)
class Count:
    """How many records, and of how many bytes of body."""

    records: int
    size: int

    def __add__(self, other: Count) -> Count:
        return Count(self.records + other.records, self.size + other.size)

    def __sub__(self, other: Count) -> Count:
        return Count(self.records - other.records, self.size - other.size)


NONE: Final = Count(0, 0)


@dataclass(frozen=True, slots=True)
class Buckets:
    """`amount` buckets of `step` nanoseconds; the first begins behind `origin`, and each ends with its last moment."""

    origin: int
    step: int
    amount: int

    @property
    def span(self) -> Span:
        """The moments in them."""
        return Span(self.origin + 1, min(self.origin + self.step * self.amount + 1, moment.LATEST))


async def counted(
    reader: LogReader, selection: Selection, buckets: Buckets, names: Sequence[str]
) -> Mapping[Labels, Mapping[int, Count]]:
    """Counts by labels and bucket; `names` are the labels that are told apart, all others are summed up.

    Raises:
        OverLimitError: there are too many of them.
    """
    streams = [name for name in dict.fromkeys(names) if _own(name) in label.STREAM]
    others = [name for name in dict.fromkeys(names) if _own(name) not in label.STREAM]
    rows = await reader.rows(
        "counts",
        [buckets.span.condition, *compiled(selection.expression)],
        origin=buckets.origin,
        step=buckets.step,
        labels=[label.STREAM.index(_own(name)) + 1 for name in streams],
        keys=[list(label.keys_of(name)) for name in others],
        limit=_MOST_GROUPS + 1,
    )
    if len(rows) > _MOST_GROUPS:
        raise OverLimitError("query: counts of too many series and steps; group by fewer labels, or take a longer step")
    found: dict[Labels, dict[int, Count]] = {}
    for _, bucket, own, attributes, amount, size in rows:
        key = _labels(zip([*streams, *others], [*own, *attributes], strict=True))
        counts = found.setdefault(key, {})
        # Several severities have one level's name.
        counts[bucket] = counts.get(bucket, NONE) + Count(amount, size)
    return found


def _own(name: str) -> str:
    return label.ALIASES.get(name, name)


def _labels(pairs: Iterable[tuple[str, str]]) -> Labels:
    named = ((name, level.name_of(int(value)) if _own(name) == _LEVEL else value) for name, value in pairs)
    return tuple(sorted((name, value) for name, value in named if value))
