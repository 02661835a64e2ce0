"""A tenant's own alerts and the rules behind them, out of a vmalert that evaluates the rules of everyone.

vmalert ignores every filter it is given, so nothing of its answer is passed on: what belongs to the scope is picked out
and written anew, field by field.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import Unavailable
from core.http1 import BrokenConnectionError
from core.victoria import StoreClient
from query.body import whole

if TYPE_CHECKING:
    from core.scope import Grant

_REMEMBERED_SECONDS: Final = 2.0
_MOST_BYTES: Final = 32 * 1024 * 1024
_SECONDS: Final = 5.0


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Alert(_Lenient):
    state: str
    value: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    activeAt: str = ""  # noqa: N815 - as on the wire


class _Rule(_Lenient):
    name: str = ""
    type: str = ""
    duration: float = 0.0
    labels: dict[str, str] | None = None
    alerts: tuple[_Alert, ...] | None = None
    lastEvaluation: str = ""  # noqa: N815 - as on the wire


class _Group(_Lenient):
    name: str
    interval: float = 0.0
    rules: tuple[_Rule, ...] | None = None


class _Groups(_Lenient):
    groups: tuple[_Group, ...] | None = None


class _Answer(_Lenient):
    data: _Groups


class AlertReader:
    """Reads one region's vmalert; what it says is remembered for two seconds, for all tenants together."""

    def __init__(self, region: str, url: str | None, *, connect_seconds: float) -> None:
        self._region = region
        self._store = None if url is None else StoreClient(f"region {region}", url, connect_seconds=connect_seconds)
        self._asking: asyncio.Task[tuple[_Group, ...]] | None = None
        self._until = 0.0

    async def alerts(self, grant: Grant) -> dict[str, object]:
        """The `data` of `/api/v1/alerts`: the alerts whose labels lie in `grant`."""
        rules = [rule for group in await self._read() for rule in group.rules or ()]
        return {"alerts": [_alert(alert) for rule in rules for alert in _own_alerts(rule, grant)]}

    async def rules(self, grant: Grant) -> dict[str, object]:
        """The `data` of `/api/v1/rules`: rules with an alert in `grant`, or whose own labels lie in it."""
        groups = []
        for group in await self._read():
            rules = [
                _rule(rule, own, grant)
                for rule in group.rules or ()
                if (own := _own_alerts(rule, grant)) or _is_inside(rule.labels or {}, grant)
            ]
            if rules:
                groups.append({"name": group.name, "file": "", "interval": group.interval, "rules": rules})
        return {"groups": groups}

    async def close(self) -> None:
        """Close the connections to vmalert."""
        if self._store is not None:
            await self._store.close()

    async def _read(self) -> tuple[_Group, ...]:
        """What vmalert said at most two seconds ago, for all who want to know; that it did not answer counts, too."""
        if self._store is None:
            return ()
        if self._asking is None or (self._asking.done() and time.monotonic() >= self._until):
            self._asking = asyncio.create_task(self._ask(self._store))
            self._asking.add_done_callback(self._remember)
        # Shielded: a client that goes away must not take the answer from the others.
        return await asyncio.shield(self._asking)

    def _remember(self, asked: asyncio.Task[tuple[_Group, ...]]) -> None:
        self._until = time.monotonic() + _REMEMBERED_SECONDS
        if not asked.cancelled():
            asked.exception()  # seen, even if nobody waits for it any more

    async def _ask(self, store: StoreClient) -> tuple[_Group, ...]:
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await store.get("/api/v1/rules")
                try:
                    text = await whole(answer, _MOST_BYTES)
                finally:
                    answer.release()
            if answer.status != 200:  # noqa: PLR2004 - anything else is no answer
                raise Unavailable(f"region {self._region}: alerts cannot be read now")
            return _Answer.model_validate(orjson.loads(text)).data.groups or ()
        except (BrokenConnectionError, TimeoutError, orjson.JSONDecodeError, ValidationError) as failure:
            raise Unavailable(f"region {self._region}: alerts cannot be read now") from failure


def _is_inside(labels: dict[str, str], grant: Grant) -> bool:
    return (
        labels.get("project_id") == grant.project_id
        and (grant.environments is None or labels.get("environment") in grant.environments)
        and (grant.services is None or labels.get("service_id") in grant.services)
    )


def _own_alerts(rule: _Rule, grant: Grant) -> list[_Alert]:
    return [alert for alert in rule.alerts or () if _is_inside(alert.labels, grant)]


def _alert(alert: _Alert) -> dict[str, object]:
    return {
        "state": alert.state,
        "value": alert.value,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "activeAt": alert.activeAt,
    }


def _rule(rule: _Rule, own: list[_Alert], grant: Grant) -> dict[str, object]:
    """A rule as its tenant sees it: the expression and its errors are the platform's, the state is the tenant's."""
    states = {alert.state for alert in own}
    labels = rule.labels or {}
    return {
        "type": "alerting",
        "name": rule.name,
        "query": "",
        "duration": rule.duration,
        "labels": labels if "project_id" not in labels or _is_inside(labels, grant) else {},
        "annotations": {},
        "alerts": [_alert(alert) for alert in own],
        "state": next((state for state in ("firing", "pending") if state in states), "inactive"),
        "health": "ok",
        "lastEvaluation": rule.lastEvaluation,
    }
