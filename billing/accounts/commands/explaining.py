"""`starmeter billing explain` and `compare`: why a number is what it is, and why two are not the same."""

from __future__ import annotations

from typing import Annotated

import typer

from billing.accounts.commands.session import FINDINGS, LOCAL, Config, Json, desk, print_json, print_table

_Id = Annotated[str, typer.Argument(metavar="INVOICE", help="An invoice's number or id.")]


def explain(
    number: _Id,
    item: Annotated[int, typer.Argument(help="The item's number, as `invoice show` prints it.")],
    config: Config = LOCAL,
    *,
    most: Annotated[int, typer.Option("--most", min=1, help="How many pods and builds to print.")] = 20,
    as_json: Json = False,
) -> None:
    """Print an item's quantity times price, day by day, down to the hours of the pods and builds behind it."""
    with desk(config) as opened:
        from billing.accounts.bundles import explanation  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.canonical import decimal_text  # noqa: PLC0415 - the same
        from billing.hour import HOUR, date, iso  # noqa: PLC0415 - the same

        found = explanation(opened.engine, opened.ledger, opened.invoices.find(number), item)
    if as_json:
        print_json(found)
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
                names.get(each.service_id, each.service_id),
                each.environment,
                each.meter,
                *(decimal_text(part) if part else "" for part in amounts),
            )
            for each, amounts in zip(changes, parts, strict=True)
        ]
        sums = ("total", "", "", "", *(decimal_text(total(column)) for column in zip(*parts, strict=True)))
        print_table(("KIND", "SERVICE", "ENVIRONMENT", "METER", *columns), [*rows, sums] if rows else [], right=columns)
    if changes:
        raise typer.Exit(FINDINGS)
