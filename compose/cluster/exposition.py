"""The Prometheus text exposition format: families of samples, written as exporters write them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class Family:
    """One metric's samples under its HELP and TYPE lines."""

    name: str
    kind: str
    about: str
    _lines: list[str] = field(default_factory=list)

    def add(self, value: float, timestamp_ms: int | None = None, /, **labels: str) -> None:
        """Add one sample; labels are written in the given order, empty ones too, as the exporters do."""
        pairs = ",".join(f'{label}="{text.translate(_ESCAPES)}"' for label, text in labels.items())
        stamp = "" if timestamp_ms is None else f" {timestamp_ms}"
        self._lines.append(f"{self.name}{{{pairs}}} {value:.10g}{stamp}")

    def lines(self) -> Iterable[str]:
        """The family's lines; none when it has no sample."""
        if self._lines:
            yield f"# HELP {self.name} {self.about}"
            yield f"# TYPE {self.name} {self.kind}"
            yield from self._lines


def text(families: Iterable[Family]) -> str:
    """The families as the body of a scrape."""
    return "".join(f"{line}\n" for family in families for line in family.lines())
