"""The local stack's ClickHouse stores: one a region, and one for the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from compose.demo import REGIONS
from compose.home import Home
from compose.ports import reserved
from compose.stack import Stack
from compose.summary import summary

if TYPE_CHECKING:
    from pathlib import Path


def test_every_region_and_the_ledger_have_a_store_of_their_own_that_the_stack_file_names(tmp_path: Path) -> None:
    with reserved(Stack.PORTS) as ports:
        stack = Stack(Home(tmp_path), ports, datetime.now(UTC))
        processes = {process.name: process for process in chain(*stack.tiers())}
    told: dict[str, Any] = stack.description()
    stores = {f"clickhouse-{region['name']}": region["clickhouse_url"] for region in told["regions"]}
    stores["ledger"] = told["ledger_url"]

    assert set(stores) == {"ledger", *(f"clickhouse-{name}" for name in REGIONS)}
    assert len(set(stores.values())) == len(stores)
    assert {name: processes[name].ready_url for name in stores} == {name: f"{url}/ping" for name, url in stores.items()}
    assert all(url in summary(told) for url in stores.values())
    folders = {str(processes[name].arguments[4]) for name in stores}
    assert len(folders) == len(stores)
