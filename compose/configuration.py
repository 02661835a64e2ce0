"""The settings files of the local stack's own processes: TOML, whose basic strings are JSON's; secrets by file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from compose.home import write_private
from compose.region import url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from compose.clickhouse.store import Store
    from compose.home import Home
    from compose.region import Region


class Configuration:
    """Writes the files of one stack; every process listens on the loopback port it is given."""

    def __init__(self, home: Home, regions: Sequence[Region], ledger: Store, control_store: str) -> None:
        self._home = home
        self._regions = regions
        self._ledger = ledger
        self._control_store = control_store

    @property
    def build_secret(self) -> Path:
        """What the builder signs with."""
        return self._home.secret("builds").resolve()

    def query(self, port: int) -> Path:
        """The front-door's."""
        regions = [
            {
                "name": region.name,
                "metrics_url": url(region.ports.gate),
                "metrics_token_file": region.read_token.resolve(),
                "alerts_url": url(region.ports.ruler),
            }
            for region in self._regions
        ]
        stores = [
            {
                "region": region.name,
                "url": region.logs.url,
                "password_file": region.logs.reader_password.resolve(),
            }
            for region in self._regions
        ]
        return self._written(
            "query.toml",
            {**self._common(port), "audit_log": self._home.log("audit").resolve()},
            [
                *(("[[regions]]", region) for region in regions),
                ("[logs]", {"cursor_key_file": self._home.secret("log-cursors").resolve()}),
                *(("[[logs.stores]]", store) for store in stores),
                (
                    "[billing]",
                    {
                        "ledger_url": self._ledger.url,
                        "ledger_password_file": self._ledger.reader_password.resolve(),
                        "cursor_key_file": self._home.secret("usage-cursors").resolve(),
                    },
                ),
            ],
        )

    def ingest(self, port: int) -> Path:
        """Ingest's; the stores' URLs, which hold passwords, are secrets of their own."""
        regions = [
            {"name": region.name, "logs_url_file": self._secret(f"logs-url-{region.name}", region.logs.writer_url())}
            for region in self._regions
        ]
        usage = {"ledger_url_file": self._ledger_url(), "build_secret_file": self.build_secret}
        return self._written(
            "ingest.toml",
            {**self._common(port), "spool": self._home.folder("spool").resolve()},
            [("[usage]", usage), *(("[[regions]]", region) for region in regions)],
        )

    def billing(self, port: int) -> Path:
        """The billing run's; it reads raw samples with a token of its own."""
        regions = [
            {
                "name": region.name,
                "metrics_url": url(region.ports.gate),
                "metrics_token_file": region.billing_token.resolve(),
            }
            for region in self._regions
        ]
        return self._written(
            "billing.toml",
            {**self._common(port), "ledger_url_file": self._ledger_url()},
            [("[[regions]]", region) for region in regions],
        )

    def _common(self, port: int) -> dict[str, Any]:
        return {"listen": f"127.0.0.1:{port}", "control_store": self._control_store}

    def _ledger_url(self) -> Path:
        return self._secret("ledger-url", self._ledger.writer_url())

    def _secret(self, name: str, text: str) -> Path:
        path = self._home.folder("secrets") / name
        write_private(path, text)
        return path.resolve()

    def _written(
        self, name: str, top: Mapping[str, object], tables: Sequence[tuple[str, Mapping[str, object]]]
    ) -> Path:
        lines = _pairs(top)
        for header, table in tables:
            lines += ["", header, *_pairs(table)]
        path = self._home.path / name
        write_private(path, "\n".join([*lines, ""]))
        return path


def _pairs(table: Mapping[str, object]) -> list[str]:
    return [f"{key} = {json.dumps(str(value))}" for key, value in table.items()]
