"""`starmeter billing invoice …`: draft, list, submit, withdraw, approve, void, reissue, show."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import typer

from billing.accounts.commands.session import (
    LOCAL,
    AnyWorkspace,
    By,
    Config,
    Json,
    Month,
    cents,
    desk,
    end_with,
    month,
    print_json,
    print_table,
)
from core.errors import StarmeterError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from billing.accounts.desk import Desk
    from billing.accounts.invoice_rows import Summary
    from billing.assembly import Entry

invoice = typer.Typer(help="Invoices: draft, review, approve, void, reissue, show, write.", no_args_is_help=True)

_AMOUNT: Final = re.compile(r"-?[0-9]{1,12}\.[0-9]{2}")
_Id = Annotated[str, typer.Argument(metavar="INVOICE", help="An invoice's number or id.")]
_Ids = Annotated[list[str] | None, typer.Argument(metavar="[INVOICE]...", help="Invoices' numbers or ids.")]
_OfMonth = Annotated[str | None, typer.Option("--month", help="All of this month that are ready for it: 2026-03.")]
_Rerate = Annotated[
    bool,
    typer.Option(
        "--rerate", help="Rate closed periods with the price book in force, too; the difference is corrected."
    ),
]
_Tax = Annotated[
    list[str] | None,
    typer.Option("--tax", metavar="TITLE=AMOUNT", help='A tax on it, as "VAT 19 %=12.30"; may be given several times.'),
]
_Untaxed = Annotated[bool, typer.Option("--no-tax", help="The new one has no tax, although the one before had.")]


@invoice.command()
def draft(
    month_: Month,
    workspace: AnyWorkspace = None,
    tax: _Tax = None,
    config: Config = LOCAL,
    *,
    rerate: _Rerate = False,
    no_tax: _Untaxed = False,
) -> None:
    """Draw up the month's invoices, drafts anew; what is in review or final is left as it is.

    Exit code: 0 all are drawn up, 1 some are not, each named with its reason, 2 wrong arguments, 3 a store fails.
    """
    if tax and workspace is None:
        raise typer.BadParameter("a tax is of one workspace's invoice; name it with --workspace")
    taxes = _taxes(tax, untaxed=no_tax)
    with desk(config) as opened:
        period = month(month_)
        chosen = [opened.workspace(workspace)] if workspace else [each for each, _ in opened.workspaces(period)]
        there = {each.workspace_id: each for each in opened.invoices.every(period) if each.state != "void"}
        todo = [each for each in chosen if each not in there or there[each].state == "draft"]
        drawn = _each(
            todo,
            lambda each: opened.invoices.draft(each, period, opened.evidence, taxes=taxes, rerate=rerate),
            "drafts",
        )
    typer.echo(f"{drawn} drafted, {len(chosen) - len(todo)} in review or final", err=True)


@invoice.command("list")
def list_(
    month_: _OfMonth = None, workspace: AnyWorkspace = None, config: Config = LOCAL, *, as_json: Json = False
) -> None:
    """List invoices, the latest period first."""
    with desk(config) as opened:
        from billing.hour import date  # noqa: PLC0415 - as all of billing, when it is needed

        found = opened.invoices.every(month(month_) if month_ else None)
        chosen = opened.workspace(workspace) if workspace else None
        listed = [each for each in found if chosen in {None, each.workspace_id}]
        if as_json:
            print_json(listed)
            return
        names = opened.names()
        print_table(
            ("NUMBER", "PERIOD", "WORKSPACE", "STATE", "TOTAL", "", "ID"),
            [
                (
                    each.number,
                    f"{date(each.period.start)} to {date(each.period.end - 1)}",
                    names.get(each.workspace_id, each.workspace_id),
                    each.state.value,
                    cents(each.total),
                    each.currency,
                    each.id,
                )
                for each in listed
            ],
            right=("TOTAL",),
        )


@invoice.command()
def submit(by: By, invoices: _Ids = None, month_: _OfMonth = None, config: Config = LOCAL) -> None:
    """Put drafts up for review."""
    with desk(config) as opened:
        chosen = _chosen(opened, invoices, month_, "draft")
        done = _each(chosen, lambda each: opened.invoices.submit(each, by), "submitted")
    typer.echo(f"{done} in review", err=True)


@invoice.command()
def withdraw(invoices: _Ids = None, month_: _OfMonth = None, config: Config = LOCAL) -> None:
    """Take invoices back from review, so that they can be made anew."""
    with desk(config) as opened:
        chosen = _chosen(opened, invoices, month_, "in_review")
        done = _each(chosen, opened.invoices.withdraw, "withdrawn")
    typer.echo(f"{done} withdrawn", err=True)


@invoice.command()
def approve(by: By, invoices: _Ids = None, month_: _OfMonth = None, config: Config = LOCAL) -> None:
    """Make invoices in review final: each gets its number and never changes again; not by whoever submitted it.

    Exit code: 0 all are final, 1 some are not, each named with its reason, 2 wrong arguments, 3 a store fails.
    """
    with desk(config) as opened:
        chosen = _chosen(opened, invoices, month_, "in_review")
        done = _each(chosen, lambda each: opened.invoices.approve(each, by, opened.publications), "approved")
    typer.echo(f"{done} final", err=True)


@invoice.command()
def void(
    number: _Id,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays with the invoice.")],
    config: Config = LOCAL,
) -> None:
    """Declare a final invoice void: what it booked is reversed, credits are given back."""
    with desk(config) as opened:
        voided = opened.invoices.void(number, by, reason)
        typer.echo(f"{voided.content.number} is void; reissue it with `starmeter billing invoice reissue`", err=True)


@invoice.command()
def reissue(
    number: _Id, tax: _Tax = None, config: Config = LOCAL, *, rerate: _Rerate = False, no_tax: _Untaxed = False
) -> None:
    """Draw up the invoice that takes a void one's place."""
    taxes = _taxes(tax, untaxed=no_tax)
    with desk(config) as opened:
        drafted = opened.invoices.reissue(number, opened.evidence, taxes=taxes, rerate=rerate)
        typer.echo(drafted.content.invoice_id)


