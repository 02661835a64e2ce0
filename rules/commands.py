"""`starmeter rules`: render the catalogue into every program's configuration, and check configurations against it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NoReturn

import typer

from rules.soundness import stop_at_mistakes

app = typer.Typer(help="The telemetry catalogue: render it, check configurations against it.", no_args_is_help=True)

_FINDINGS: Final = 1
_USAGE: Final = 2
_STACK: Final = Path(".local/stack.json")


@app.command()
def render(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file differs.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Another folder than compose/rendered.")] = None,
) -> None:
    """Write every artefact of the catalogue; the same catalogue always yields the same bytes.

    Exit code: 0 written or up to date, 1 files differ (--check) or the catalogue has mistakes, 2 the folder cannot be
    written.
    """
    stop_at_mistakes("text")
    # Imported here, for every other command starts faster without it.
    from rules.render import artefact  # noqa: PLC0415

    folder = artefact.FOLDER if out is None else out
    try:
        if check:
            differing = list(artefact.differences(folder))
            for name, why in differing:
                typer.echo(f"{folder / name} {why}; run `starmeter rules render`")
            if differing:
                raise typer.Exit(_FINDINGS)
            typer.echo(f"{len(artefact.ARTEFACTS)} files in {folder} are up to date")
        else:
            changed = artefact.write(folder)
            for name in changed:
                typer.echo(f"wrote {folder / name}")
            typer.echo(f"{len(artefact.ARTEFACTS) - len(changed)} files were up to date")
    except OSError as failure:
        typer.echo(f"starmeter rules render: {failure.filename or folder}: {failure.strerror}", err=True)
        raise typer.Exit(_USAGE) from failure


@app.command()
def check(  # noqa: PLR0917 - the options of a command line
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; else everything that is rendered.")
    ] = None,
    live: Annotated[str | None, typer.Option(metavar="REGION", help="Check what runs there instead of files.")] = None,
    form: Annotated[Literal["text", "json", "sarif", "junit"], typer.Option("--format", help="How to write.")] = "text",
    waivers: Annotated[Path | None, typer.Option(help="A file of waivers, each with a date it ends on.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Findings of an earlier day that do not count.")] = None,
    write_baseline: Annotated[Path | None, typer.Option(help="Write today's findings there, and succeed.")] = None,
    stack: Annotated[Path, typer.Option(help="--live: the local stack, for what is not given.")] = _STACK,
    metrics_url: Annotated[str | None, typer.Option(help="--live: VictoriaMetrics, or the vmauth before it.")] = None,
    metrics_token_file: Annotated[Path | None, typer.Option(help="--live: a file with the token for it.")] = None,
    envoy_admin_url: Annotated[
        list[str] | None, typer.Option(help="--live: an Envoy's admin page; repeatable.")
    ] = None,
    alerts_url: Annotated[str | None, typer.Option(help="--live: vmalert.")] = None,
    platform_url: Annotated[str | None, typer.Option(help="--live: the store platform series leave for.")] = None,
    platform_token_file: Annotated[Path | None, typer.Option(help="--live: a file with the token for it.")] = None,
    control_store: Annotated[
        str | None, typer.Option(envvar="STARMETER_CONTROL_STORE", help="--live: knows the previews and the plans.")
    ] = None,
    envoy_config: Annotated[Path | None, typer.Option(help="--live: what Envoys should run with.")] = None,
) -> None:
    """Check configurations against the catalogue: ours, or anybody's; or, with --live, what runs in a region.

    Exit code: 0 nothing found, 1 findings, 2 a path or an option is wrong or nothing was checked, 3 nothing found but a
    program of the region did not answer.
    """
    stop_at_mistakes(form)
    from core.errors import BadRequest, ConfigurationError  # noqa: PLC0415 - as above
    from rules.check import session  # noqa: PLC0415 - as above

    excuses = session.Excuses(waivers, baseline, write_baseline)
    today = datetime.now(UTC).date()
    addresses: dict[str, Any] = {
        "metrics_url": metrics_url,
        "envoy_urls": envoy_admin_url,
        "alerts_url": alerts_url,
        "platform_url": platform_url,
    }
    files = {
        "token_file": metrics_token_file,
        "envoy_config": envoy_config,
        "platform_token_file": platform_token_file,
    }
    if live is None and any((*addresses.values(), *files.values())):
        _stop("an address or a file of a region is only of use with --live REGION")
    if live is not None and paths:
        _stop("name either files or --live REGION")
    try:
        if live is None:
            text, ending = session.run(paths, form, excuses, today)
        else:
            from rules import live_place  # noqa: PLC0415 - as above
            from rules.live import inspect  # noqa: PLC0415 - as above

            place = live_place.resolve(live, stack, addresses | {"control_store": control_store}, **files)
            text, ending = session.run_live(inspect(place), form, excuses, today)
    except (BadRequest, ConfigurationError) as failure:
        _stop(failure.message)
    typer.echo(text, nl=False)
    if ending:
        raise typer.Exit(ending)


@app.command()
def explain(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids such as SM011; else all of them.")] = None,
) -> None:
    """Say what checks look for, why, and what mends it.

    Exit code: 0 said, 1 the catalogue has mistakes, 2 there is no such check.
    """
    stop_at_mistakes("text")
    from rules.check import guide  # noqa: PLC0415 - as above
    from rules.check.registry import BY_ID  # noqa: PLC0415 - as above

    wanted = [one.upper() for one in ids or BY_ID]
    if unknown := [one for one in wanted if one not in BY_ID]:
        typer.echo(f"starmeter rules explain: there is no check {', '.join(unknown)}", err=True)
        raise typer.Exit(_USAGE)
    typer.echo("\n".join(guide.section(BY_ID[one]) for one in wanted), nl=False)


def _stop(why: str) -> NoReturn:
    from rules.check.finding import printable  # noqa: PLC0415 - as above

    typer.echo(f"starmeter rules check: {printable(why)}", err=True)
    raise typer.Exit(_USAGE)
