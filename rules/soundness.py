"""Whether the catalogue is sound: asked first by every command, for nothing else can be gone by otherwise."""

from __future__ import annotations

from typing import Final

import typer

_FINDINGS: Final = 1


def stop_at_mistakes(form: str) -> None:
    """Report mistakes of the catalogue, which everything else goes by, without going by it.

    Raises:
        typer.Exit: there are some; they are written, in `form` (text, json, sarif, junit).
    """
    # Imported here, for every other command starts faster without it.
    from rules.check import catalogue_fault  # noqa: PLC0415
    from rules.check.outcome import Outcome  # noqa: PLC0415 - as above
    from rules.check.report import Format, Reporter  # noqa: PLC0415 - as above

    faults = catalogue_fault.examine()
    if faults:
        outcome = Outcome(tuple(faults), len({one.path for one in faults}))
        typer.echo(Reporter((catalogue_fault.BROKEN,), "0.0.0").render(outcome, Format(form)), nl=False)
        raise typer.Exit(_FINDINGS)
