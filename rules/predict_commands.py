"""`starmeter rules predict`: what a fleet costs in series, beside what it cost before, against the budgets."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated, Any, Final

import typer

from core.errors import BadRequest
from rules.catalogue import LATENCY_BUCKETS_MS, VERSION
from rules.predict import Fleet, Prediction
from rules.predict import predict as compute
from rules.predict_files import named, read
from rules.predict_matcher import DEFAULT_BOUNDS, Statistics
from rules.predict_table import as_text
from rules.predict_verdict import Line, Verdict, verdicts, worst
from rules.retention import DEFAULT_TIER

_FINDINGS: Final = 1
_USAGE: Final = 2
_LATENCY: Final = "cluster.httproute.upstream_rq_time"
_FIELDS: Final = tuple(field.name for field in fields(Prediction))


class MatcherName(StrEnum):
    """Which statistics of a route exist."""

    NONE = "none"
    SUFFIX = "suffix"
    ANCHORED = "anchored"


def predict(  # noqa: PLR0917 - the options of a command line
    routes: Annotated[int, typer.Option(help="Routes of environments that are no previews, over all gateways.")],
    gateways: Annotated[int, typer.Option(help="Gateways of the region.")] = 1,
    pods: Annotated[int, typer.Option(help="Envoy pods of each gateway.")] = 1,
    classes: Annotated[int, typer.Option(help="Status classes that a busy route answers with, 1 to 5.")] = 4,
    buckets: Annotated[int | None, typer.Option(help="Finite latency bounds; else the catalogue's.")] = None,
    rules: Annotated[int, typer.Option(help="Rules of a route; each is a cluster.")] = 1,
    backends: Annotated[int, typer.Option(help="Clusters of a rule, when its backends need one each.")] = 1,
    matcher: Annotated[MatcherName, typer.Option(help="Which statistics exist.")] = MatcherName.ANCHORED,
    deferred: Annotated[bool, typer.Option(help="Statistics are created with their first value.")] = True,
    idle: Annotated[int, typer.Option(help="How many of the routes have had no request.")] = 0,
    previews: Annotated[int, typer.Option(help="Routes of preview environments, besides.")] = 0,
    suppressed: Annotated[bool, typer.Option(help="Previews have no statistics.")] = True,
    replacements: Annotated[float, typer.Option(help="How often a day every Envoy pod is replaced.")] = 1.0,
    service_pods: Annotated[int, typer.Option(help="Pods of customers' services.")] = 0,
    pod_replacements: Annotated[float, typer.Option(help="How often a day every service pod is replaced.")] = 1.0,
    containers: Annotated[int, typer.Option(help="Containers of a service pod.")] = 1,
    interfaces: Annotated[int, typer.Option(help="Network interfaces of a service pod.")] = 1,
    workers: Annotated[int, typer.Option(help="Envoy's worker threads.")] = 2,
    managed: Annotated[bool, typer.Option(help="The gateways have a control plane, not a static bootstrap.")] = True,
    name_length: Annotated[int | None, typer.Option(help="Characters of a cluster name.")] = None,
    plan: Annotated[str, typer.Option(help="The plan that a tenant's budget is taken from.")] = DEFAULT_TIER,
    files: Annotated[Path | None, typer.Option("--from", help="Envoy configuration instead of the catalogue.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="What to compare with: Envoy configuration, or an earlier --json output.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Predict series, scrape bytes and daily churn of a region, and hold them against the budgets.

    Exit code: 0 within the budgets, 1 over one of them, 2 wrong arguments.
    """
    try:
        given = {} if name_length is None else {"name_length": name_length}
        fleet = Fleet(
            routes=routes, gateways=gateways, pods=pods, classes=classes, idle=idle, rules=rules, backends=backends,
            previews=previews, suppressed=suppressed, replacements=replacements, service_pods=service_pods,
            pod_replacements=pod_replacements, containers=containers, interfaces=interfaces, workers=workers,
            managed=managed, **given,
        )  # fmt: skip
        settings = named(matcher, _bounds(buckets), deferred=deferred) if files is None else read(files)
        now = compute(fleet, settings)
        before = None if against is None else _before(against, fleet)
        lines = verdicts(now, len(settings.bounds_of(_LATENCY)), plan)
    except BadRequest as failure:
        typer.echo(f"starmeter rules predict: {failure.message}", err=True)
        raise typer.Exit(_USAGE) from failure
    typer.echo(json.dumps(_document(fleet, now, before, lines), indent=1) if as_json else as_text(now, before, lines))
    if worst(lines) is Verdict.OVER:
        raise typer.Exit(_FINDINGS)


def _bounds(count: int | None) -> tuple[float, ...]:
    """Which ones they are matters to nothing but the length of their text."""
    if count is None:
        return LATENCY_BUCKETS_MS
    if not 1 <= count <= len(DEFAULT_BOUNDS) * 5:
        raise BadRequest(f"buckets: must be from 1 to {len(DEFAULT_BOUNDS) * 5}")
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
    settings: Statistics = read(path)
    return compute(fleet, settings)


def _document(fleet: Fleet, now: Prediction, before: Prediction | None, lines: list[Line]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "catalogue": VERSION,
        "fleet": asdict(fleet),
        "prediction": asdict(now),
        "budgets": [asdict(line) | {"share": round(line.share, 4)} for line in lines],
        "verdict": worst(lines),
    }
    if before is not None:
        document["against"] = asdict(before)
        document["difference"] = {name: getattr(now, name) - getattr(before, name) for name in _FIELDS}
    return document
