"""How the regions' log stores are reached: the one place of the log reads that makes raw clients."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from core import clickhouse
from query.logs.read import LogSources
from query.logs.store import Source

if TYPE_CHECKING:
    from query.logs.settings import LogSettings, LogStoreSettings


def sources(settings: LogSettings | None) -> LogSources | None:
    """The log part of a front-door, when it is configured with one."""
    if settings is None:
        return None
    return LogSources(settings, [_source(store, settings.limits.export_seconds) for store in settings.stores])


def _source(store: LogStoreSettings, seconds: int) -> Source:
    name = f"region {store.region}: the log store"
    endpoint = clickhouse.Endpoint(name, store.url, store.user, store.password)
    return Source(
        store.region,
        functools.partial(clickhouse.reader, endpoint, answer_seconds=seconds),
        functools.partial(clickhouse.translated, name),
    )
