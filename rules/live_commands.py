"""`starmeter rules live REGION`: the live checks from a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from core.errors import BadRequest, ConfigurationError
from rules.soundness import stop_at_mistakes

if TYPE_CHECKING:
    from rules.live import Report

_FINDINGS: Final = 1
_USAGE: Final = 2
_UPSTREAM: Final = 3


def live(  # noqa: PLR0917 - the options of a command line
    region: Annotated[str, typer.Argument(help="The region's name.")],
    stack: Annotated[Path, typer.Option(help="The local stack's description, for what is not given.")] = Path(
        ".local/stack.json"
    ),
    metrics_url: Annotated[str | None, typer.Option(help="VictoriaMetrics, or the vmauth before it.")] = None,
    metrics_token_file: Annotated[Path | None, typer.Option(help="A file with the token that vmauth asks for.")] = None,
    envoy_admin_url: Annotated[list[str] | None, typer.Option(help="An Envoy's admin page; repeatable.")] = None,
    alerts_url: Annotated[str | None, typer.Option(help="vmalert.")] = None,
    platform_url: Annotated[
        str | None, typer.Option(help="The store that platform series leave for (Grafana Cloud): its Prometheus API.")
    ] = None,
    platform_token_file: Annotated[
        Path | None, typer.Option(help="A file with its token; of Grafana Cloud, `<instance id>:<token>`.")
    ] = None,
    control_store: Annotated[
        str | None, typer.Option(envvar="STARMETER_CONTROL_STORE", help="Knows the previews and the plans.")
    ] = None,
    envoy_config: Annotated[
        Path | None, typer.Option(help="What the Envoys should run with, when not the catalogue.")
    ] = None,
    exposition: Annotated[
        Path | None, typer.Option(help="Also write the outcome here as metrics, for a textfile collector.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check a region while it runs, by a few bounded queries; says how many it sent.

    Exit code: 0 nothing found, 1 findings or the catalogue has mistakes, 2 wrong arguments, 3 nothing found but a
    program did not answer.
    """
    stop_at_mistakes("json" if as_json else "text")
    from rules import live_place  # noqa: PLC0415 - every other command starts faster without it
    from rules.live import inspect  # noqa: PLC0415 - the same

    try:
        given: dict[str, Any] = {
            "metrics_url": metrics_url,
            "envoy_urls": envoy_admin_url,
            "alerts_url": alerts_url,
            "platform_url": platform_url,
            "control_store": control_store,
        }
        place = live_place.resolve(
            region,
            stack,
            given,
            token_file=metrics_token_file,
            envoy_config=envoy_config,
            platform_token_file=platform_token_file,
        )
        report = inspect(place)
        if exposition is not None:
            live_place.write_exposition(report, exposition)
    except (BadRequest, ConfigurationError) as failure:
        typer.echo(f"starmeter rules live: {failure.message}", err=True)
        raise typer.Exit(_USAGE) from failure
    typer.echo(json.dumps(report.as_dict(), indent=1) if as_json else _text(report))
    if report.findings:
        raise typer.Exit(_FINDINGS)
    if report.unanswered:
        raise typer.Exit(_UPSTREAM)


def _text(report: Report) -> str:
    lines = []
    for finding in report.findings:
        lines += [f"{finding.check.value}  {finding.subject}: {finding.detail}", f"       {finding.check.reason}"]
        lines += [f"       fix: {finding.check.fix}", ""]
    lines += [f"{check.value}  skipped: {why}" for check, why in report.skipped.items()]
    lines += [f"{check.value}  unanswered: {why}" for check, why in report.unanswered.items()]
    total = f"{len(report.findings)} findings, {len(report.ran)} checks, {report.asked} queries sent"
    return "\n".join([*lines, f"region {report.region}: {total}"])
