"""`starmeter billing budget …`: set, list and take away budgets, see what they have told, check them now."""

from __future__ import annotations

from typing import Annotated

import typer

from billing.accounts.commands.session import (
    LOCAL,
    AnyWorkspace,
    Config,
    Json,
    Workspace,
    cents,
    desk,
    end_with,
    print_json,
    print_table,
)

budget = typer.Typer(help="Budgets: set, list, remove; alerts, check.", no_args_is_help=True)
_Name = Annotated[str, typer.Option("--name", help="The budget's name within the workspace.")]


@budget.command("set")
def set_(
    workspace: Workspace,
    name: _Name,
    amount: Annotated[str, typer.Option("--amount", help="For a month of UTC, such as 250.00.")],
    *,
    threshold: Annotated[
        list[int] | None, typer.Option("--threshold", help="At how many percent to tell; repeatable. 50, 75, 90, 100.")
    ] = None,
    webhook: Annotated[str, typer.Option("--webhook", metavar="URL", help="Whom to tell: https://…")] = "",
    config: Config = LOCAL,
    as_json: Json = False,
) -> None:
    """Set a workspace's budget; prints the secret that signs what its webhook is sent, once."""
    with desk(config) as opened:
        from billing.accounts.budgets import THRESHOLDS  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.accounts.suppliers import amount_of  # noqa: PLC0415 - the same

        put, secret = opened.budgets.put(
            opened.workspace(workspace),
            name,
            amount_of(amount),
            thresholds=threshold or THRESHOLDS,
            webhook_url=webhook,
        )
    if as_json:
        print_json({"budget": put, "secret": secret})
    elif secret:
        typer.echo(secret)
        typer.echo("Keep it now: whoever is told proves with it that it was us.", err=True)


@budget.command("list")
def list_(workspace: AnyWorkspace = None, config: Config = LOCAL, *, as_json: Json = False) -> None:
    """List budgets."""
    with desk(config) as opened:
        found = opened.budgets.listed(opened.workspace(workspace) if workspace else None)
        names = opened.names()
    if as_json:
        print_json(found)
        return
    print_table(
        ("WORKSPACE", "NAME", "AMOUNT", "", "THRESHOLDS", "WEBHOOK"),
        [
            (
                names[each.workspace_id],
                each.name,
                cents(each.amount),
                each.currency,
                " ".join(f"{threshold} %" for threshold in each.thresholds),
                each.webhook_url,
            )
            for each in found
        ],
        right=("AMOUNT",),
    )


@budget.command()
def remove(workspace: Workspace, name: _Name, config: Config = LOCAL) -> None:
    """Take a budget away, with what it has told."""
    with desk(config) as opened:
        opened.budgets.remove(opened.workspace(workspace), name)


@budget.command()
def alerts(workspace: AnyWorkspace = None, config: Config = LOCAL, *, as_json: Json = False) -> None:
    """List the thresholds that were reached, the latest first, and whether their webhooks took it."""
    with desk(config) as opened:
        from billing.accounts.alerts import listed  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.hour import iso  # noqa: PLC0415 - the same

        found = listed(opened.engine, opened.workspace(workspace) if workspace else None)
        names = opened.names()
    if as_json:
        print_json(found)
        return
    print_table(
        ("REACHED", "WORKSPACE", "BUDGET", "THRESHOLD", "SPENT", "OF", "TOLD"),
        [
            (
                iso(each.fired_at),
                names[each.workspace_id],
                each.budget,
                f"{each.threshold} %",
                cents(each.spent),
                f"{cents(each.amount)} {each.currency}",
                iso(each.delivered_at) if each.delivered_at is not None else "given up" if each.given_up else "",
            )
            for each in found
        ],
        right=("THRESHOLD", "SPENT"),
    )


@budget.command()
def check(config: Config = LOCAL, *, as_json: Json = False) -> None:
    """Check all budgets now, as the schedule does every minute.

    Exit code: 0 all are checked, 1 some could not be rated, each named, 3 a store fails.
    """
    with desk(config) as opened:
        from billing.accounts.budgets import check as checked  # noqa: PLC0415 - as all of billing, when it is needed

        done = checked(opened.engine, opened.ledger, opened.settings.webhooks)
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{done.fired} thresholds reached, {done.delivered} webhooks told, {done.failed} not", err=True)
    end_with(done.unrated)
