"""A store that answers with somebody else's rows: the look at each block of a stream lets none of them through."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core import isolation
from core.scope import Grant
from query.logs import reader, statement
from query.logs.arguments import Span
from query.logs.export import FORMATS
from query.verification import IsolationError
from tests.query import platform
from tests.query.logs.conftest import LIMITS, proved
from tests.query.logs.samples import SECOND

if TYPE_CHECKING:
    from query.logs.format import Encoder
    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.reference import Sample

WHOLE = Grant(platform.PROJECT_A, "near")
RIVAL = Grant(platform.PROJECT_B, "near")


@pytest.mark.anyio
@pytest.mark.parametrize("encoder", FORMATS.values(), ids=FORMATS.keys())
@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        pytest.param(WHOLE, RIVAL, id="another project"),
        pytest.param(replace(WHOLE, environments=frozenset({"production"})), WHOLE, id="another environment"),
        pytest.param(replace(WHOLE, services=frozenset({platform.SERVICE_A1})), WHOLE, id="another service"),
    ],
)
async def test_a_block_with_rows_outside_the_scope_is_refused_and_takes_the_store_out_of_service(
    log_server: Server,
    ours: list[Sample],
    moment: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    encoder: type[Encoder],
    asked: Grant,
    shown: Grant,
) -> None:
    async def nothing(*_: object) -> None:
        return

    assert ours
    tenancy = statement._tenancy  # noqa: SLF001 - the store is made to answer another question
    # As its writer, whom no policy holds; neither the statement nor the store is looked at.
    monkeypatch.setattr(isolation, "prove", nothing)
    monkeypatch.setattr(reader, "verify", lambda *_: None)
    span = Span(moment - 60 * SECOND, moment).condition
    async with proved(log_server.writer_url) as store:

        async def read() -> int:
            made = reader.LogReader(store, asked, LIMITS)
            batches = made.batches(encoder.statement, [span], limit=10_000, **encoder.parameters)
            async with contextlib.aclosing(batches):
                return sum([batch.num_rows async for batch in batches])

        assert await read() > 0
        monkeypatch.setattr(statement, "_tenancy", lambda _: tenancy(shown))
        with pytest.raises(IsolationError):
            await read()

        assert not store.ready
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
