"""`starmeter rules predict`: the options of a prediction."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated, Final

import typer

from core.errors import BadRequest
from rules.soundness import stop_at_mistakes

_FINDINGS: Final = 1
_USAGE: Final = 2


class MatcherName(StrEnum):
    """Which statistics of a route exist."""

    NONE = "none"
    SUFFIX = "suffix"
    ANCHORED = "anchored"


def predict(  # noqa: PLR0917 - the options of a command line
    routes: Annotated[
        int | None, typer.Option(help="Routes of environments that are no previews, over all gateways of a region.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(help="A region by NAME, or NAME:field=value,… for what differs there; repeatable."),
    ] = None,
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
    project_tenants: Annotated[
        int, typer.Option(help="Services of the largest project, each environment's counted by itself.")
    ] = 1,
    plan: Annotated[str, typer.Option(help="The plan that the project's budget is taken from.")] = "standard",
    files: Annotated[Path | None, typer.Option("--from", help="Envoy configuration instead of the catalogue.")] = None,
    scrape: Annotated[
        Path | None, typer.Option(help="vmagent's configuration, for its limits; else the rendered one.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="What to compare with: Envoy configuration, or an earlier --json output.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Predict series, scrape bytes and daily churn, per region and per tenant, and hold them against the budgets.

    Exit code: 0 within the budgets, 1 over one of them or the catalogue has mistakes, 2 wrong arguments.
    """
    stop_at_mistakes("json" if as_json else "text")
    from rules import predict_answer  # noqa: PLC0415 - every other command starts faster without it

    given = {} if name_length is None else {"name_length": name_length}
    try:
        answer = predict_answer.answer(
            {
                "routes": routes, "gateways": gateways, "pods": pods, "classes": classes, "idle": idle, "rules": rules,
                "backends": backends, "previews": previews, "suppressed": suppressed, "replacements": replacements,
                "service_pods": service_pods, "pod_replacements": pod_replacements, "containers": containers,
                "interfaces": interfaces, "workers": workers, "managed": managed, "project_tenants": project_tenants,
                **given,
            },
            region or (), matcher=matcher, buckets=buckets, deferred=deferred, plan=plan, files=files, scrape=scrape,
            against=against,
        )  # fmt: skip
    except BadRequest as failure:
        for line in failure.message.splitlines():
            typer.echo(f"starmeter rules predict: {line}", err=True)
        raise typer.Exit(_USAGE) from failure
    typer.echo(answer.as_json() if as_json else answer.as_text())
    if answer.is_over:
        raise typer.Exit(_FINDINGS)
