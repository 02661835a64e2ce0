"""`starmeter billing waive hour|law|list`: a person decides on hours that would stop invoices or runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from billing.accounts.commands.session import LOCAL, By, Config, Json, Month, desk, month, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

waive = typer.Typer(help="Bill hours as they are, by a person's decision: waive one, list them.", no_args_is_help=True)

_Cluster = Annotated[str, typer.Argument(help="A cluster, or a region's builds as REGION/builds.")]
_Hours = Annotated[list[str], typer.Argument(metavar="HOUR...", help="Whole UTC hours: 2026-03-03T05:00:00Z.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why; it stays with the hour.")]


@waive.command()
def hour(cluster: _Cluster, hours: _Hours, reason: _Reason, by: By, config: Config = LOCAL) -> None:
    """Bill hours with the evidence there is, although some of it is missing and no backfill will bring it."""
    with desk(config) as opened:
        from billing.hour import HOUR, Period, iso  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.runs.publication import Publications  # noqa: PLC0415 - the same
        from core.errors import BadRequest  # noqa: PLC0415 - the same

        publications = Publications(opened.engine)

        def decide(second: int) -> None:
            found = publications.completeness(Period(second, second + HOUR), clusters=[cluster])
            if not found.incomplete:
                raise BadRequest(
                    f"hour: {cluster} at {iso(second)} is complete, waived, or not the cluster's; see "
                    "`starmeter billing waive list`"
                )
            publications.waive(cluster, second, reason, by)

        _each(hours, decide)


@waive.command()
def law(cluster: _Cluster, hours: _Hours, reason: _Reason, by: By, config: Config = LOCAL) -> None:
    """Bill hours although the cluster's nodes seem to hold more than they have; the next run publishes them."""
    with desk(config) as opened:
        from billing.hour import iso  # noqa: PLC0415 - the same
        from billing.runs.override import Overrides  # noqa: PLC0415 - as all of billing, when it is needed
        from core.errors import BadRequest  # noqa: PLC0415 - the same

        overrides = Overrides(opened.engine)

        def decide(second: int) -> None:
            if found := overrides.of(cluster, second):
                raise BadRequest(f"hour: {cluster} at {iso(second)} is decided already, {found}")
            overrides.set_aside(cluster, second, reason, by)

        _each(hours, decide)


@waive.command("list")
def list_(month_: Month, config: Config = LOCAL, *, as_json: Json = False) -> None:
    """List a month's hours whose evidence is incomplete: waived ones, and those that its invoices wait for."""
    with desk(config) as opened:
        from billing.accounts.moment import now  # noqa: PLC0415 - the same
        from billing.hour import HOUR, Period, hour_of, iso  # noqa: PLC0415 - as all of billing, when it is needed
        from billing.runs.publication import Publications  # noqa: PLC0415 - the same

        publications = Publications(opened.engine)
        period = month(month_)
        # What is not over cannot be complete.
        end = max(min(period.end, hour_of(now())), period.start + HOUR)
        found = publications.completeness(Period(period.start, end))
        decided = publications.waivers(period)
    if as_json:
        print_json({"percent": found.percent, "incomplete": found.incomplete, "waived": decided})
        return
    rows = [(each.cluster, iso(each.hour), f"{each.observed} of {each.expected}", "", "") for each in found.incomplete]
    slots = {(each.cluster, each.hour): f"{each.observed} of {each.expected}" for each in found.waived}
    rows += [
        (each.cluster, iso(each.hour), slots.get((each.cluster, each.hour), "complete"), each.by, each.reason)
        for each in decided
    ]
    print_table(("CLUSTER", "HOUR", "HEARD", "WAIVED BY", "REASON"), sorted(rows, key=lambda row: (row[1], row[0])))
    typer.echo(f"{found.percent} % of the expected evidence is there; {len(found.incomplete)} hour(s) are incomplete")


def _each(hours: list[str], decide: Callable[[int], None]) -> None:
    from billing.hour import parse  # noqa: PLC0415 - as all of billing, when it is needed

    for second in [parse(each, "hour") for each in hours]:
        decide(second)
    typer.echo(f"{len(hours)} hour(s) decided", err=True)
