"""`starmeter billing supplier import|reconcile` and `margin`: what we pay, whether it is right, what is left."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from billing.accounts.commands.session import (
    LOCAL,
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

if TYPE_CHECKING:
    from decimal import Decimal

    from billing.accounts.margin import Margin
    from billing.accounts.reconciliation import Spend

supplier = typer.Typer(help="Suppliers' bills: import, reconcile.", no_args_is_help=True)
_Supplier = Annotated[str, typer.Option("--supplier", help="Whose bill.")]


@supplier.command("import")
def import_(
    bill: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file.")],
    by: By,
    supplier_: _Supplier = "depot",
    config: Config = LOCAL,
) -> None:
    """Import a supplier's bills: month (2026-03), meter, quantity, unit, amount, currency, a line for each meter.

    Depot bills build_s in Minutes and cache_byte_s in GB-Months. A mended bill replaces the month's former one.
    """
    with desk(config) as opened:
        from billing.accounts.suppliers import read_csv  # noqa: PLC0415 - loads SQLAlchemy
        from billing.hour import date  # noqa: PLC0415 - as all of billing, when it is needed

        for each in read_csv(bill.read_text(encoding="utf-8"), supplier_):
            is_new = opened.suppliers.record(each, by)
            typer.echo(f"{date(each.period.start)[:7]}: {'imported' if is_new else 'was there already'}", err=True)


@supplier.command()
def reconcile(month_: Month, supplier_: _Supplier = "depot", config: Config = LOCAL, *, as_json: Json = False) -> None:
    """Hold a supplier's bill against what we measured and our cost prices: minutes within 1 %, cache within 2 %.

    The cache's size is not measured by us; its price is looked at alone.

    Exit code: 0 they agree, 1 they do not or the spend reaches its threshold, 2 there is no bill, 3 a store fails.
    """
    with desk(config) as opened:
        from billing.accounts.costs import reconcile as reconciled  # noqa: PLC0415 - as all of billing, when needed
        from billing.accounts.suppliers import DEPOT  # noqa: PLC0415 - loads SQLAlchemy
        from billing.canonical import decimal_text  # noqa: PLC0415 - the same

        found = reconciled(opened.engine, opened.ledger, month(month_), opened.evidence.until(), supplier_)
        threshold = opened.settings.suppliers.depot_monthly_threshold if supplier_ == DEPOT else None
        named = found.findings(threshold)
    if as_json:
        print_json(
            {
                "comparisons": found.comparisons,
                "spent": found.spent,
                "currency": found.currency,
                "threshold": threshold,
                "findings": named,
            }
        )
    else:
        columns = "OURS", "THEIRS", "DIFFERENCE", "PERCENT", "WORTH", "BILLED", "AT OUR COST"
        print_table(
            ("METER", "UNIT", *columns),
            [
                (
                    each.meter.value,
                    each.unit,
                    decimal_text(each.ours) if each.is_measured else "not measured",
                    decimal_text(each.theirs),
                    decimal_text(each.difference) if each.is_measured else "",
                    "" if each.percent is None or not each.is_measured else str(each.percent),
                    decimal_text(each.worth) if each.is_measured else "",
                    decimal_text(each.billed),
                    decimal_text(each.expected),
                )
                for each in found.comparisons
            ],
            right=columns,
        )
    end_with(named)


def margin(month_: Month, config: Config = LOCAL, *, as_json: Json = False) -> None:
    """Print what is left of a month's revenue: gross after what builds cost us, net after the cache's overhead.

    Exit code: 0 as expected; 1 builds earn another margin than 20 %, are nobody's, or cost as much as a move would pay
    for; 3 a store fails.
    """
    with desk(config) as opened:
        from billing.accounts.costs import margin as reported  # noqa: PLC0415 - as all of billing, when it is needed

        threshold = opened.settings.suppliers.depot_monthly_threshold
        report = reported(opened.engine, opened.ledger, month(month_), opened.evidence.until(), threshold)
    if as_json:
        print_json(report)
    else:
        meters = sorted({meter for row in report.rows for meter in row.earned.revenue})
        money = "REVENUE", "BUILD COST", "GROSS", "GROSS %", "CACHE", "NET", "NET %", "CREDITS"
        doubts = "UNBRACKETED S", "INTERPOLATED S", "FLOORED"
        header = ("WORKSPACE", *meters, *money, *doubts, "FROM")
        rows = [
            (*_cells(row, [row.earned.revenue.get(meter) for meter in meters]),) for row in (*report.rows, report.total)
        ]
        print_table(header, rows, right=header[1:-1])
        typer.echo(_spent(report.spend))
    end_with(report.findings)


def _spent(spend: Spend | None) -> str:
    if spend is None:
        return "no bill of the builds' supplier was imported for this month"
    move = "no threshold is set (suppliers.depot_monthly_threshold)"
    if spend.threshold is not None:
        move = f"builds should move elsewhere from {cents(spend.threshold)} on"
    return f"{spend.supplier} billed {cents(spend.spent)} {spend.currency}; {move}"


def _cells(row: Margin, revenue: list[Decimal | None]) -> list[str]:
    amounts = row.revenue, row.earned.build_cost, row.gross, row.gross_percent
    others = row.overhead, row.net, row.net_percent, row.earned.credits
    doubts = row.earned.unbracketed_s, row.earned.interpolated_s, row.earned.floored_pod_hours
    return [
        row.earned.name,
        *("" if each is None else cents(each) for each in revenue),
        *("" if each is None else cents(each) for each in (*amounts, *others)),
        *map(str, doubts),
        "journal" if row.earned.is_booked else "ledger",
    ]
