"""The ledger's evidence as it is written: the only part of ingest that holds the ledger's raw writer client."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from core import clickhouse
from core.clickhouse import Endpoint
from core.errors import StarmeterError, Unavailable
from core.tenant import Tenant
from sql import load

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from clickhouse_connect.driver.client import Client
    from pydantic import SecretStr

    from ingest.usage.tables import Rows

_DATABASE: Final = "billing"
# Uids that one question names: they travel in its URL.
_UIDS: Final = 500


class Evidence:
    """Inserts evidence into the ledger's store and asks what is there; threads may share it. Connects when needed."""

    def __init__(self, url: SecretStr) -> None:
        """By a URL with the writer's user and password.

        Raises:
            ConfigurationError: it is none.
        """
        self._endpoint = Endpoint.of("ledger_url: the ledger's store", url.get_secret_value())
        self._lock = threading.Lock()
        self._client: Client | None = None

    def close(self) -> None:
        """Drop the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def write(self, parts: Iterable[Rows]) -> None:
        """Insert the parts in their order, each once however often it is sent; empty ones are passed over.

        Raises:
            Unavailable: it is not certain that all are stored: send all of them again.
        """
        for part in parts:
            if not part.table.num_rows:
                continue
            with self._connection() as client:
                client.insert_arrow(
                    part.name,
                    part.table,
                    database=_DATABASE,
                    settings={"insert_deduplication_token": part.token, "async_insert": 0},
                )

    def registrations(self, region: str, cluster: str, uids: Collection[str]) -> set[tuple[str, Tenant]]:
        """Whose these pods were said to be: by uid, each tenant that was ever named.

        Raises:
            Unavailable: the store does not answer.
        """
        asked = sorted(set(uids))
        found: set[tuple[str, Tenant]] = set()
        for start in range(0, len(asked), _UIDS):
            bound = {"region": region, "cluster": cluster, "uids": asked[start : start + _UIDS]}
            with self._connection() as client:
                answer = client.query(load("ledger/evidence/registered_pods"), parameters=bound)
            found.update((uid, Tenant(*tenant)) for uid, *tenant in answer.result_rows)
        return found

    @contextmanager
    def _connection(self) -> Iterator[Client]:
        try:
            with clickhouse.translated(self._endpoint.name):
                yield self._connected()
        except StarmeterError as failure:
            # Whatever it is, the evidence is good and must come again: none may be lost for a quota or a credential.
            raise Unavailable(failure.message) from failure

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = clickhouse.writer(self._endpoint)
            return self._client