@invoice.command()
def show(number: _Id, config: Config = LOCAL, *, as_json: Json = False) -> None:
    """Print an invoice, item by item."""
    with desk(config) as opened:
        from billing.canonical import decimal_text  # noqa: PLC0415 - as all of billing, when it is needed

        found = opened.invoices.find(number)
        content = found.content
        if as_json:
            print_json(found)
            return
        names = dict(content.names)
        rows = [
            (
                str(item.number),
                item.kind.value,
                " ".join(part for part in (names.get(item.project_id, item.project_id), item.environment) if part),
                names.get(item.service_id, item.service_id),
                item.title,
                "" if item.quantity is None else f"{decimal_text(item.quantity)} {item.unit}",
                "" if item.unit_price is None else decimal_text(item.unit_price),
                cents(item.shown),
            )
            for item in content.items
        ]
        header = ("#", "KIND", "PROJECT", "SERVICE", "WHAT", "QUANTITY", "PRICE", "AMOUNT")
        print_table(header, rows, right=("#", "QUANTITY", "PRICE", "AMOUNT"))
        typer.echo(
            f"{content.number or content.invoice_id} {found.state.value}: {content.workspace_name}, {content.period}, "
            f"{content.currency} {content.total}, content {content.sha256}"
        )


def _taxes(given: list[str] | None, *, untaxed: bool) -> tuple[Entry, ...] | None:
    """What `--tax` and `--no-tax` say; `None` when they say nothing."""
    if given and untaxed:
        raise typer.BadParameter("give --tax or --no-tax, not both")
    if not given:
        return () if untaxed else None
    from billing.assembly import Entry  # noqa: PLC0415 - as all of billing, when it is needed

    taxes = []
    for text in given:
        title, _, amount = text.rpartition("=")
        if not title.strip() or not _AMOUNT.fullmatch(amount):
            raise typer.BadParameter(
                f"--tax: {text!r} is no tax; write it as TITLE=AMOUNT with two decimals: VAT=12.30"
            )
        taxes.append(Entry(title.strip(), Decimal(amount)))
    return tuple(taxes)


def _chosen(opened: Desk, named: list[str] | None, month_: str | None, state: str) -> list[str]:
    if named:
        return named
    if month_ is None:
        raise typer.BadParameter("name invoices, or a month with --month")
    ready: list[Summary] = [each for each in opened.invoices.every(month(month_)) if each.state == state]
    return [each.id for each in reversed(ready)]


def _each(todo: Sequence[str], step: Callable[[str], object], label: str) -> int:
    """Take a step for each; those that cannot take it are named at the end, and the exit code is 1."""
    refused = []
    with typer.progressbar(todo, label=label, file=sys.stderr) as shown:
        for each in shown:
            try:
                step(each)
            except Unavailable:
                raise
            except StarmeterError as failure:
                refused.append(f"{each}: {failure.message}")
    end_with(refused)
    return len(todo)
