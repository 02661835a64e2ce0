"""/openapi.json of a front-door with logs: valid, and every page in it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from tests.query import platform
from tests.query.openapi_structure import flaws, operations

if TYPE_CHECKING:
    from tests.query.logs.serving import LogDoor

PLACE = {"project": platform.PROJECT_A, "environment": "production", "service": platform.SERVICE_A1, "name": "pod"}
LEVELS = 3
PAGES = 6
LOKI = 13
LOKI_FORMS = 9


def test_every_page_of_the_logs_is_documented_and_there(door_of_logs: LogDoor) -> None:
    document = httpx.get(f"{door_of_logs.url}/openapi.json").raise_for_status().json()
    found = [(path, method) for path, method, _ in operations(document) if "/logs" in path or "/loki/" in path]
    with door_of_logs.client() as client:
        # Nothing is asked for, so that a page says what it lacks, or what it has by default; but it knows the path.
        statuses = {
            (path, method): client.request(method.upper(), f"{door_of_logs.url}{path.format(**PLACE)}").status_code
            for path, method in found
            if not path.endswith("/logs/tail")
        }

    assert flaws(document) == []
    assert len(found) == LEVELS * (PAGES + LOKI + LOKI_FORMS)
    assert set(statuses.values()) <= {200, 400}
