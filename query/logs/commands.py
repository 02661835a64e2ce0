"""`starmeter logs`: a project's logs in a terminal, the newest ones or as they come in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from query.logs.client import LogClient

_USAGE: Final = 2
_UPSTREAM: Final = 3
_STACK: Final = Path(".local/stack.json")
_MOST: Final = 100_000


def logs(
    project: Annotated[str, typer.Argument(help="The project's id, or its name in the local stack.")],
    *,
    environment: Annotated[str | None, typer.Option(help="Only this environment.")] = None,
    service: Annotated[str | None, typer.Option(help="Only this service, by id.")] = None,
    filter_: Annotated[str, typer.Option("--filter", help='Such as: timeout -"health check" @level:>=warn')] = "",
    since: Annotated[str | None, typer.Option(help="A duration such as 15m, or a time; by default a day.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="How many of the newest records.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show records as they come in.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: Annotated[str | None, typer.Option(envvar="STARMETER_URL", help="The front-door.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="A file with a token; or STARMETER_TOKEN.")] = None,
    stack: Annotated[Path, typer.Option(help="The local stack's description, for what is not given.")] = _STACK,
) -> None:
    """Show a project's logs, oldest first.

    Exit code: 0 shown, 2 wrong arguments or not allowed, 3 the logs cannot be read now.
    """
    from core.errors import StarmeterError, Unavailable  # noqa: PLC0415 - other commands start faster without these
    from query.logs.client import LogClient, Place  # noqa: PLC0415 - the same

    try:
        client = LogClient.found(url, token_file, stack, Place(project, environment, service))
        arguments = {"q": filter_} if filter_ else {}
        if since is not None:
            arguments["start"] = str(_moment(since))
        if follow:
            _follow(client, arguments, as_json=as_json)
        for record in client.newest(arguments, limit):
            _print(record, client.names, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    except Unavailable as failure:
        typer.echo(f"starmeter: {failure.message}", err=True)
        raise typer.Exit(_UPSTREAM) from failure
    except StarmeterError as failure:
        typer.echo(f"starmeter: {failure.message}", err=True)
        raise typer.Exit(_USAGE) from failure


def _follow(client: LogClient, arguments: dict[str, str], *, as_json: bool) -> None:
    for name, data in client.follow(arguments):
        if name == "dropped":
            typer.echo(f"starmeter: {data['records']} records were not shown, {data['from']} to {data['to']}", err=True)
        else:
            _print(data, client.names, as_json=as_json)


def _moment(text: str) -> int:
    """Nanoseconds of a time, or of that long ago."""
    import time  # noqa: PLC0415 - the same

    from query import moment as durations  # noqa: PLC0415 - the same
    from query.logs import moment  # noqa: PLC0415 - the same

    if text[-1:].isalpha() and text[:1].isdigit() and "T" not in text.upper():
        return time.time_ns() - int(durations.seconds_long("since", text) * moment.SECOND)
    return moment.nanoseconds("since", text)


def _print(record: dict[str, Any], names: dict[str, str], *, as_json: bool) -> None:
    import json  # noqa: PLC0415 - the same

    if as_json:
        typer.echo(json.dumps(record))
        return
    service = names.get(record["service_id"], record["service_id"][:8])
    head = f"{record['timestamp'][:23]}Z {record['severity']:<11} {record['environment']}/{service}"
    # A record's own control characters must not move a terminal's cursor or set its title.
    body = "".join(sign if sign.isprintable() or sign in "\t\n" else f"\\x{ord(sign):02x}" for sign in record["body"])
    # Nor may a record's second line pass for another record.
    typer.echo(f"{head}  {body.replace(chr(10), chr(10) + '    ')}")
