"""The front-door as a process: its configuration, its stores, its server, its end."""

from __future__ import annotations

import gc
import os
import sys
from io import FileIO
from typing import TYPE_CHECKING, Final

import uvicorn

from core import log, settings
from core.control import connect, require_current
from core.directory import Directory
from core.errors import ConfigurationError
from query.app import FrontDoor
from query.audit import AuditLog
from query.corking import CorkedProtocol
from query.logs import connection
from query.settings import QuerySettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from query.mount import Mount

_DRAIN_SECONDS: Final = 25


def run(config: Path, model: type[QuerySettings] = QuerySettings, mounts: Sequence[Mount] = ()) -> None:
    """Serve as the TOML file `config` says, until SIGTERM; then finish what is running.

    `mounts` are the surfaces of other packages; `model` also reads what they are configured with.

    Raises:
        ConfigurationError: a key, a secret or the audit log is wrong; the message names the key.
        Unavailable: the control store does not answer, or is not of this release.
    """
    log.configure()
    configured = settings.load(model, config)
    engine = connect(configured.control_store.get_secret_value())
    require_current(engine)
    with _audit_stream(configured.audit_log) as stream:
        host, _, port = configured.listen.rpartition(":")
        # Reads make few cycles, so hunting them rarely is enough; what start-up made never needs to be looked at.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        uvicorn.run(
            FrontDoor(
                configured,
                Directory(engine),
                AuditLog(stream),
                connection.sources(configured.logs),
                mounts=mounts,
            ),
            host=host.strip("[]"),
            port=int(port),
            loop="uvloop",
            http=CorkedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,  # the audit log says more
            server_header=False,
            proxy_headers=False,  # nothing is decided by a client's address
            limit_concurrency=configured.connections,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )


def _audit_stream(path: str | None) -> FileIO:
    """Unbuffered: what the audit log has handed over is with the operating system, and nowhere twice."""
    try:
        if path is None:
            return FileIO(sys.stdout.fileno(), "wb", closefd=False)
        return FileIO(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
    except OSError as failure:
        raise ConfigurationError(f"audit_log: {path} cannot be opened: {failure.strerror}") from failure
