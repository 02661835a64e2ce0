"""`starmeter billing price-book activate|list|show` and `what-if`: prices in force, and prices that might be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from billing.accounts.commands.session import (
    LOCAL,
    AnyWorkspace,
    By,
    Config,
    Json,
    Month,
    desk,
    end_with,
    month,
    print_json,
    print_table,
)

_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A price book's YAML file.")]


def activate(
    book: _File,
    by: By,
    config: Config = LOCAL,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    with_samples: Annotated[
        bool, typer.Option("--with-samples", help="Accept prices that nobody has decided, as for a demonstration.")
    ] = False,
) -> None:
    """Store a price book and put it in force, once it is shown what changes; closed periods stay as they are.

    Exit code: 0 it is in force (or would be), 1 it has sample prices, 2 it cannot be used, 3 a store fails.
    """
    with desk(config) as opened:
        from billing.errors import MissingPrice  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.price import Origin  # noqa: PLC0415 - the same
        from billing.price_book_diff import price_changes, remarks  # noqa: PLC0415 - the same
        from billing.price_book_file import read_price_book  # noqa: PLC0415 - the same

        text = book.read_bytes()
        new = read_price_book(text)
        try:
            changes = price_changes(opened.books.active(), new)
        except MissingPrice:
            changes = ()
            typer.echo("no price book has been in force so far", err=True)
        for change in changes:
            typer.echo(f"{change.price_id}: {change.change}")
            for name, was, now in change.fields:
                if was or now:
                    typer.echo(f"  {name}: {was} -> {now}" if change.change == "changed" else f"  {name}: {now}")
        for remark in remarks(new):
            typer.echo(remark, err=True)
        samples = [price.id for price in new.prices if price.origin is Origin.SAMPLE]
        if samples and not with_samples:
            end_with([f"not put in force: {', '.join(samples)} are samples; decide them, or say --with-samples"])
        if dry_run:
            return
        stored = opened.books.store(text, by)
        opened.books.activate(stored.name, stored.version, by)
        typer.echo(f"{stored.name} version {stored.version} is in force", err=True)


def list_(config: Config = LOCAL, *, as_json: Json = False) -> None:
    """List the stored price books and which one is in force."""
    with desk(config) as opened:
        from billing.hour import iso  # noqa: PLC0415 - as all of billing, when it is needed

        versions = opened.books.versions()
        if as_json:
            print_json(versions)
            return
        print_table(
            ("NAME", "VERSION", "IN FORCE", "LAST PUT IN FORCE", "BY", "SHA-256"),
            [
                (
                    each.name,
                    str(each.version),
                    "yes" if each.active else "",
                    "" if each.activated_at is None else iso(each.activated_at),
                    each.activated_by,
                    each.sha256,
                )
                for each in versions
            ],
        )


def show(
    name: Annotated[str | None, typer.Argument(help="A book's name; the one in force without it.")] = None,
    version: Annotated[int | None, typer.Argument(help="Its version.")] = None,
    config: Config = LOCAL,
) -> None:
    """Print a stored price book's normal form, or that of the one in force: JSON, which is YAML, too."""
    with desk(config) as opened:
        if name is None or version is None:
            book = opened.books.active()
            name, version = book.name, book.version
        typer.echo(opened.books.document(name, version).decode())


def what_if(
    book: Annotated[Path, typer.Option("--book", exists=True, dir_okay=False, readable=True, help="A YAML file.")],
    month_: Month,
    workspace: AnyWorkspace = None,
    config: Config = LOCAL,
    *,
    as_json: Json = False,
) -> None:
    """Rate a month under another price book beside its own; nothing is written.

    Exit code: 0 nothing would change, 1 something would, 2 the book cannot be used, 3 a store fails.
    """
    with desk(config) as opened:
        from billing.accounts.what_if import what_if as rated  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.price_book_file import read_price_book  # noqa: PLC0415 - the same
        from billing.rounding import total  # noqa: PLC0415 - the same

        other, period = read_price_book(book.read_bytes()), month(month_)
        chosen = [opened.workspace(workspace)] if workspace else [each for each, _ in opened.workspaces(period)]
        found = [rated(opened.engine, opened.evidence, each, period, other) for each in chosen]
    changed = [each for each in found if each.changes]
    if as_json:
        print_json(
            [
                {
                    "workspace_id": each.workspace_id,
                    "before": each.before.total,
                    "after": each.after.total,
                    "difference": total([each.after.total, each.before.total.copy_negate()]),
                    "changes": each.changes,
                }
                for each in found
            ]
        )
    else:
        print_table(
            ("WORKSPACE", "BEFORE", "AFTER", "DIFFERENCE"),
            [
                (
                    each.before.workspace_name,
                    str(each.before.total),
                    str(each.after.total),
                    str(total([each.after.total, each.before.total.copy_negate()])),
                )
                for each in found
            ],
            right=("BEFORE", "AFTER", "DIFFERENCE"),
        )
    end_with([f"{len(changed)} of {len(found)} workspaces would be charged otherwise"] if changed else [])
