"""A region's log store as ingest writes to it: the only part of ingest that holds the raw writer client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from core import clickhouse
from core.clickhouse import DATABASE, Endpoint
from core.errors import StarmeterError, Unavailable
from ingest.letters import LETTERS
from ingest.rows import DOUBTFUL, RECORDS
from sql import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clickhouse_connect.driver.client import Client
    from pydantic import SecretStr

# Ids that one question names: they travel in its URL.
_IDS: Final = 1_000
_MENDED_BEFORE: Final = 300 * 10**9
# What of a batch is stored; a file that another release left in the spool may have more.
_STORED: Final = [name for name in RECORDS.names if name != DOUBTFUL]
# The store cannot take the rows for what they are; trying again cannot help.
_REFUSALS: Final = frozenset({6, 27, 33, 43, 50, 53, 70, 117, 131, 321, 349, 376, 469})


def endpoint(region: str, url: SecretStr) -> Endpoint:
    """Where a region's log store is, by a URL with the writer's user and password.

    Raises:
        ConfigurationError: it is none; the message names the region.
    """
    return Endpoint.of(f"region {region}: the log store", url.get_secret_value())


class Refused(StarmeterError):
    """The store cannot take a batch for what is in it; `code` is the store's own."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of a batch: rows sent to the store, rows it was asked for before, and those of them that it had."""

    inserted: int
    doubtful: int
    known: int


class Sink:
    """Inserts batches into one store; connects when first needed, and again after a failure. For one thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._client: Client | None = None

    def close(self) -> None:
        """Drop the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def insert_records(self, table: pa.Table, token: str, *, is_again: bool = False) -> Stored:
        """Insert records, without the doubtful ones that the store has.

        `is_again` says that the batch may have been sent before, with an unknown end: then it is looked at besides
        whether the store, which remembers tokens of inserts that it was killed in, has really kept all of it.

        Raises:
            Unavailable: it is not certain that they are stored: try again with the same token.
            Refused: the store will never take them.
        """
        doubtful = table.filter(table[DOUBTFUL])
        known = self._known(doubtful) if doubtful.num_rows else set()
        total = table.num_rows
        whole = table.select(_STORED)
        if known:
            is_known = pc.and_(table[DOUBTFUL], pc.is_in(table["id"], pa.array(sorted(known), pa.uint64())))
            table = table.filter(pc.invert(is_known))
        table = table.select(_STORED)
        if table.num_rows:
            self._insert("logs", table, token)
        if is_again:
            self._mend(whole, token)
        return Stored(table.num_rows, doubtful.num_rows, total - table.num_rows)

    def _mend(self, table: pa.Table, token: str) -> None:
        kept = pa.array(sorted(self._known(table)), pa.uint64())
        missing = table.filter(pc.invert(pc.is_in(table["id"], kept)))
        if missing.num_rows:
            self._insert("logs", missing, f"{token}/missing/{missing.num_rows}")
        moments = table["timestamp"].cast(pa.int64())
        bound = {
            "projects": _projects(table),
            # Batches that were stored shortly before the store was killed, too, for their part of the view may be lost.
            "first": pc.min(moments).as_py() - _MENDED_BEFORE,
            "last": pc.max(moments).as_py(),
        }
        # What is missing twice in one minute may be the same row twice; neither is a repetition of the other.
        settings = {"insert_deduplicate": 0, "insert_deduplication_token": uuid4().hex}
        self._run(lambda client: client.command(load("ingest/mend_volume"), parameters=bound, settings=settings))

    def insert_letters(self, table: pa.Table, token: str) -> None:
        """Insert dead letters.

        Raises:
            Unavailable: as `insert_records`.
            Refused: the same.
        """
        self._insert("dead_letters", table, token)

    def _insert(self, name: str, table: pa.Table, token: str) -> None:
        self._run(
            lambda client: client.insert_arrow(
                name, table, database=DATABASE, settings={"insert_deduplication_token": token, "async_insert": 0}
            )
        )

    def _known(self, table: pa.Table) -> set[int]:
        """The ids of the records in `table` that the store has."""
        table = table.select(["project_id", "timestamp", "id"]).sort_by("timestamp")
        found: set[int] = set()
        for start in range(0, table.num_rows, _IDS):
            part = table.slice(start, _IDS)
            moments = part["timestamp"].cast(pa.int64())
            parameters = {
                "projects": _projects(part),
                "first": moments[0].as_py(),
                "last": moments[-1].as_py(),
                "ids": part["id"].to_pylist(),
            }
            rows = self._run(
                lambda client, bound=parameters: client.query(load("ingest/stored_ids"), parameters=bound).result_rows
            )
            found.update(number for (number,) in rows)
        return found

    def letters(self, region: str, reason: str, after: tuple[int, int], limit: int) -> list[dict[str, Any]]:
        """A page of dead letters that have not been replayed, after the one of that time (ms) and id.

        Raises:
            Unavailable: the store does not answer.
        """
        parameters = {"region": region, "reason": reason, "after": after[0], "after_id": after[1], "n": limit}
        answer = self._run(
            lambda client: client.query_arrow(
                load("ingest/waiting_letters"), parameters=parameters, use_strings=False
            ).to_pylist()
        )
        return [{name: _plain(name, value) for name, value in letter.items()} for letter in answer]

    def mark_replayed(self, letters: Sequence[dict[str, Any]], now: datetime, token: str) -> None:
        """Write letters again, with a higher revision and the time of their replay.

        Raises:
            Unavailable: the store does not answer.
        """
        rows = [
            {**letter, "replayed_at": now.astimezone(UTC), "revision": letter["revision"] + 1} for letter in letters
        ]
        columns = [pa.array([row[field.name] for row in rows], field.type) for field in LETTERS]
        self._insert("dead_letters", pa.Table.from_arrays(columns, schema=LETTERS), token)

    def _run(self, work: Any) -> Any:  # noqa: ANN401 - whatever a call of the client gives
        try:
            with clickhouse.translated(self._endpoint.name):
                if self._client is None:
                    self._client = clickhouse.writer(self._endpoint)
                return work(self._client)
        except StarmeterError as failure:
            code = getattr(failure.__cause__, "code", None)
            self.close()
            if code in _REFUSALS:
                raise Refused(f"{self._endpoint.name} refuses a batch (code {code})") from failure
            # A quota, a deadline, a wrong credential: none of them may cost a record, all are tried again.
            raise Unavailable(failure.message) from failure


def _projects(table: pa.Table) -> list[str]:
    return [str(UUID(bytes=one)) for one in table["project_id"].unique().to_pylist()]


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401 - a column's value
    """Texts as texts; a payload is whatever bytes came."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) and name != "payload" else value
