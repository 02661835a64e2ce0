"""`starmeter billing credit|plan|journal`: what workspaces have with us, what they pay by, and the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from billing.accounts.commands.session import (
    LOCAL,
    By,
    Config,
    Json,
    Month,
    Workspace,
    cents,
    desk,
    end_with,
    month,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from billing.accounts.journal import Balance

credit = typer.Typer(help="Credits: give one, list them.", no_args_is_help=True)
plan = typer.Typer(help="Plans: give one, show it.", no_args_is_help=True)


@credit.command()
def give(
    workspace: Workspace,
    amount: Annotated[str, typer.Option("--amount", help="In whole cents, such as 25.00.")],
    title: Annotated[str, typer.Option("--title", help="As the invoice says it.")],
    by: By,
    *,
    expires_at: Annotated[
        str | None, typer.Option("--expires-at", metavar="TIME", help="Such as 2027-01-31T00:00:00Z.")
    ] = None,
    config: Config = LOCAL,
    prepaid: Annotated[bool, typer.Option("--prepaid", help="It was bought, not given.")] = False,
) -> None:
    """Give a workspace a credit, or note one that it bought; prints its id."""
    with desk(config) as opened:
        from billing.accounts.credits import CreditKind  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.accounts.suppliers import amount_of  # noqa: PLC0415 - the same
        from billing.hour import parse  # noqa: PLC0415 - the same

        given = opened.credits.give(
            opened.workspace(workspace),
            title,
            amount_of(amount),
            by=by,
            kind=CreditKind.PREPAID if prepaid else CreditKind.PROMOTION,
            expires_at=None if expires_at is None else parse(expires_at, "expires_at"),
        )
        typer.echo(given)


@credit.command("list")
def list_credits(workspace: Workspace, config: Config = LOCAL, *, as_json: Json = False) -> None:
    """List a workspace's credits and what is left of each."""
    with desk(config) as opened:
        from billing.hour import iso  # noqa: PLC0415 - as all of billing, when it is needed

        found = opened.credits.of_workspace(opened.workspace(workspace))
    if as_json:
        print_json(found)
        return
    print_table(
        ("TITLE", "KIND", "AMOUNT", "LEFT", "", "EXPIRES", "GIVEN BY", "ID"),
        [
            (
                each.title,
                each.kind.value,
                cents(each.amount),
                cents(each.remaining),
                each.currency,
                "never" if each.expires_at is None else iso(each.expires_at),
                each.given_by,
                each.id,
            )
            for each in found
        ],
        right=("AMOUNT", "LEFT"),
    )


@plan.command("give")
def give_plan(
    workspace: Workspace,
    name: Annotated[str, typer.Option("--plan", help="The plan's name, as price books say it.")],
    month_: Month,
    config: Config = LOCAL,
) -> None:
    """Give a workspace a plan from a month on."""
    with desk(config) as opened:
        opened.plans.give(opened.workspace(workspace), name, month(month_).start)


@plan.command("show")
def show_plan(workspace: Workspace, month_: Month, config: Config = LOCAL) -> None:
    """Print the plan that a workspace has in a month."""
    with desk(config) as opened:
        from billing.accounts.plans import plan_of  # noqa: PLC0415 - as all of billing, when it is needed

        typer.echo(plan_of(opened.engine, opened.workspace(workspace), month(month_).start))


def journal(
    config: Config = LOCAL,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only look whether everything adds up.")] = False,
    as_json: Json = False,
) -> None:
    """Print the trial balance; look whether every transaction and all accounts add up to zero and agree with invoices.

    Exit code: 0 all adds up, 1 something does not, which is named, 3 a store fails.
    """
    with desk(config) as opened:
        from billing.accounts.journal import balances, findings  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.canonical import decimal_text  # noqa: PLC0415 - the same

        found = findings(opened.engine)
        on_accounts: tuple[Balance, ...] = balances(opened.engine)
    if as_json:
        print_json({"balances": on_accounts, "findings": found})
    elif not check:
        print_table(
            ("ACCOUNT", "BALANCE", ""),
            [(each.account, decimal_text(each.amount), each.currency) for each in on_accounts],
            right=("BALANCE",),
        )
    if not found:
        typer.echo("every transaction adds up to zero, and what is owed is what invoices say", err=True)
    end_with(found)
