"""The control store's commands: `starmeter tokens create|list|revoke` and `starmeter migrate`."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import typer

from core.errors import BadRequest, StarmeterError, Unavailable
from core.scope import Action
from sql.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.credential import ApiToken
    from core.registry import Registry

_USAGE: Final = 2
_UPSTREAM: Final = 3
_DAYS: Final = re.compile(r"([1-9][0-9]{0,3})d", re.ASCII)

Store = Annotated[
    str,
    typer.Option(
        envvar="STARMETER_CONTROL_STORE", metavar="URL", help="The control store: sqlite:///file.db or postgresql://…"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_DEFAULT_STORE: Final = "sqlite:///.local/control.db"

tokens = typer.Typer(help="API tokens: create, list, revoke.", no_args_is_help=True)


@tokens.command("create")
def create(
    subject: Annotated[str, typer.Argument(help="Whose roles the token uses.")],
    *,
    name: Annotated[str, typer.Option(help="What it is for, shown in the list.")],
    action: Annotated[list[str] | None, typer.Option(help="Allow only this, such as metrics:read; repeatable.")] = None,
    workspace: Annotated[str | None, typer.Option(help="Narrow it to this workspace's projects.")] = None,
    project: Annotated[str | None, typer.Option(help="Narrow it to this project.")] = None,
    environment: Annotated[list[str] | None, typer.Option(help="Narrow it within the project; repeatable.")] = None,
    service: Annotated[list[str] | None, typer.Option(help="Narrow it within the project; repeatable.")] = None,
    expires_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it ends: 90d, or 2027-01-31T00:00:00Z. Never by default.")
    ] = None,
    store: Store = _DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Create a token and print it, once."""
    now = datetime.now(UTC)
    with _failures_told(), _opened(store) as registry:
        issued = registry.issue_token(
            subject,
            name,
            actions=action or None,
            workspace_id=workspace,
            project_id=project,
            environments=environment or None,
            services=service or None,
            expires_at=None if expires_at is None else _expiry(expires_at, now),
            now=now,
        )
    if as_json:
        _print_json({"id": issued.id, "token": issued.text})
        return
    typer.echo(issued.text)
    typer.echo("Keep it now: it is stored only as a hash and cannot be shown again.", err=True)


@tokens.command("list")
def list_(
    subject: Annotated[str | None, typer.Option(help="Only this subject's.")] = None,
    store: Store = _DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """List tokens, ended ones included; never their secrets."""
    with _failures_told(), _opened(store) as registry:
        found = registry.tokens(subject)
    if as_json:
        _print_json([asdict(token) for token in found])
        return
    now = datetime.now(UTC)
    _print_table(
        ("PREFIX", "SUBJECT", "NAME", "ACTIONS", "NARROWED TO", "EXPIRES", "LAST USED", "STATE", "ID"),
        [_row(token, now) for token in found],
    )


@tokens.command("revoke")
def revoke(
    token: Annotated[str, typer.Argument(help="Its id, its prefix, or all of it.")],
    store: Store = _DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """End a token at once and for good."""
    with _failures_told(), _opened(store) as registry:
        revoked = registry.revoke_token(token, datetime.now(UTC))
    if as_json:
        _print_json(asdict(revoked))
        return
    typer.echo(f"{revoked.prefix}… of {revoked.subject} ({revoked.name}) is revoked since {_time(revoked.revoked_at)}")


def migrate(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the migrations that are pending.")] = False,
    log_store: Annotated[
        list[str] | None,
        typer.Option(
            envvar="STARMETER_LOG_STORES",
            metavar="URL",
            help="Also a region's log store: http://writer:password@host:8123; repeatable.",
        ),
    ] = None,
    ledger: Annotated[
        str | None,
        typer.Option(
            envvar="STARMETER_LEDGER",
            metavar="URL",
            help="Also the billing ledger's store: http://writer:password@host:8123.",
        ),
    ] = None,
    topology: Annotated[Topology, typer.Option(help="How these stores are spread.")] = Topology.SINGLE,
    store: Store = _DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Bring the tables of the control store, and of the stores that are named, up to this release."""
    from core import control  # noqa: PLC0415 - loads SQLAlchemy and Alembic, for which `starmeter parse` must not wait

    with _failures_told():
        engine = control.connect(store)
        try:
            steps = [asdict(step) for step in (control.pending(engine) if dry_run else control.upgrade(engine))]
        finally:
            engine.dispose()
        steps += _store_steps(log_store or [], ledger, topology, dry_run=dry_run)
    if as_json:
        _print_json({"pending" if dry_run else "applied": steps})
        return
    for step in steps:
        typer.echo(f"{step.get('store', '')} {step['revision']}  {step['summary']}".lstrip())
    if not steps:
        others = [name for name, given in (("log stores", log_store), ("ledger", ledger)) if given]
        stores = " and ".join(["the control store", *(f"the {name}" for name in others)])
        typer.echo(f"nothing pending: {stores} {'are' if others else 'is'} up to date", err=True)


def _store_steps(logs: list[str], ledger: str | None, topology: Topology, *, dry_run: bool) -> list[dict[str, str]]:
    if not logs and ledger is None:
        return []
    from core import migration  # noqa: PLC0415 - loads ClickHouse's client

    stores = [(url, f"log_store {number}", migration.LOGS) for number, url in enumerate(logs, 1)]
    if ledger is not None:
        stores.append((ledger, "ledger", migration.LEDGER))
    return [
        step
        for url, name, family in stores
        for step in migration.steps(url, name, topology, dry_run=dry_run, family=family)
    ]


@contextmanager
def _failures_told() -> Iterator[None]:
    """Turn our errors into one line on standard error and the exit code that tells whose fault it is."""
    try:
        yield
    except StarmeterError as failure:
        typer.echo(f"error: {failure.message}", err=True)
        raise typer.Exit(_UPSTREAM if isinstance(failure, Unavailable) else _USAGE) from failure


@contextmanager
def _opened(store: str) -> Iterator[Registry]:
    from core import control  # noqa: PLC0415 - loads SQLAlchemy and Alembic, for which `starmeter parse` must not wait
    from core.registry import Registry  # noqa: PLC0415 - the same

    engine = control.connect(store)
    try:
        control.require_current(engine)
        yield Registry(engine)
    finally:
        engine.dispose()


def _expiry(text: str, now: datetime) -> datetime:
    if days := _DAYS.fullmatch(text):
        return now + timedelta(days=int(days[1]))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest("expires_at: not a time; write it as 90d or 2027-01-31T00:00:00Z") from None


def _print_json(value: object) -> None:
    typer.echo(orjson.dumps(value).decode())


def _print_table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(token: ApiToken, now: datetime) -> tuple[str, ...]:
    narrowing = {
        "workspace": [token.workspace_id] if token.workspace_id else [],
        "project": [token.project_id] if token.project_id else [],
        "environment": token.environments or (),
        "service": token.services or (),
    }
    return (
        token.prefix,
        token.subject,
        token.name,
        "all" if set(token.actions) == set(Action) else ",".join(token.actions),
        " ".join(f"{kind}={','.join(values)}" for kind, values in narrowing.items() if values) or "-",
        _time(token.expires_at),
        _time(token.last_used_at),
        _state(token, now),
        token.id,
    )


def _state(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at is not None and token.expires_at <= now else "active"


def _time(instant: datetime | None) -> str:
    return "-" if instant is None else instant.isoformat(timespec="seconds").replace("+00:00", "Z")
