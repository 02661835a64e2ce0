"""Migrations of ClickHouse stores: what a store lacks, and bringing it up to this release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core import clickhouse
from core.clickhouse import Endpoint
from core.errors import ConfigurationError
from sql import load
from sql.migration import migrations

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from sql.migration import Migration
    from sql.topology import Topology


# The families of a region's log store and of the billing ledger.
LOGS: Final = "logs"
LEDGER: Final = "ledger"


def steps(url: str, store: str, topology: Topology, *, dry_run: bool, family: str = LOGS) -> list[dict[str, str]]:
    """What is pending of a family in the store at `url`, or what was run there, as rows for people and programs.

    Raises:
        ConfigurationError: as `pending`, or `url` is none.
        Unavailable: the store fails.
    """
    endpoint = Endpoint.of(store, url)
    run = (pending if dry_run else upgrade)(endpoint, family, topology)
    return [{"store": store, "revision": one.name, "summary": one.summary} for one in run]


def pending(endpoint: Endpoint, family: str, topology: Topology) -> list[Migration]:
    """The migrations of `family` that the store still lacks, in the order in which they will run.

    Raises:
        ConfigurationError: the store was migrated by a newer release, by changed files or for another topology.
        Unavailable: the store does not answer.
    """
    with clickhouse.translated(endpoint.name):
        client = clickhouse.writer(endpoint)
        try:
            return _pending(client, endpoint.name, family, topology)
        finally:
            client.close()


def upgrade(endpoint: Endpoint, family: str, topology: Topology) -> list[Migration]:
    """Run the pending migrations; returns what was run.

    ClickHouse has no transactions: a migration counts as applied once all of it has run, and one that was interrupted
    is run again from its beginning. For the same reason two runners at a time do no harm.

    Raises:
        ConfigurationError: as `pending`.
        Unavailable: the store fails.
    """
    with clickhouse.translated(endpoint.name):
        client = clickhouse.writer(endpoint)
        try:
            # What does not fit is refused before anything is run.
            missing = _pending(client, endpoint.name, family, topology)
            for statement in topology.statements(load("migrations")):
                client.command(statement)
            for migration in missing:
                for statement in migration.statements(topology):
                    client.command(statement)
                client.command(
                    load("record_migration"),
                    parameters={
                        "family": family,
                        "name": migration.name,
                        "checksum": migration.checksum,
                        "topology": topology.value,
                    },
                )
            return missing
        finally:
            client.close()


def _pending(client: Client, store: str, family: str, topology: Topology) -> list[Migration]:
    known = migrations(family)
    applied = client.query(load("applied_migrations"), parameters={"family": family}) if _has_list(client) else None
    rows = [] if applied is None else applied.result_rows
    for position, (name, checksum, form) in enumerate(rows):
        if position >= len(known) or known[position].name != name:
            raise ConfigurationError(f"{store} was migrated by another release ({name}); run that release")
        if known[position].checksum != bytes(checksum).decode():
            raise ConfigurationError(f"{store}: migration {name} was changed after it was applied; restore its file")
        if form != topology:
            raise ConfigurationError(f"{store} was migrated as {form}, not as {topology.value}; say --topology {form}")
    return known[len(rows) :]


def _has_list(client: Client) -> bool:
    return bool(client.command("EXISTS TABLE starmeter.migrations"))
