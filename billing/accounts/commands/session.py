"""What all accounting commands share: their options, opened stores, failures as exit codes, tables."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from core.errors import StarmeterError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from decimal import Decimal

    from billing.accounts.desk import Desk
    from billing.hour import Period

FINDINGS: Final = 1
_USAGE: Final = 2
_UPSTREAM: Final = 3

Config = Annotated[Path, typer.Option("--config", envvar="STARMETER_BILLING_CONFIG", help="Billing's TOML file.")]
LOCAL: Final = Path(".local/billing.toml")
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
By = Annotated[str, typer.Option("--by", envvar="STARMETER_SUBJECT", help="Who does it; it stays with what is done.")]
Month = Annotated[str, typer.Option("--month", help="A calendar month of UTC, such as 2026-03.")]
Workspace = Annotated[str, typer.Option("--workspace", help="A workspace's id or name.")]
AnyWorkspace = Annotated[str | None, typer.Option("--workspace", help="Only this workspace, by its id or name.")]


@contextmanager
def desk(config: Path) -> Iterator[Desk]:
    """The opened stores; failures become one line on standard error and the exit code that tells whose fault it is."""
    with told():
        from billing.accounts.desk import Desk  # noqa: PLC0415 - loads stores, for which other commands must not wait

        with Desk.open(config) as opened:
            yield opened


@contextmanager
def told() -> Iterator[None]:
    """Failures as one line on standard error and an exit code."""
    try:
        yield
    except StarmeterError as failure:
        typer.echo(f"error: {failure.message}", err=True)
        raise typer.Exit(_UPSTREAM if isinstance(failure, Unavailable) else _USAGE) from failure


def month(text: str) -> Period:
    """A calendar month of UTC from an option."""
    from billing.accounts.suppliers import read_month  # noqa: PLC0415 - loads SQLAlchemy

    return read_month(text)


def print_json(value: object) -> None:
    """Canonical JSON: amounts are texts, times UTC seconds."""
    from billing.canonical import canonical  # noqa: PLC0415 - as all of billing, when it is needed

    typer.echo(canonical(value).decode())


def cents(amount: Decimal) -> str:
    """An amount in whole cents, for people."""
    from billing.rounding import money  # noqa: PLC0415 - as all of billing, when it is needed

    return str(money(amount))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Columns in line; those named in `right` are numbers."""
    lines = [header, *rows]
    widths = [max(len(line[position]) for line in lines) for position in range(len(header))]
    for line in lines:
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(header, line, widths, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())


def end_with(findings: Sequence[str]) -> None:
    """Name what was found on standard error and exit with 1, or go on."""
    for finding in findings:
        typer.echo(finding, err=True)
    if findings:
        raise typer.Exit(FINDINGS)
