"""Evidence as tests put it into a ledger's store."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import polars as pl

from billing.observation import table
from core import clickhouse
from core.clickhouse import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from billing.observation import PodObservation
    from core.tenant import Tenant

# When evidence is received that a test says nothing else of: long after everything that happens in tests.
RECEIVED: Final = 1_900_000_000
AS_OF: Final = RECEIVED + 3600
_TABLES: Final = (
    *("pod_observations", "pod_registrations", "pod_documents", "heartbeats", "nodes", "build_events"),
    *("usage", "publications"),
)


class Deposit:
    """Inserts evidence under any region and cluster."""

    def __init__(self, url: str) -> None:
        self._client = clickhouse.writer(Endpoint.of("the ledger", url))

    def close(self) -> None:
        self._client.close()

    def clear(self) -> None:
        """Have the ledger as it was in the beginning."""
        for name in _TABLES:
            self.clear_table(name)

    def clear_table(self, name: str) -> None:
        """Have a table empty."""
        self._client.command(f"TRUNCATE TABLE billing.{name}")

    def count(self, name: str) -> int:
        """How many rows a table has."""
        return int(self._client.query(f"SELECT count() FROM billing.{name}").result_rows[0][0])  # noqa: S608 - ours

    def _insert(self, name: str, rows: pl.DataFrame) -> None:
        token = {"insert_deduplication_token": uuid4().hex}
        self._client.insert_arrow(name, rows.to_arrow(), database="billing", settings=token)

    def observations(
        self, region: str, seen: Sequence[PodObservation], *, source: str = "series", received: int = RECEIVED
    ) -> None:
        """Sights of pods; those without a time of receipt get `received`."""
        if not seen:
            return
        told = [each if each.received_at else replace(each, received_at=received) for each in seen]
        more = {"region": region, "namespace": "ns", "pod": "pod", "source": source}
        columns = table(told).drop("unbroken").with_columns(pl.lit(value).alias(name) for name, value in more.items())
        self._insert("pod_observations", columns)

    def registration(self, region: str, cluster: str, uid: str, tenant: Tenant, *, received: int = RECEIVED) -> None:
        """Whose a pod is."""
        told = {"uid": uid, "project_id": tenant.project_id, "environment": tenant.environment}
        told |= {"service_id": tenant.service_id, "source": "agent", "region": region, "cluster": cluster}
        moment = pl.from_epoch(pl.lit(received), time_unit="s").cast(pl.Datetime("ms", "UTC"))
        self._insert("pod_registrations", pl.DataFrame([told]).with_columns(received_at=moment))

    def heartbeats(
        self, region: str, cluster: str, seconds: Iterable[int], *, source: str = "agent", received: int = RECEIVED
    ) -> None:
        """When a cluster's collector was heard."""
        told = pl.DataFrame({"observed_at": list(seconds)}).with_columns(
            region=pl.lit(region), cluster=pl.lit(cluster), source=pl.lit(source), received_at=pl.lit(received)
        )
        self._insert("heartbeats", told)

    def node(self, region: str, cluster: str, *told: Any, received: int = RECEIVED) -> None:  # noqa: ANN401 - a row
        """What a node can give: its name, a second, millicores, bytes."""
        node, at, cpu_m, memory_b = told
        row = {"node": node, "observed_at": at, "cpu_m": cpu_m, "memory_b": memory_b, "received_at": received}
        self._insert("nodes", pl.DataFrame([row | {"region": region, "cluster": cluster}]))

    def document(self, region: str, cluster: str, uid: str, document: str, *, received: int = RECEIVED) -> None:
        """A pod's document."""
        told = {"uid": uid, "document": document, "observed_at": received, "received_at": received}
        place = {"region": region, "cluster": cluster, "sha256": hashlib.sha256(document.encode()).hexdigest()}
        self._insert("pod_documents", pl.DataFrame([told | place]))

    def build(self, region: str, tenant: Tenant, **told: Any) -> None:  # noqa: ANN401 - columns
        """A report about a build."""
        row = {"region": region, "delivery_id": uuid4().hex, "received_at": RECEIVED, "state": "succeeded"}
        row |= {"project_id": tenant.project_id, "environment": tenant.environment, "service_id": tenant.service_id}
        self._insert("build_events", pl.DataFrame([row | told]))
