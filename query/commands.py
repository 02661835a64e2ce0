"""`starmeter serve query`: the front-door as a process."""

from __future__ import annotations

import contextlib
import gc
import sys
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer
import uvicorn

from core import log, settings
from core.control import connect, require_current
from core.directory import Directory
from core.errors import ConfigurationError, Unavailable
from query.app import FrontDoor
from query.audit import AuditLog
from query.settings import QuerySettings

serve = typer.Typer(no_args_is_help=True, help="Run one of Starmeter's servers.")

_DRAIN_SECONDS: Final = 25


@serve.callback()
def _root() -> None:
    """Run one of Starmeter's servers."""


@serve.command("query")
def serve_query(
    config: Annotated[Path, typer.Option(envvar="STARMETER_QUERY_CONFIG", help="The front-door's TOML file.")],
) -> None:
    """Serve the front-door until SIGTERM; then finish what is running."""
    log.configure()
    try:
        configured = settings.load(QuerySettings, config)
        engine = connect(configured.control_store)
        require_current(engine)
        with _audit_stream(configured.audit_log) as stream:
            host, _, port = configured.listen.rpartition(":")
            # Reads make few cycles, so hunting them rarely is enough; what start-up made never needs to be looked at.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 20)
            uvicorn.run(
                FrontDoor(configured, Directory(engine), AuditLog(stream)),
                host=host.strip("[]"),
                port=int(port),
                loop="uvloop",
                http="httptools",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,  # the audit log says more
                server_header=False,
                proxy_headers=False,  # nothing is decided by a client's address
                timeout_graceful_shutdown=_DRAIN_SECONDS,
            )
    except ConfigurationError as failure:
        typer.echo(f"starmeter: {failure.message}", err=True)
        raise typer.Exit(2) from failure
    except Unavailable as failure:
        typer.echo(f"starmeter: {failure.message}", err=True)
        raise typer.Exit(3) from failure


def _audit_stream(path: str | None) -> contextlib.AbstractContextManager[BinaryIO]:
    try:
        return contextlib.nullcontext(sys.stdout.buffer) if path is None else Path(path).open("ab")
    except OSError as failure:
        raise ConfigurationError(f"audit_log: {path} cannot be opened: {failure.strerror}") from failure
