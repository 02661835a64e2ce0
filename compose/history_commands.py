"""`starmeter history`: a past month of the local stack's demonstration, from evidence to final invoices."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from compose.home import Home
from compose.programs import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from billing.hour import Period

# Whoever asks for an invoice may not approve it.
_CLERK: Final = "clerk@platform"
_FINANCE: Final = "finance@platform"
_WAIT_SECONDS: Final = 600
_UPSTREAM: Final = 3
_TRIES: Final = 10
_PAUSE_SECONDS: Final = 1.0


def history(
    month: Annotated[
        str | None, typer.Option("--month", help="A past calendar month of UTC, such as 2026-03; the last by default.")
    ] = None,
    home: Annotated[Path, typer.Option("--home", help="The state folder of the stack, which must run.")] = LOCAL,
    *,
    evidence_only: Annotated[
        bool, typer.Option("--evidence-only", help="Write evidence alone; metering and invoices are yours to run.")
    ] = False,
) -> None:
    """Write a month of evidence into the local stack's ledger, back-fill it, price it and make its invoices final.

    The same as these commands, one after the other: `billing backfill --without-collecting`, `billing price-book
    activate`, `billing invoice draft`, `submit` and `approve`. Prices but those of builds are samples. Doing it again
    changes nothing, and takes seconds.

    Exit code: 0 done, 1 an hour or an invoice is stuck, which is named, 2 no stack runs here or the month is not over,
    3 a store fails.
    """
    from billing.accounts.commands.session import month as read_month  # noqa: PLC0415 - loads stores, as below
    from billing.accounts.commands.session import told  # noqa: PLC0415 - the same
    from core.errors import BadRequest  # noqa: PLC0415 - the same

    place = Home(home.resolve())
    with told():
        if not place.stack_file.exists():
            raise BadRequest(f"home: no stack runs in {place.path}; start it with `starmeter up`")
        period = read_month(month or _last_month())
        if period.end > datetime.now(UTC).timestamp():
            raise BadRequest(f"month: {month} is not over; choose an earlier one")
        _write(place, period)
    if not evidence_only:
        _bill(place, period)


def _last_month() -> str:
    now = datetime.now(UTC)
    year, number = (now.year, now.month - 1) if now.month > 1 else (now.year - 1, 12)
    return f"{year}-{number:02}"


def _write(home: Home, period: Period) -> None:
    from pydantic import SecretStr  # noqa: PLC0415 - loads stores, for which other commands must not wait

    from billing.ledger.store import Ledger  # noqa: PLC0415 - the same
    from compose.history import History  # noqa: PLC0415 - the same
    from ingest.usage.store import Evidence  # noqa: PLC0415 - the same

    url = (home.path / "secrets" / "ledger-url").read_text()
    evidence, ledger = Evidence(SecretStr(url)), Ledger.at(url)
    days = History.days(period)
    try:
        with typer.progressbar(length=days, label="evidence", file=typer.get_text_stream("stderr")) as bar:
            written = History(evidence, ledger).write(period, lambda _: bar.update(1))
    finally:
        evidence.close()
        ledger.close()
    typer.echo(f"evidence: {written} sights of pods written, {days} days of the regions' clusters told")


def _bill(home: Home, period: Period) -> None:
    import billing  # noqa: PLC0415 - loads stores, for which other commands must not wait
    from billing.accounts.commands import invoices, price_books  # noqa: PLC0415 - the same
    from billing.hour import iso  # noqa: PLC0415 - the same
    from billing.runs.commands import make_up_for  # noqa: PLC0415 - the same

    config = home.path / "billing.toml"
    month = iso(period.start)[:7]
    book = Path(str(billing.__path__[0])) / "price_books" / "sample.yml"
    # Metrics of that time are none; the agents' evidence is all there is.
    make_up_for(period, config, wait=_WAIT_SECONDS)
    price_books.activate(book, _FINANCE, config, with_samples=True)
    _patiently(lambda: invoices.draft(month, config=config))
    invoices.submit(_CLERK, month_=month, config=config)
    _patiently(lambda: invoices.approve(_FINANCE, month_=month, config=config))
    invoices.list_(month, config=config)


def _patiently(step: Callable[[], None]) -> None:
    """The billing process publishes beside us, and for a moment the ledger may lack what the control store has."""
    for _ in range(_TRIES):
        try:
            return step()
        except typer.Exit as ending:
            if ending.exit_code != _UPSTREAM:
                raise
        time.sleep(_PAUSE_SECONDS)
    return step()
