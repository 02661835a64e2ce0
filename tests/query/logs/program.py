"""A front-door with logs as a process: `python -m tests.query.logs.program <configuration> [<defect>]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn

from core import log, settings
from core.control import connect
from core.directory import Directory
from query.app import FrontDoor
from query.audit import AuditLog
from query.corking import CorkedProtocol
from query.logs.read import LogSources
from query.logs.settings import LogSettings
from query.settings import QuerySettings
from tests.query.logs.conftest import source
from tests.query.logs.defects import DEFECTS


def main(path: Path) -> None:
    """Serve until SIGTERM."""
    log.configure()
    configured: dict[str, Any] = json.loads(path.read_text())
    query = settings.load(QuerySettings, Path(configured["query"]))
    logs = LogSettings.model_validate(configured["logs"])
    sources = [source(url, region) for region, url in configured["urls"].items()]
    directory = Directory(connect(configured["control_store"]))
    with Path(query.audit_log or "").open("ab", buffering=0) as stream:
        uvicorn.run(
            FrontDoor(query, directory, AuditLog(stream), LogSources(logs, sources)),
            host="127.0.0.1",
            port=int(query.listen.rpartition(":")[2]),
            loop="uvloop",
            http=CorkedProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )


if __name__ == "__main__":
    for name in sys.argv[2:]:
        DEFECTS[name]()
    main(Path(sys.argv[1]))
