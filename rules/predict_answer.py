"""One prediction asked for: from which settings, beside what it was before, and held against the budgets."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest
from rules.catalogue import LATENCY_BUCKETS_MS, VERSION
from rules.predict import Fleet, Prediction, predict
from rules.predict_document import text_of
from rules.predict_files import named, read
from rules.predict_limit import limits
from rules.predict_region import UNNAMED, fleets
from rules.predict_table import TOTALS, as_text, totals
from rules.predict_verdict import Line, Verdict, verdicts, worst

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LATENCY: Final = "cluster.httproute.upstream_rq_time"
_FIELDS: Final = tuple(field.name for field in fields(Prediction))
_MOST_BOUNDS: Final = 100


@dataclass(frozen=True, slots=True)
class RegionAnswer:
    """A region's prediction for `fleet`, what it was `before` (if that was asked), and a line for each budget."""

    name: str
    fleet: Fleet
    now: Prediction
    before: Prediction | None
    lines: list[Line]

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        document: dict[str, Any] = {
            "region": self.name,
            "fleet": asdict(self.fleet),
            "prediction": asdict(self.now),
            "budgets": [asdict(line) | {"share": round(line.share, 4)} for line in self.lines],
            "verdict": worst(self.lines),
        }
        if self.before is not None:
            document["against"] = asdict(self.before)
            document["difference"] = {name: getattr(self.now, name) - getattr(self.before, name) for name in _FIELDS}
        return document


@dataclass(frozen=True, slots=True)
class Answer:
    """The prediction of every region that was asked about."""

    regions: Sequence[RegionAnswer]

    @property
    def verdict(self) -> Verdict:
        """The worst over all regions."""
        return worst([line for region in self.regions for line in region.lines])

    @property
    def is_over(self) -> bool:
        """Whether a budget does not hold it."""
        return self.verdict is Verdict.OVER

    def as_text(self) -> str:
        """Tables for people."""
        tables = [as_text(one.now, one.before, one.lines) for one in self.regions]
        if [one.name for one in self.regions] == [UNNAMED]:
            return tables[0]
        parts = [f"region {one.name}\n{table}" for one, table in zip(self.regions, tables, strict=True)]
        if len(parts) == 1:
            return parts[0]
        return "\n\n".join([*parts, f"{totals([one.now for one in self.regions])}\n\nverdict: {self.verdict}"])

    def as_json(self) -> str:
        """One object for programs; `answer` takes it as `against` again."""
        document = {
            "catalogue": VERSION,
            "regions": [one.as_dict() for one in self.regions],
            "total": {name: sum(getattr(one.now, name) for one in self.regions) for name in TOTALS},
            "verdict": self.verdict,
        }
        return json.dumps(document, indent=1)


def answer(
    common: Mapping[str, Any],
    regions: Sequence[str] = (),
    *,
    matcher: str,
    buckets: int | None,
    deferred: bool,
    plan: str,
    files: Path | None,
    scrape: Path | None,
    against: Path | None,
) -> Answer:
    """Predict for the regions; `common` are the fields of `Fleet` that hold where a region says nothing else.

    Raises:
        BadRequest: an argument or a file is wrong; the message names it.
    """
    described = fleets(regions, common)
    settings = named(matcher, _bounds(buckets), deferred=deferred) if files is None else read(files)
    bounds, limited = len(settings.bounds_of(_LATENCY)), limits(scrape)
    before = {} if against is None else _before(against, described)
    predicted = {name: predict(fleet, settings) for name, fleet in described.items()}
    return Answer(
        [
            RegionAnswer(name, described[name], now, before.get(name), verdicts(now, bounds, plan, limited))
            for name, now in predicted.items()
        ]
    )


def _bounds(count: int | None) -> tuple[float, ...]:
    """Which ones they are matters to nothing but the length of their text."""
    if count is None:
        return LATENCY_BUCKETS_MS
    if not 1 <= count <= _MOST_BOUNDS:
        raise BadRequest(f"buckets: must be from 1 to {_MOST_BOUNDS}")
    return tuple(range(100, 100 * (count + 1), 100))


def _before(path: Path, described: Mapping[str, Fleet]) -> dict[str, Prediction]:
    """What `path` says: an earlier prediction as it was, or another configuration of the same fleets."""
    if path.suffix == ".json" and path.exists() and (earlier := _earlier(path)) is not None:
        # Of one region each, it is the same one, whatever it was called.
        if len(earlier) == len(described) == 1:
            return dict(zip(described, earlier.values(), strict=True))
        return earlier
    settings = read(path)
    return {name: predict(fleet, settings) for name, fleet in described.items()}


def _earlier(path: Path) -> dict[str, Prediction] | None:
    """The predictions in an earlier output by region; nothing when the file is something else."""
    try:
        document = json.loads(text_of(path))
    except BadRequest as failure:
        raise BadRequest(f"against: {path}: {failure.message}") from failure
    except (ValueError, RecursionError) as failure:
        raise BadRequest(f"against: {path} is no JSON; name an earlier --json output") from failure
    if not isinstance(document, dict) or not {"regions", "prediction"} & document.keys():
        return None
    try:
        return {one["region"]: _prediction(one["prediction"]) for one in document["regions"]}
    except (KeyError, TypeError, ValueError) as failure:
        raise BadRequest(f"against: {path} is a prediction of another release; predict it again") from failure


def _prediction(numbers: Mapping[str, Any]) -> Prediction:
    if any(type(numbers[name]) is not int for name in _FIELDS):
        raise ValueError
    return Prediction(**{name: numbers[name] for name in _FIELDS})
