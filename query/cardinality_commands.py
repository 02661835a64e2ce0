"""`starmeter cardinality top|growth|who` for the platform's staff, `mine` for a tenant: series counts in a terminal."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from core.errors import BadRequest, StarmeterError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

cardinality = typer.Typer(help="Who has how many series, who grows, who added label values.", no_args_is_help=True)

_FINDINGS: Final = 1
_USAGE: Final = 2
_UPSTREAM: Final = 3

Stack = Annotated[Path, typer.Option(help="The local stack's description, for what is not given.")]
Url = Annotated[str | None, typer.Option(envvar="STARMETER_URL", help="The front-door.")]
TokenFile = Annotated[Path | None, typer.Option(help="A file with a platform token; or STARMETER_TOKEN.")]
Region = Annotated[str | None, typer.Option(help="Only this region.")]
Limit = Annotated[int, typer.Option(help="Entries of each list, 1 to 100.")]
Project = Annotated[str | None, typer.Option(help="Only this project's series.")]
Metric = Annotated[str | None, typer.Option(help="Only this metric's series.")]
Label = Annotated[str | None, typer.Option(help="This label's values.")]
Hours = Annotated[int, typer.Option(help="Compare with this many hours ago, 1 to 24.")]
Json = Annotated[bool, typer.Option("--json", help="Print the page as it is.")]

_STACK: Final = Path(".local/stack.json")


@cardinality.command()
def top(
    *, url: Url = None, token_file: TokenFile = None, stack: Stack = _STACK, region: Region = None, limit: Limit = 10,
    project: Project = None, metric: Metric = None, label: Label = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show the largest metrics, labels, values, projects and services, beside their budgets.

    Exit code: 0 within the budgets, 1 over one of them, 2 wrong arguments, 3 nothing can be counted now.
    """
    asked = {"region": region, "limit": limit, "project": project, "metric": metric, "label": label}
    _show("top", asked, (url, token_file, stack), as_json=as_json)


@cardinality.command()
def growth(
    *, url: Url = None, token_file: TokenFile = None, stack: Stack = _STACK, region: Region = None, limit: Limit = 10,
    project: Project = None, metric: Metric = None, hours: Hours = 1, as_json: Json = False,
) -> None:  # fmt: skip
    """Show which projects, services and metrics grew, in series per hour."""
    asked = {"region": region, "limit": limit, "project": project, "metric": metric, "hours": hours}
    _show("growth", asked, (url, token_file, stack), as_json=as_json)


@cardinality.command()
def who(
    *, url: Url = None, token_file: TokenFile = None, stack: Stack = _STACK, region: Region = None, limit: Limit = 10,
    project: Project = None, metric: Metric = None, label: Label = None, hours: Hours = 1, as_json: Json = False,
) -> None:  # fmt: skip
    """Show which services added new label values, and some of the values."""
    asked = {"region": region, "limit": limit, "project": project, "metric": metric, "label": label, "hours": hours}
    _show("who", asked, (url, token_file, stack), as_json=as_json)


@cardinality.command()
def mine(
    *, project: Annotated[str, typer.Option(help="The project's id.")],
    environment: Annotated[str | None, typer.Option(help="Only this environment.")] = None,
    service: Annotated[str | None, typer.Option(help="Only this service of the environment, by its id.")] = None,
    label: Annotated[str, typer.Option(help="Count the series of each value of this label.")] = "environment",
    url: Url = None, token_file: Annotated[Path | None, typer.Option(help="A file with a token; or STARMETER_TOKEN.")]
    = None, stack: Stack = _STACK, limit: Limit = 10, as_json: Json = False,
) -> None:  # fmt: skip
    """Show a tenant its own part: series of a project, environment or service, by metric, label and value.

    Needs no platform role, but a token that may read the project's metrics.
    Exit code: 0 shown, 2 wrong arguments, 3 nothing can be counted now.
    """
    from query.cardinality_client import Door, tenant_path  # noqa: PLC0415 - other commands start faster without it
    from query.cardinality_table import mine as as_table  # noqa: PLC0415 - the same

    with _told():
        where = tenant_path(project, environment, service)
        door = Door.found(url, token_file, stack, project=project)
        answer = door.ask_own(where, label, limit)
        with _page_of(door.url):
            text = as_table(answer, label, door.names)
    typer.echo(json.dumps(answer, indent=1) if as_json else text)


def _show(
    page: str,
    asked: dict[str, str | int | None],
    where: tuple[str | None, Path | None, Path],
    *,
    as_json: bool,
) -> None:
    from query import cardinality_client, cardinality_table  # noqa: PLC0415 - other commands start faster without them

    with _told():
        door = cardinality_client.Door.found(*where)
        answer = door.ask(page, {name: str(value) for name, value in asked.items() if value is not None})
        table: Callable[[dict[str, Any], dict[str, str]], str] = getattr(cardinality_table, page)
        with _page_of(door.url):
            text, warnings = table(answer, door.names), [str(one) for one in answer["warnings"]]
            is_over = page == "top" and cardinality_table.is_over(answer)
    typer.echo(json.dumps(answer, indent=1) if as_json else text)
    for warning in warnings:
        typer.echo(warning, err=True)
    if is_over:
        raise typer.Exit(_FINDINGS)


@contextmanager
def _page_of(url: str) -> Iterator[None]:
    """What answers need not be a front-door, or one of this release: a page of another shape is no page.

    Raises:
        Unavailable: something is missing in it, or is of another type.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as failure:
        raise Unavailable(f"{url}: what answers is no front-door of this release ({failure!r})") from failure


@contextmanager
def _told() -> Iterator[None]:
    """Failures as one sentence and an exit code."""
    try:
        yield
    except BadRequest as failure:
        typer.echo(f"starmeter cardinality: {failure.message}", err=True)
        raise typer.Exit(_USAGE) from failure
    except StarmeterError as failure:
        typer.echo(f"starmeter cardinality: {failure.message}", err=True)
        raise typer.Exit(_UPSTREAM) from failure
