"""One ClickHouse store of the local stack: its process, its accounts' secrets, its schema."""

from __future__ import annotations

import logging
import sys
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from compose.clickhouse.account import READER, WRITER
from compose.process import Process
from core import migration
from core.errors import Unavailable
from sql.topology import Topology

if TYPE_CHECKING:
    from pathlib import Path

    from compose.home import Home

_log = logging.getLogger("compose.clickhouse")


class Store:
    """The store `name` with its data in `folder`, on a loopback port; its passwords are secrets of `home`."""

    def __init__(self, home: Home, name: str, port: int, folder: Path) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self.reader_password: Path = home.secret(f"{name}-{READER}")
        self.writer_password: Path = home.secret(f"{name}-{WRITER}")
        self._port = port
        self._folder = folder
        self._log = home.log(name)
        self._is_migrated = False

    def writer_url(self) -> str:
        """Its URL with the writer's credential in it."""
        password = quote(self.writer_password.read_text(), safe="")
        return self.url.replace("://", f"://{WRITER}:{password}@")

    def process(self, *, migrated: bool = False, family: str = migration.LOGS) -> Process:
        """Its process; when `migrated`, it counts as ready once the schema of `family` is there."""
        arguments: list[str | Path] = [
            *(sys.executable, "-m", "compose.clickhouse"),
            *("--path", self._folder.resolve()),
            *("--port", str(self._port)),
            *("--reader-password-file", self.reader_password.resolve()),
            *("--writer-password-file", self.writer_password.resolve()),
        ]
        is_ready = partial(self._has_schema, family) if migrated else None
        return Process(self.name, arguments, self._log, f"{self.url}/ping", is_ready=is_ready)

    def _has_schema(self, family: str) -> bool:
        if not self._is_migrated:
            try:
                migration.steps(self.writer_url(), self.name, Topology.SINGLE, dry_run=False, family=family)
            except Unavailable as failure:
                _log.warning("the schema is not there yet", extra={"store": self.name, "reason": failure.message})
                return False
            self._is_migrated = True
        return True
