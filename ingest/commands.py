"""The `starmeter parse` command: which tenant each of a list of Envoy cluster names belongs to."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated, Final

import typer

from ingest.name_lines import answers, encoded
from ingest.reason import Reason

_STDIN: Final = 0
_STDOUT: Final = 1

_FINDINGS: Final = 1
_USAGE: Final = 2


def parse(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, readable=True, help="Names, one a line; else stdin.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Every line is a JSON string, not the bare name.")] = False,
) -> None:
    """Print the tenant of each Envoy cluster name, or the reason why it is no customer's, one JSON object a line.

    Exit code: 0 all names parsed, 1 some refused, 2 some lines unreadable.
    """
    reasons: set[object] = set()
    unreadable: list[object] = []
    try:
        # By descriptor, since neither text decoding nor a platform's line ends may touch a name.
        with (
            open(file or _STDIN, "rb", closefd=file is not None) as source,
            open(_STDOUT, "wb", closefd=False) as sink,
        ):
            for batch in answers(source, as_json=as_json):
                reasons.update(answer.get("reason") for answer in batch)
                unreadable = unreadable or [answer["line"] for answer in batch if "line" in answer][:1]
                sink.writelines(map(encoded, batch))
                sink.flush()
    except BrokenPipeError:
        pass  # the reader has seen enough
    except OSError as failure:
        typer.echo(f"starmeter parse: {file or 'input or output'}: {failure.strerror}", err=True)
        raise typer.Exit(_USAGE) from failure
    if unreadable:
        typer.echo(
            f"starmeter parse: line {unreadable[0]} (the first of such): {Reason.NOT_A_JSON_STRING.sentence}", err=True
        )
        raise typer.Exit(_USAGE)
    if reasons - {None}:
        raise typer.Exit(_FINDINGS)
