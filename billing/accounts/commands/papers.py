"""`starmeter billing invoice pdf|bundle|write`: an invoice as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billing.accounts.commands.session import LOCAL, Config, desk

if TYPE_CHECKING:
    from billing.accounts.desk import Desk
    from billing.invoice import Invoice

_Id = Annotated[str, typer.Argument(metavar="INVOICE", help="An invoice's number or id.")]
_Target = Annotated[Path | None, typer.Argument(help="Where to; a file of the invoice's name here without it.")]


def pdf(number: _Id, target: _Target = None, config: Config = LOCAL) -> None:
    """Write an invoice as PDF; the same invoice gives the same bytes."""
    _write(number, target, config, "pdf")


def bundle(number: _Id, target: _Target = None, config: Config = LOCAL) -> None:
    """Write an invoice with all that it was made of, for `starmeter billing verify`."""
    _write(number, target, config, "zip")


def write(
    number: _Id,
    target: Annotated[Path, typer.Argument(help="Where to: a file that ends in .pdf, .html, .csv, .json or .zip.")],
    config: Config = LOCAL,
    *,
    excel: Annotated[bool, typer.Option("--excel", help="A CSV that Excel knows as UTF-8.")] = False,
) -> None:
    """Write an invoice as PDF, HTML, CSV or JSON, or with all that it was made of as a bundle (.zip)."""
    _write(number, target, config, target.suffix.removeprefix("."), excel=excel)


def _write(number: str, target: Path | None, config: Path, ending: str, *, excel: bool = False) -> None:
    from billing.documents import file_name  # noqa: PLC0415 - loads typst and Jinja

    with desk(config) as opened:
        found = opened.invoices.find(number)
        path = target or Path(file_name(found, ending))
        path.write_bytes(_written(opened, found, ending, excel=excel))
    typer.echo(path, err=True)


def _written(opened: Desk, found: Invoice, ending: str, *, excel: bool) -> bytes:
    from billing import documents  # noqa: PLC0415 - loads typst and Jinja
    from billing.accounts.bundles import bundle_of  # noqa: PLC0415 - as all of billing, when it is needed

    match ending:
        case "zip":
            return bundle_of(opened.engine, opened.ledger, found)
        case "csv":
            return documents.as_csv(found, for_excel=excel)
        case "pdf":
            return documents.as_pdf(found)
        case "html":
            return documents.as_html(found)
        case "json":
            return documents.as_json(found)
    raise typer.BadParameter(f"{ending or 'no ending'}: end the file's name in .pdf, .html, .csv, .json or .zip")
