"""A tail ends with what allowed it: not the record of five seconds later is shown, however it was allowed."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from core.control import connect
from core.registry import Registry
from query.logs import moment as moments
from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.reference import Sample
from tests.query.logs.serving import log_door
from tests.query.logs.tailing import QUICK, tailing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.serving import LogDoor
    from tests.query.platform import Tokens

pytestmark = pytest.mark.timeout(300)
LATEST_SECONDS = 5


@pytest.fixture(scope="module")
def quick(
    tmp_path_factory: pytest.TempPathFactory, log_server: Server, control: tuple[str, Tokens]
) -> Iterator[LogDoor]:
    """A front-door whose tails are quick."""
    folder = tmp_path_factory.mktemp("ending-door")
    with log_door(folder, {"near": log_server.reader_url}, control=control, logs=QUICK) as door:
        yield door


@pytest.fixture
def registry(control: tuple[str, Tokens]) -> Iterator[Registry]:
    """The control store, to take away what it allows."""
    engine = connect(control[0])
    yield Registry(engine)
    engine.dispose()


def _revoked(registry: Registry, token_id: str, subject: str) -> None:
    assert subject
    registry.revoke_token(token_id, datetime.now(UTC))


def _without_role(registry: Registry, token_id: str, subject: str) -> None:
    assert token_id
    registry.set_project_role(platform.PROJECT_A, subject, None)


@pytest.mark.parametrize(
    ("take_away", "reasons"),
    [
        pytest.param(_revoked, {"unauthenticated"}, id="token revoked"),
        pytest.param(_without_role, {"forbidden", "not_found"}, id="role taken"),
    ],
)
def test_no_record_of_five_seconds_later_is_shown(
    quick: LogDoor,
    log_server: Server,
    registry: Registry,
    *,
    request: pytest.FixtureRequest,
    take_away: Callable[[Registry, str, str], None],
    reasons: set[str],
) -> None:
    subject = f"guest-{request.node.callspec.id[-5:]}"
    registry.set_project_role(platform.PROJECT_A, subject, "viewer")
    issued = registry.issue_token(subject, "short", now=datetime.now(UTC))
    over = threading.Event()

    def write() -> None:
        """A record of right now, again and again: the tail's clock."""
        writer = log_server.writer()
        number = 0
        while not over.is_set():
            number += 1
            place = (platform.PROJECT_A, "production", platform.SERVICE_A1, time.time_ns(), number)
            samples.insert(writer, [Sample(*place, container=f"clock-{subject}")])
            over.wait(0.05)
        writer.close()

    clock = threading.Thread(target=write)
    clock.start()
    try:
        with quick.client(issued.text) as client, tailing(client, q=f"@container:clock-{subject}") as stream:
            for event in stream:
                if "data" in event and event.get("event") is None:
                    break
            take_away(registry, issued.id, subject)
            taken = time.time_ns()
            rest = list(stream)
    finally:
        over.set()
        clock.join()

    shown = [
        moments.nanoseconds("t", one["data"]["timestamp"]) for one in rest if one.get("event") is None and "data" in one
    ]
    assert rest[-1]["event"] == "end"
    assert rest[-1]["data"]["reason"] in reasons
    assert max(shown, default=0) < taken + LATEST_SECONDS * samples.SECOND
