"""The start-up probe of a log store: proof that the server itself holds readers to one tenant, or the region is closed.

It does not trust that policies exist: it looks, as the front-door's own reader, for a record that was put there to be
found by one project and by nobody else (sql/logs/0002).
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Final

from clickhouse_connect.driver.exceptions import DatabaseError

from core.clickhouse import PROJECT_SETTING, translated
from core.errors import Unavailable
from sql import load

if TYPE_CHECKING:
    from clickhouse_connect.driver.asyncclient import AsyncClient

_CANARY: Final = "00000000-0000-4000-8000-0000000ca9a1"
_REFUSALS: Final = frozenset({164, 497})
_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")
# Ways past row policies were closed in these releases (ClickHouse 115230, 115304), and in all after the last of them.
_MENDED: Final = {(26, 3): 22, (26, 5): 8, (26, 6): 4, (26, 7): 6}


async def prove(client: AsyncClient, store: str) -> None:
    """Run the probe with the reader that will serve; `store` begins the message of a failure.

    Raises:
        Unavailable: one of the proofs fails, or cannot be had.
    """
    with translated(store):
        await _holds(client, store)


async def _holds(client: AsyncClient, store: str) -> None:
    version = str(await client.command(load("probe/version")))
    if not _is_mended(version):
        raise Unavailable(f"{store}: its release has known ways past row policies; upgrade the server")
    for project, expected in ((_CANARY, 1), (str(uuid.uuid4()), 0), ("", 0)):
        seen = await _seen(client, project)
        if seen != (expected, expected):
            raise Unavailable(
                f"{store}: its row policies do not hold readers to one project; apply sql/server/logs.sql and migrate"
            )
    for name in ("write", "dead_letters", "file"):
        if not await _is_refused(client, f"probe/{name}_refused"):
            raise Unavailable(
                f"{store}: its reader may do more than read its tables ({name}); apply sql/server/logs.sql"
            )


async def _seen(client: AsyncClient, project: str) -> tuple[int, int]:
    """The canary's records and all records beside it that a reader bound to `project` sees."""
    answer = await client.query(load("probe/canary_visible"), settings={PROJECT_SETTING: project})
    ((canary, rows),) = answer.result_rows
    return canary, rows


async def _is_refused(client: AsyncClient, name: str) -> bool:
    """Whether the server refuses the statement, or shows nothing by it."""
    try:
        answer = await client.command(load(name), settings={PROJECT_SETTING: _CANARY})
    except DatabaseError as failure:
        if failure.code in _REFUSALS:
            return True
        raise
    return answer == 0 and name.endswith("dead_letters_refused")


def _is_mended(version: str) -> bool:
    match = _VERSION.match(version)
    if match is None:
        return False
    major, minor, patch = map(int, match.groups())
    if (major, minor) in _MENDED:
        return patch >= _MENDED[major, minor]
    return (major, minor) > max(_MENDED)
