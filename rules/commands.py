"""`starmeter rules`: render the catalogue into every program's configuration, and check configurations against it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated, Final

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
