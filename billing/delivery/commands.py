"""`starmeter billing delivery …`: add, list and remove deliveries, make what is due now, see how far they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from billing.accounts.commands.session import (
    LOCAL,
    AnyWorkspace,
    Config,
    Json,
    Workspace,
    desk,
    end_with,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from billing.accounts.desk import Desk
    from billing.delivery.inspection import Fault
    from billing.delivery.target import Target

delivery = typer.Typer(help="Daily usage into buckets: add, list, remove; run, status.", no_args_is_help=True)
_Name = Annotated[str, typer.Option("--name", help="The delivery's name within the workspace.")]
_AnyName = Annotated[str | None, typer.Option("--name", help="Only the deliveries of this name.")]


@delivery.command()
def add(  # noqa: PLR0917 - the options of a command line
    workspace: Workspace,
    name: _Name,
    endpoint: Annotated[str, typer.Option("--endpoint", metavar="URL", help="Such as https://s3.example.com.")],
    bucket: Annotated[str, typer.Option("--bucket", help="The bucket's name.")],
    access_key_id: Annotated[str, typer.Option("--access-key-id", help="The public half of the bucket's key.")],
    secret: Annotated[
        str,
        typer.Option("--secret", metavar="NAME", help="Its name in the settings' delivery.secrets; never itself."),
    ],
    *,
    prefix: Annotated[str, typer.Option("--prefix", help="Where in the bucket: such as starmeter/usage.")] = "",
    region: Annotated[str, typer.Option("--region", help="As the bucket's provider calls it.")] = "us-east-1",
    form: Annotated[Literal["parquet", "csv", "ndjson", "arrow"], typer.Option("--format")] = "parquet",
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="The first day: 2026-01-31T00:00:00Z. Today.")
    ] = None,
    config: Config = LOCAL,
    as_json: Json = False,
) -> None:
    """Deliver a workspace's usage to a bucket from a day on; prints the delivery's id.

    The bucket's secret key is a file that the settings name; it is not given here, and never shown.

    Exit code: 0 added, 2 a field is wrong or the endpoint leads to where nothing may go, 3 a store or a name fails.
    """
    with desk(config) as opened:
        from billing.delivery.job import reach  # noqa: PLC0415 - loads Arrow, for which other commands must not wait
        from billing.delivery.target import Target, Targets  # noqa: PLC0415 - the same
        from billing.hour import day_of, parse  # noqa: PLC0415 - as all of billing, when it is needed

        target = Target(
            id="",
            workspace_id=opened.workspace(workspace),
            name=name,
            endpoint=endpoint,
            bucket=bucket,
            prefix=prefix,
            region=region,
            access_key_id=access_key_id,
            secret_key=secret,
            format=form,
            delivered_until=day_of(int(time.time())) if since is None else parse(since, "since"),
        )
        # Refused while somebody looks, and again before every delivery: a name may lead elsewhere by then.
        reach(target, opened.settings.delivery)
        added = Targets(opened.engine).add(target)
    if as_json:
        print_json(added)
    else:
        typer.echo(added.id)


@delivery.command("list")
def list_(workspace: AnyWorkspace = None, config: Config = LOCAL, *, as_json: Json = False) -> None:
    """List deliveries and where they go."""
    with desk(config) as opened:
        found = _chosen(opened, workspace, None)
        names = opened.names()
    if as_json:
        print_json(found)
        return
    print_table(
        ("WORKSPACE", "NAME", "ENDPOINT", "BUCKET", "PREFIX", "FORMAT", "SECRET"),
        [
            (
                names[each.workspace_id],
                each.name,
                each.endpoint,
                each.bucket,
                each.prefix,
                each.format,
                each.secret_key,
            )
            for each in found
        ],
    )


@delivery.command()
def remove(workspace: Workspace, name: _Name, config: Config = LOCAL) -> None:
    """Deliver no more; what was delivered stays in the bucket."""
    with desk(config) as opened:
        from billing.delivery.target import Targets  # noqa: PLC0415 - as all of billing, when it is needed

        Targets(opened.engine).remove(opened.workspace(workspace), name)


@delivery.command()
def run(
    workspace: AnyWorkspace = None, name: _AnyName = None, config: Config = LOCAL, *, as_json: Json = False
) -> None:
    """Deliver all days that are due now, as the schedule does, and read back each that was put.

    Exit code: 0 done, 1 a delivery failed or a day is not as its manifest says, each named, 3 a store fails.
    """
    with desk(config) as opened:
        from billing.delivery.job import deliver_all, inspect  # noqa: PLC0415 - as in `add`
        from billing.hour import date  # noqa: PLC0415 - the same

        settings, chosen = opened.settings.delivery, _chosen(opened, workspace, name)
        outcomes = deliver_all(opened.engine, opened.ledger, settings, int(time.time()), chosen=chosen)
        found = {each.target.id: inspect(each.target, settings, each.days) for each in outcomes}
        names = opened.names()
    if as_json:
        rows = [
            {"id": each.target.id, "days": each.days, "message": each.message, "faults": found[each.target.id]}
            for each in outcomes
        ]
        print_json(rows)
    for each in outcomes:
        typer.echo(f"{_called(each.target, names)}: {len(each.days)} day(s) put", err=True)
        if not as_json:
            for day in each.days:
                typer.echo(f"{_called(each.target, names)} {date(day)}")
    _end([(each.target, each.message, found[each.target.id]) for each in outcomes], names)


@delivery.command()
def status(
    workspace: AnyWorkspace = None,
    config: Config = LOCAL,
    *,
    check: Annotated[
        int, typer.Option("--check", metavar="DAYS", min=0, max=400, help="Read so many of the last days back.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Print how far each delivery is and why it failed last; with --check whether the bucket still has what was put.

    Exit code: 0 all is well, 1 a delivery failed last time or a day is not as its manifest says, 3 a store fails.
    """
    with desk(config) as opened:
        from billing.delivery.delivery import due  # noqa: PLC0415 - as in `add`
        from billing.delivery.job import inspect  # noqa: PLC0415 - the same
        from billing.hour import DAY, iso  # noqa: PLC0415 - the same

        now, chosen = int(time.time()), _chosen(opened, workspace, None)
        waiting = {each.id: len(due(each, now)) for each in chosen}
        found = {
            each.id: inspect(
                each,
                opened.settings.delivery,
                range(each.delivered_until - check * DAY, each.delivered_until, DAY),
            )
            for each in chosen
        }
        names = opened.names()
    if as_json:
        rows = [
            {
                "id": each.id,
                "workspace_id": each.workspace_id,
                "name": each.name,
                "delivered_until": each.delivered_until,
                "due_days": waiting[each.id],
                "message": each.message,
                "faults": found[each.id],
            }
            for each in chosen
        ]
        print_json(rows)
    else:
        print_table(
            ("WORKSPACE", "NAME", "DELIVERED UNTIL", "DUE"),
            [
                (names[each.workspace_id], each.name, iso(each.delivered_until), f"{waiting[each.id]} day(s)")
                for each in chosen
            ],
        )
    _end([(each, each.message, found[each.id]) for each in chosen], names)


def _chosen(opened: Desk, workspace: str | None, name: str | None) -> tuple[Target, ...]:
    from billing.delivery.target import Targets  # noqa: PLC0415 - as all of billing, when it is needed

    found = Targets(opened.engine).all(opened.workspace(workspace) if workspace else None)
    return tuple(each for each in found if name in {None, each.name})


def _end(told: Iterable[tuple[Target, str, Sequence[Fault]]], names: dict[str, str]) -> None:
    """Name each delivery that failed and each day that is not as it was put, and exit with 1; or go on."""
    from billing.hour import date  # noqa: PLC0415 - as all of billing, when it is needed

    findings = []
    for target, message, faults in told:
        if message:
            findings.append(f"{_called(target, names)}: {message}")
        findings += [f"{_called(target, names)} {date(fault.day)}: {fault.message}" for fault in faults]
    end_with(findings)


def _called(target: Target, names: dict[str, str]) -> str:
    return f"{names[target.workspace_id]} {target.name}"
