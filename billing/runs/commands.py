"""`starmeter billing run|backfill|status` and `starmeter serve billing`."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from billing.accounts.commands.session import FINDINGS, LOCAL, Config, Json, print_json, told
from billing.runs.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from billing.hour import Period
    from billing.ledger.slice import Slice
    from billing.runs.parts import Parts
    from billing.runs.record import RunKind

_WAIT_SECONDS: Final = 0.5

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print what would change; nothing is written.")]
Wait = Annotated[int, typer.Option(metavar="SECONDS", min=0, help="How long to wait while another runner works.")]
WithoutCollecting = Annotated[
    bool, typer.Option("--without-collecting", help="Use what evidence there is, even of a region that is lost.")
]


def run(
    *,
    config: Config = LOCAL,
    dry_run: DryRun = False,
    wait: Wait = 60,
    as_json: Json = False,
) -> None:
    """Meter and publish every closed hour that is not published, the oldest first.

    Exit code: 0 done, 1 an hour was blocked or failed, which is named, 2 wrong usage, 3 a store fails.
    """
    from billing.runs.record import RunKind  # noqa: PLC0415 - loads stores, for which other commands must not wait

    with _opened(config) as opened:
        # Asked again once the lease is held.
        _run(
            opened,
            lambda: opened.due.slices(opened.clock()),
            RunKind.HOURLY,
            dry_run=dry_run,
            wait=wait,
            as_json=as_json,
        )


def backfill(
    *,
    config: Config = LOCAL,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="The first hour: 2026-01-31T00:00:00Z.")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="The end, which is not part of it.")],
    region: Annotated[str | None, typer.Option(help="Only this region.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Only this cluster.")] = None,
    without_collecting: WithoutCollecting = False,
    dry_run: DryRun = False,
    wait: Wait = 60,
    as_json: Json = False,
) -> None:
    """Meter hours again with all the evidence there is now, and publish those that it changes.

    Invoices that are final keep their rows; the next invoice corrects them.

    Exit code: 0 done, 1 an hour was blocked or failed, which is named, 2 wrong usage, 3 a store fails.
    """
    with _opened(config, collecting=not without_collecting) as opened:
        from billing.hour import Period, iso, parse  # noqa: PLC0415 - as in `run`
        from billing.runs.record import RunKind  # noqa: PLC0415 - the same
        from core.errors import BadRequest  # noqa: PLC0415 - the same

        period = Period(parse(start, "from"), parse(end, "to"))
        closed = opened.due.closed_until(opened.clock())
        if period.end > closed:
            raise BadRequest(f"to: the hours after {iso(closed)} are not closed yet; end there")
        slices = opened.due.within(period, cluster, region)
        if not slices:
            raise BadRequest("cluster: none of this name and region is known; see the configuration's regions")
        _run(opened, lambda: slices, RunKind.BACKFILL, dry_run=dry_run, wait=wait, as_json=as_json)


def make_up_for(period: Period, config: Path, *, wait: int) -> None:
    """Meter a period's hours that are not published, or that more has been told of since, without collecting.

    Exit code: as of `backfill`.
    """
    with _opened(config, collecting=False) as opened:
        from billing.runs.record import RunKind  # noqa: PLC0415 - as in `run`

        def slices() -> list[Slice]:
            return sorted({*opened.due.unpublished(period), *opened.late.within(period)})

        if not slices():
            typer.echo("every hour is published with all that is known of it")
            return
        _run(opened, slices, RunKind.BACKFILL, dry_run=False, wait=wait, as_json=False)


def status(*, config: Config = LOCAL, as_json: Json = False) -> None:
    """Print how far metering has come, which published hours more has been told of, and what should be looked at.

    Exit code: 0 nothing is stuck, 1 something is blocked or fails, 3 a store fails.
    """
    with _opened(config) as opened:
        from billing.runs.record import RunState  # noqa: PLC0415 - as in `run`
        from billing.runs.status import status as found_status  # noqa: PLC0415 - the same
        from billing.runs.status_text import lines  # noqa: PLC0415 - the same

        found = found_status(opened.engine, opened.due, opened.late, opened.clock())
    stuck = [each for each in found.notices if each.state is not RunState.PUBLISHED]
    if as_json:
        print_json(asdict(found))
    else:
        for line in lines(found):
            typer.echo(line)
    if stuck:
        raise typer.Exit(FINDINGS)


def serve_billing(config: Config = LOCAL) -> None:
    """Meter on schedule until SIGTERM; then finish the run that is under way."""
    with told():
        from billing import serving  # noqa: PLC0415 - as in `run`

        serving.run(config)


@contextmanager
def _opened(config: Path, *, collecting: bool = True) -> Iterator[Parts]:
    with told():
        from billing.runs.parts import parts  # noqa: PLC0415 - as in `run`
        from billing.settings import BillingSettings  # noqa: PLC0415 - the same
        from core.settings import load  # noqa: PLC0415 - the same

        with parts(load(BillingSettings, config), collecting=collecting) as opened:
            yield opened


def _run(
    opened: Parts,
    choose: Callable[[], list[Slice]],
    kind: RunKind,
    *,
    dry_run: bool,
    wait: int,
    as_json: bool,
) -> None:
    """Make runs, or say what they would do, and tell of them."""
    chosen: list[Slice] = []

    def choice() -> list[Slice]:
        chosen.extend(choose())
        return chosen

    if dry_run:
        tell(opened.batch.previews(choice(), kind), chosen, as_json=as_json)
        return
    until = time.monotonic() + wait
    while (outcomes := opened.batch.runs(choice, kind)) is None:
        if time.monotonic() >= until:
            from core.errors import Unavailable  # noqa: PLC0415 - as in `run`

            raise Unavailable("lease: another runner holds it; try again when it is done, or wait longer with --wait")
        time.sleep(_WAIT_SECONDS)
    tell(outcomes, chosen, as_json=as_json)
