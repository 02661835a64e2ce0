"""A ClickHouse store for tests: one of its own, or a real server that the environment names.

`STARMETER_TEST_CLICKHOUSE_WRITER` and `…_READER` are URLs with user and password; the server's schema must be migrated
and `sql/server/logs.sql` applied.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import clickhouse_connect
import httpx

from compose.clickhouse.store import Store
from compose.home import Home
from compose.process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clickhouse_connect.driver.asyncclient import AsyncClient
    from clickhouse_connect.driver.client import Client

_WRITER: Final = "STARMETER_TEST_CLICKHOUSE_WRITER"
_READER: Final = "STARMETER_TEST_CLICKHOUSE_READER"


@dataclass(frozen=True, slots=True)
class Server:
    """A running store; `pid` is 0 when it is not ours."""

    writer_url: str
    reader_url: str
    pid: int = 0

    def writer(self, **options: Any) -> Client:  # noqa: ANN401 - the library's own options
        """The library's blocking client as it comes, for the writer."""
        return clickhouse_connect.get_client(**_where(self.writer_url), **options)

    def reader(self, project: str = "", **options: Any) -> Client:  # noqa: ANN401 - the same
        """The same for a reader that is bound to a project."""
        return clickhouse_connect.get_client(**_where(self.reader_url), settings={"SQL_project": project}, **options)

    async def async_reader(self, project: str = "", **options: Any) -> AsyncClient:  # noqa: ANN401 - the same
        """The library's client for the event loop, for a reader that is bound to a project."""
        return await clickhouse_connect.get_async_client(
            **_where(self.reader_url), settings={"SQL_project": project}, **options
        )

    def http(self, *, reader: bool = False) -> httpx.Client:
        """Plain HTTP with the credential of an account."""
        parts = urlsplit(self.reader_url if reader else self.writer_url)
        return httpx.Client(
            base_url=f"{parts.scheme}://{parts.hostname}:{parts.port}",
            auth=(parts.username or "", parts.password or ""),
            timeout=30,
        )


def _where(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "interface": parts.scheme,
        "host": parts.hostname,
        "port": parts.port,
        "username": parts.username,
        "password": parts.password,
    }


@contextmanager
def running(folder: Path, *, migrated: bool = True) -> Iterator[Server]:
    """A local store with its data in `folder`."""
    store = Store(Home(folder), "clickhouse", free_port(), folder / "store")
    with store.process(migrated=migrated) as process:
        reader = store.writer_url().replace(store.writer_password.read_text(), store.reader_password.read_text())
        yield Server(store.writer_url(), reader.replace("//writer:", "//reader:"), process.pid)


@contextmanager
def named_or_running(folder: Path) -> Iterator[Server]:
    """The server that the environment names, else a local store."""
    if writer := os.environ.get(_WRITER):
        yield Server(writer, os.environ[_READER])
        return
    with running(folder) as server:
        yield server
