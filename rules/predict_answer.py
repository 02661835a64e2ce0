"""One prediction asked for: from which settings, beside what it was before, and held against the budgets."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest
from rules.catalogue import LATENCY_BUCKETS_MS, VERSION
from rules.predict import Fleet, Prediction, predict
from rules.predict_files import named, read
from rules.predict_table import as_text
from rules.predict_verdict import Line, Verdict, verdicts, worst

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LATENCY: Final = "cluster.httproute.upstream_rq_time"
_FIELDS: Final = tuple(field.name for field in fields(Prediction))
_MOST_BOUNDS: Final = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """A prediction for `fleet`, what it was `before` (if that was asked), and a line for each budget."""

    fleet: Fleet
    now: Prediction
    before: Prediction | None
    lines: list[Line]

    @property
    def is_over(self) -> bool:
        """Whether a budget does not hold it."""
        return worst(self.lines) is Verdict.OVER

    def as_text(self) -> str:
        """Tables for people."""
        return as_text(self.now, self.before, self.lines)

    def as_json(self) -> str:
        """One object for programs; `answer` takes it as `against` again."""
        document: dict[str, Any] = {
            "catalogue": VERSION,
            "fleet": asdict(self.fleet),
            "prediction": asdict(self.now),
            "budgets": [asdict(line) | {"share": round(line.share, 4)} for line in self.lines],
            "verdict": worst(self.lines),
        }
        if self.before is not None:
            document["against"] = asdict(self.before)
            document["difference"] = {name: getattr(self.now, name) - getattr(self.before, name) for name in _FIELDS}
        return json.dumps(document, indent=1)


def answer(
    fleet: Mapping[str, Any],
    *,
    matcher: str,
    buckets: int | None,
    deferred: bool,
    plan: str,
    files: Path | None,
    against: Path | None,
) -> Answer:
    """Predict for the `Fleet` of these fields.

    Raises:
        BadRequest: an argument or a file is wrong; the message names it.
    """
    described = Fleet(**fleet)
    settings = named(matcher, _bounds(buckets), deferred=deferred) if files is None else read(files)
    now = predict(described, settings)
    before = None if against is None else _before(against, described)
    return Answer(described, now, before, verdicts(now, len(settings.bounds_of(_LATENCY)), plan))


def _bounds(count: int | None) -> tuple[float, ...]:
    """Which ones they are matters to nothing but the length of their text."""
    if count is None:
        return LATENCY_BUCKETS_MS
    if not 1 <= count <= _MOST_BOUNDS:
        raise BadRequest(f"buckets: must be from 1 to {_MOST_BOUNDS}")
    return tuple(range(100, 100 * (count + 1), 100))


def _before(path: Path, fleet: Fleet) -> Prediction:
    """What `path` says: an earlier prediction as it was, or another configuration of the same fleet."""
    if path.is_file() and path.suffix == ".json":
        try:
            earlier = json.loads(path.read_text())
        except (OSError, ValueError) as failure:
            raise BadRequest(f"against: {path} cannot be read as JSON: {failure}") from failure
        if isinstance(earlier, dict) and isinstance(numbers := earlier.get("prediction"), dict):
            if any(type(numbers.get(name)) is not int for name in _FIELDS):
                raise BadRequest(f"against: {path} is a prediction of another release; predict it again")
            return Prediction(**{name: numbers[name] for name in _FIELDS})
    return predict(fleet, read(path))
