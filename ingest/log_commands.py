"""`starmeter serve ingest` and `starmeter ingest …`: taking logs in, from a terminal."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from core.errors import ConfigurationError, StarmeterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.settings import IngestSettings, LogRegion

ingest = typer.Typer(no_args_is_help=True, help="What came in and could not be attributed, or not be stored.")

_Config = Annotated[Path, typer.Option(envvar="STARMETER_INGEST_CONFIG", help="The ingest process's TOML file.")]

_FINDINGS: Final = 1


@ingest.callback()
def _root() -> None:
    """What came in and could not be attributed, or not be stored."""


def serve_ingest(config: _Config) -> None:
    """Take telemetry in until SIGTERM; then finish what is running and empty the spool."""
    from ingest import serving  # noqa: PLC0415 - loads all of a server, for which no other command must wait

    with _told():
        serving.run(config)


@ingest.command()
def replay(
    config: _Config,
    *,
    region: Annotated[str | None, typer.Option(help="Only this region's; all of them otherwise.")] = None,
    reason: Annotated[str, typer.Option(help="Only letters of this reason, such as unknown_service.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many letters of a region.")] = 10_000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a region.")] = False,
) -> None:
    """Try dead letters again: those that can be attributed by now become records.

    Exit code: 0 none is left of those tried, 1 some are.
    """
    from core import settings  # noqa: PLC0415 - loads database drivers, for which no other command must wait
    from core.attribution import Attribution  # noqa: PLC0415 - the same
    from core.control import connect, require_current  # noqa: PLC0415 - the same
    from ingest.app import bounds_of, owners_of  # noqa: PLC0415 - the same
    from ingest.replay import Replay  # noqa: PLC0415 - the same
    from ingest.settings import IngestSettings  # noqa: PLC0415 - the same
    from ingest.sink import Sink, endpoint  # noqa: PLC0415 - the same

    is_left = False
    with _told():
        configured = settings.load(IngestSettings, config)
        chosen = _chosen(configured, region, config)
        engine = connect(configured.control_store)
        require_current(engine)
        for one in chosen:
            sink = Sink(endpoint(one.name, one.logs_url))
            owners = owners_of(configured, Attribution(engine), one.name)
            done = Replay(one.name, owners, bounds_of(configured), sink).run(
                reason=reason, limit=limit, dry_run=dry_run
            )
            sink.close()
            is_left = is_left or bool(done.still)
            if as_json:
                counts = {"letters": done.letters, "records": done.records, "known": done.known, "still": done.still}
                typer.echo(json.dumps({"region": one.name, "dry_run": dry_run, **counts}))
                continue
            said = "would become" if dry_run else "became"
            typer.echo(f"{one.name}: {done.letters} dead letters {said} {done.records} records ({done.known} known)")
            for why, count in sorted(done.still.items()):
                typer.echo(f"{one.name}: {count} stay: {why}")
    if is_left:
        raise typer.Exit(_FINDINGS)


@ingest.command()
def refused(
    config: _Config,
    *,
    region: Annotated[str | None, typer.Option(help="Only this region's; all of them otherwise.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Have them tried again, by the process that runs or the next.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a batch.")] = False,
) -> None:
    """Show the batches that the store refused three times, which wait in the spool until they are tried again.

    The log says why each was refused. Mend that, then try again: each record is stored once, however often it is sent.
    Exit code: 0 there is none, or all will be tried again, 1 some wait.
    """
    from core import settings  # noqa: PLC0415 - loads database drivers, for which no other command must wait
    from ingest import segment, spool  # noqa: PLC0415 - the same
    from ingest.settings import IngestSettings  # noqa: PLC0415 - the same

    waiting = 0
    with _told():
        configured = settings.load(IngestSettings, config)
        for one in _chosen(configured, region, config):
            for path in spool.refused(Path(configured.spool) / one.name):
                held = [(kind.name.lower(), table.num_rows) for kind, table in segment.parse(path.read_bytes()).blocks]
                counts = {name: sum(rows for kind, rows in held if kind == name) for name in ("records", "letters")}
                if again:
                    spool.ask_again(path)
                else:
                    waiting += 1
                said = {"region": one.name, "file": path.name, **counts, "again": again}
                told = f"{counts['records']} records, {counts['letters']} dead letters"
                typer.echo(
                    json.dumps(said)
                    if as_json
                    else f"{one.name}: {path.name}: {told}{'; will be tried again' if again else ''}"
                )
    if waiting:
        raise typer.Exit(_FINDINGS)


def _chosen(configured: IngestSettings, region: str | None, config: Path) -> list[LogRegion]:
    chosen = [one for one in configured.regions if region in {None, one.name}]
    if not chosen:
        raise ConfigurationError(f"region: {region} is not in {config}; name one that is")
    return chosen


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except StarmeterError as failure:
        typer.echo(f"starmeter: {failure.message}", err=True)
        raise typer.Exit(2 if isinstance(failure, ConfigurationError) else 3) from failure
