"""`starmeter usage`: what a workspace used and what it is worth, in a terminal."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from billing.surface.client import UsageClient

_USAGE: Final = 2
_UPSTREAM: Final = 3
_STACK: Final = Path(".local/stack.json")
# Of the times that the ledger can hold.
_MONTH: Final = re.compile(r"(19[7-9][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)
_GROUPS: Final = "project,environment,service,meter"


def usage(
    workspace: Annotated[str, typer.Argument(help="The workspace's id, or its name in the local stack.")],
    *,
    month: Annotated[str | None, typer.Option(help="A month of UTC such as 2026-03; or the current one.")] = None,
    group_by: Annotated[str, typer.Option(help="Some of project, environment, service, region, meter.")] = _GROUPS,
    source: Annotated[str, typer.Option(help="estimate, published or invoice.")] = "published",
    as_json: Annotated[bool, typer.Option("--json", help="The days as one JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The days as CSV, and a last line on their wholeness.")] = False,
    url: Annotated[str | None, typer.Option(envvar="STARMETER_URL", help="The front-door.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="A file with a token; or STARMETER_TOKEN.")] = None,
    stack: Annotated[Path, typer.Option(help="The local stack's description, for what is not given.")] = _STACK,
) -> None:
    """Show a workspace's usage of a month, added up, and what it is worth.

    Exit code: 0 shown, 2 wrong arguments or not allowed, 3 usage cannot be read now.
    """
    from billing.surface.client import UsageClient  # noqa: PLC0415 - the same
    from core.errors import StarmeterError, Unavailable  # noqa: PLC0415 - other commands start faster without these

    try:
        client = UsageClient.found(url, token_file, stack, workspace)
        arguments = {**_span(month), "group_by": group_by, "source": source}
        if as_csv:
            for piece in client.file(arguments | {"format": "csv"}):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        rows, completeness = _read(client, arguments)
    except Unavailable as failure:
        typer.echo(f"starmeter: {failure.message}", err=True)
        raise typer.Exit(_UPSTREAM) from failure
    except StarmeterError as failure:
        typer.echo(f"starmeter: {failure.message}", err=True)
        raise typer.Exit(_USAGE) from failure
    if as_json:
        _print_json(rows)
    else:
        _print_table(rows, group_by.split(","), client, completeness)


def _span(month: str | None) -> dict[str, str]:
    from billing.hour import iso  # noqa: PLC0415 - the same
    from billing.hour import month as month_of  # noqa: PLC0415 - the same
    from core.errors import BadRequest  # noqa: PLC0415 - the same

    if month is None:
        return {}
    match = _MONTH.fullmatch(month)
    if match is None:
        raise BadRequest(f"month: {month[:20]!r} is none; write it as 2026-03")
    period = month_of(int(match[1]), int(match[2]))
    return {"start": iso(period.start), "end": iso(period.end)}


def _read(client: UsageClient, arguments: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
    """All rows, and how complete they are; a long read tells how far it is."""
    rows: list[dict[str, Any]] = []
    completeness = ""
    for page in client.pages(arguments):
        rows += page["rows"]
        completeness = page["completeness"]["percent"] or ""
        if page["next_cursor"] is not None:
            typer.echo(f"{len(rows):,} rows …", err=True)
    return rows, completeness


def _print_json(rows: list[dict[str, Any]]) -> None:
    import json  # noqa: PLC0415 - the same

    for row in rows:
        typer.echo(json.dumps(row))


def _print_table(rows: list[dict[str, Any]], group_by: list[str], client: UsageClient, completeness: str) -> None:
    from billing.surface.summary import summary  # noqa: PLC0415 - the same

    made = summary(rows, group_by, client.names)
    currency = next((row["currency"] for row in rows), "")
    foot = ("total", *("" for _ in made.head[2:]), made.total)
    lines = [made.head, *made.rows, foot] if len(made.head) > 1 else [made.head, *made.rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(made.head))]
    numbers = {"quantity", "amount"}
    for line in lines:
        cells = [
            cell.rjust(width) if name in numbers else cell.ljust(width)
            for name, cell, width in zip(made.head, map(_printable, line), widths, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())
    if completeness:
        typer.echo(f"{currency or 'nothing used'}; {completeness} % of the evidence so far", err=True)


def _printable(text: str) -> str:
    # A name's own control characters must not move a terminal's cursor.
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)
