"""The `starmeter billing` commands: here those that need no store, the others from where their subject is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import typer

from billing.accounts.commands import budgets, explaining, invoices, money, papers, price_books, suppliers
from billing.delivery import commands as deliveries
from billing.runs import commands as run_commands
from billing.runs import waiving
from core.errors import StarmeterError

if TYPE_CHECKING:
    from billing.price_book import PriceBook

_FINDINGS: Final = 1
_USAGE: Final = 2

app = typer.Typer(help="Usage, price books, invoices.", no_args_is_help=True)
app.command("run")(run_commands.run)
app.command("backfill")(run_commands.backfill)
app.command("status")(run_commands.status)
app.add_typer(waiving.waive, name="waive")
price_book = typer.Typer(help="Price books: check, compare, put in force, list, show.", no_args_is_help=True)
app.add_typer(price_book, name="price-book")
price_book.command("activate")(price_books.activate)
price_book.command("list")(price_books.list_)
price_book.command("show")(price_books.show)
app.command("what-if")(price_books.what_if)
app.add_typer(invoices.invoice, name="invoice")
invoices.invoice.command("pdf")(papers.pdf)
invoices.invoice.command("bundle")(papers.bundle)
invoices.invoice.command("write")(papers.write)
app.command("explain")(explaining.explain)
app.command("diff")(explaining.compare)
app.add_typer(money.credit, name="credit")
app.add_typer(money.plan, name="plan")
app.command("journal")(money.journal)
app.add_typer(budgets.budget, name="budget")
app.add_typer(suppliers.supplier, name="supplier")
app.add_typer(deliveries.delivery, name="delivery")
app.command("margin")(suppliers.margin)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Book = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A price book's YAML file.")]


@app.command()
def verify(
    bundle: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="An invoice's bundle, a zip file.")
    ],
    *,
    content_sha256: Annotated[
        str | None, typer.Option("--sha256", help="The content's hash as a page of the invoice prints it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute an invoice again from its bundle, offline, and compare it to the byte.

    Exit code: 0 it holds, 1 something differs, which is named, 2 the file is no bundle.
    """
    from billing.verification import verify as verified  # noqa: PLC0415 - loads pydantic, for which nobody else waits

    try:
        verdict = verified(bundle.read_bytes(), content_sha256)
    except StarmeterError as failure:
        raise _refused(failure) from failure
    if as_json:
        typer.echo(orjson.dumps({**asdict(verdict), "holds": verdict.holds}).decode())
    else:
        for finding in verdict.findings:
            typer.echo(f"{finding.place}: {finding.message}")
        outcome = "holds" if verdict.holds else f"DOES NOT HOLD, {len(verdict.findings)} finding(s)"
        typer.echo(
            f"invoice {verdict.invoice}: {verdict.currency} {verdict.total} from {verdict.rows} usage rows {outcome}\n"
            f"content {verdict.content_sha256}, made by {verdict.code_version}",
            err=not verdict.holds,
        )
    if not verdict.holds:
        raise typer.Exit(_FINDINGS)


@price_book.command()
def check(book: _Book, *, as_json: Json = False) -> None:
    """Check a price book as a whole and remark what is legal and yet worth a look.

    Exit code: 0 it can be used, whatever the remarks, 2 it cannot.
    """
    from billing.price_book_diff import remarks  # noqa: PLC0415 - loads pydantic, for which nobody else waits

    read = _read(book)
    found = remarks(read)
    if as_json:
        facts = {"name": read.name, "version": read.version, "sha256": read.digest, "prices": len(read.prices)}
        typer.echo(orjson.dumps({**facts, "remarks": found}).decode())
        return
    for remark in found:
        typer.echo(remark)
    typer.echo(f"{read.name} version {read.version}: {len(read.prices)} prices, SHA-256 {read.digest}", err=True)


@price_book.command()
def diff(before: _Book, after: _Book, *, as_json: Json = False) -> None:
    """Print what changes from one price book to another.

    Exit code: 0 nothing, 1 something, 2 one cannot be used.
    """
    from billing.price_book_diff import price_changes  # noqa: PLC0415 - loads pydantic, for which nobody else waits

    changes = price_changes(_read(before), _read(after))
    if as_json:
        typer.echo(orjson.dumps([asdict(change) for change in changes]).decode())
    else:
        for change in changes:
            typer.echo(f"{change.price_id}: {change.change}")
            for name, was, now in change.fields:
                if now or was:
                    typer.echo(f"  {name}: {now}" if change.change == "new" else f"  {name}: {was} -> {now}")
    if changes:
        raise typer.Exit(_FINDINGS)


def _read(path: Path) -> PriceBook:
    from billing.price_book_file import read_price_book  # noqa: PLC0415 - loads pydantic, for which nobody else waits

    try:
        return read_price_book(path.read_bytes())
    except StarmeterError as failure:
        raise _refused(failure, str(path)) from failure


def _refused(failure: StarmeterError, place: str = "") -> typer.Exit:
    typer.echo(f"error: {place}{': ' if place else ''}{failure.message}", err=True)
    return typer.Exit(_USAGE)
