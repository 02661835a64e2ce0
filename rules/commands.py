"""`starmeter rules`: render the catalogue into every program's configuration, and check configurations against it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated, Final, Literal

import typer

app = typer.Typer(help="The telemetry catalogue: render it, check configurations against it.", no_args_is_help=True)

_FINDINGS: Final = 1
_USAGE: Final = 2


@app.command()
def render(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file differs.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Another folder than compose/rendered.")] = None,
) -> None:
    """Write every artefact of the catalogue; the same catalogue always yields the same bytes.

    Exit code: 0 written or up to date, 1 files differ (--check), 2 the folder cannot be written.
    """
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
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; else everything that is rendered.")
    ] = None,
    *,
    form: Annotated[Literal["text", "json", "sarif", "junit"], typer.Option("--format", help="How to write.")] = "text",
    waivers: Annotated[Path | None, typer.Option(help="A file of waivers, each with a date it ends on.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Findings of an earlier day that do not count.")] = None,
    write_baseline: Annotated[Path | None, typer.Option(help="Write today's findings there, and succeed.")] = None,
) -> None:
    """Check configurations against the catalogue: ours, or anybody's; every finding at once.

    Exit code: 0 nothing found, 1 findings, 2 a path or an option is wrong.
    """
    from core.errors import BadRequest  # noqa: PLC0415 - as above
    from rules.check import session  # noqa: PLC0415 - as above

    try:
        text, is_clean = session.run(
            paths, form, session.Excuses(waivers, baseline, write_baseline), datetime.now(UTC).date()
        )
    except BadRequest as failure:
        typer.echo(f"starmeter rules check: {failure.message}", err=True)
        raise typer.Exit(_USAGE) from failure
    typer.echo(text, nl=False)
    if not is_clean:
        raise typer.Exit(_FINDINGS)


@app.command()
def explain(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids such as SM011; else all of them.")] = None,
) -> None:
    """Say what checks look for, why, and what mends it.

    Exit code: 0 said, 2 there is no such check.
    """
    from rules.check import guide  # noqa: PLC0415 - as above
    from rules.check.registry import BY_ID  # noqa: PLC0415 - as above

    wanted = [one.upper() for one in ids or BY_ID]
    if unknown := [one for one in wanted if one not in BY_ID]:
        typer.echo(f"starmeter rules explain: there is no check {', '.join(unknown)}", err=True)
        raise typer.Exit(_USAGE)
    typer.echo("\n".join(guide.section(BY_ID[one]) for one in wanted), nl=False)
