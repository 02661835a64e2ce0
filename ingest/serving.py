"""Ingest as a process: its configuration, its stores, its server, its end."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Final

import uvicorn

from core import log, settings
from core.attribution import Attribution
from core.control import connect, require_current
from ingest.app import Ingest
from ingest.settings import IngestSettings

if TYPE_CHECKING:
    from pathlib import Path

_FINISH_SECONDS: Final = 10


def run(config: Path) -> None:
    """Serve as the TOML file `config` says, until SIGTERM; then finish what is running and empty the spool.

    Raises:
        ConfigurationError: a key, a secret or the spool is wrong; the message names the key.
        Unavailable: the control store does not answer, or is not of this release.
    """
    log.configure()
    configured = settings.load(IngestSettings, config)
    engine = connect(configured.control_store)
    require_current(engine)
    host, _, port = configured.listen.rpartition(":")
    ingest = Ingest(configured, Attribution(engine))
    gc.collect()
    gc.freeze()
    # Records make no cycles; what a body is read into is freed at its last use.
    # Looking for some among a body's hundred thousands of objects takes as long as reading it.
    gc.set_threshold(1_000_000, 20, 20)
    uvicorn.run(
        ingest.api,
        host=host.strip("[]"),
        port=int(port),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # agents post every second; the counters say more
        server_header=False,
        proxy_headers=False,  # nothing is decided by a client's address
        timeout_graceful_shutdown=_FINISH_SECONDS,
    )
