"""`starmeter billing explain` and `compare`: why a number is what it is, and why two are not the same."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from billing.accounts.commands.session import FINDINGS, LOCAL, Config, Json, desk, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from billing.explanation import SourceHour

_Id = Annotated[str, typer.Argument(metavar="INVOICE", help="An invoice's number or id.")]


def explain(
    number: _Id,
    item: Annotated[int, typer.Argument(help="The item's number, as `invoice show` prints it.")],
    config: Config = LOCAL,
    *,
    most: Annotated[int, typer.Option("--most", min=1, help="How many pods and builds, or hours, to print.")] = 20,
    hours: Annotated[
        bool, typer.Option("--hours", help="Every hour of its pods and builds; of a correction, those that changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print an item's quantity times price, day by day, down to the pods and builds behind it and their hours."""
    with desk(config) as opened:
        from billing.accounts.bundles import explained_hours, explanation  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.canonical import decimal_text  # noqa: PLC0415 - the same
        from billing.hour import HOUR, date, iso  # noqa: PLC0415 - the same

        invoice = opened.invoices.find(number)
        found = explanation(opened.engine, opened.ledger, invoice, item)
        told = explained_hours(opened.engine, opened.ledger, invoice, item) if hours else ()
    if as_json:
        print_json({**asdict(found), "hours": told} if hours else found)
        return
    typer.echo(f"{found.item.title}: {found.formula}")
    if found.price is not None:
        price = found.price
        until = "" if price.valid_to is None else f" to {iso(price.valid_to)}"
        typer.echo(f"price {price.id} ({price.origin.value}), {price.model.value}, from {iso(price.valid_from)}{until}")
    if found.days:
        print_table(
            ("DAY", "BASE UNITS", "QUANTITY", "PRICE", "AMOUNT"),
            [
                (
                    date(line.day),
                    str(line.base_quantity),
                    decimal_text(line.quantity),
                    decimal_text(line.unit_price),
                    decimal_text(line.amount),
                )
                for line in found.days
            ],
            right=("BASE UNITS", "QUANTITY", "PRICE", "AMOUNT"),
        )
    if found.sources:
        columns = "BASE UNITS", "RUNNING S", "INTERPOLATED S", "UNBRACKETED S"
        print_table(
            ("POD OR BUILD", "NODE", "FIRST HOUR", "UNTIL", *columns, "EVIDENCE"),
            [
                (
                    source.source_id,
                    source.node,
                    iso(source.first_hour),
                    iso(source.last_hour + HOUR),
                    str(source.base_quantity),
                    str(source.running_s),
                    str(source.interpolated_s),
                    str(source.unbracketed_s),
                    source.quality.name.lower(),
                )
                for source in found.sources[:most]
            ],
            right=columns,
        )
        if len(found.sources) > most:
            typer.echo(f"and {len(found.sources) - most} more; see them with --most", err=True)
    if hours:
        _print_hours(told, most)


def _print_hours(told: Sequence[SourceHour], most: int) -> None:
    from billing.hour import iso  # noqa: PLC0415 - as all of billing, when it is needed

    columns = "BEFORE", "BASE UNITS", "RUNNING S", "INTERPOLATED S", "UNBRACKETED S"
    print_table(
        ("HOUR", "POD OR BUILD", "NODE", *columns, "EVIDENCE"),
        [
            (
                iso(each.hour),
                each.source_id,
                each.node,
                str(each.before),
                str(each.base_quantity),
                str(each.running_s),
                str(each.interpolated_s),
                str(each.unbracketed_s),
                each.quality.name.lower(),
            )
            for each in told[:most]
        ],
        right=columns,
    )
    if len(told) > most:
        typer.echo(f"and {len(told) - most} more hour(s); see them with --most, or with --json", err=True)


def compare(before: _Id, after: _Id, config: Config = LOCAL, *, as_json: Json = False) -> None:
    """Print what differs from one invoice to another: by price, by quantity, what is new and what is gone.

    Exit code: 0 nothing, 1 something, 2 they cannot be compared, 3 a store fails.
    """
    with desk(config) as opened:
        from billing.canonical import decimal_text  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.comparison import compare as compared  # noqa: PLC0415 - the same
        from billing.rounding import total  # noqa: PLC0415 - the same

        old, new = (opened.invoices.find(each).content for each in (before, after))
        changes = compared(old, new)
    if as_json:
        print_json(changes)
    else:
        names = dict((*old.names, *new.names))
        columns = "PRICE", "QUANTITY", "NEW", "GONE", "OTHER", "DIFFERENCE"
        parts = [(each.price, each.quantity, each.new, each.gone, each.other, each.difference) for each in changes]
        rows = [
            (
                each.kind.value,
                names.get(each.project_id, each.project_id),
                each.environment,
                names.get(each.service_id, each.service_id),
                each.meter,
                *(decimal_text(part) if part else "" for part in amounts),
            )
            for each, amounts in zip(changes, parts, strict=True)
        ]
        sums = ("total", "", "", "", "", *(decimal_text(total(column)) for column in zip(*parts, strict=True)))
        print_table(
            ("KIND", "PROJECT", "ENVIRONMENT", "SERVICE", "METER", *columns),
            [*rows, sums] if rows else [],
            right=columns,
        )
    if changes:
        raise typer.Exit(FINDINGS)
