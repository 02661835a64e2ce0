"""The workspaces of a project in time: a chain of half-open periods without overlap or gap."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from core.control import reading, writing
from core.errors import BadRequest, NotFound
from core.schema import project_workspaces
from core.scope import Action, Principal
from tests.core.conftest import EARLIER, NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine, Row

    from core.directory import Directory
    from core.registry import Registry
    from tests.core.conftest import World

TICK = timedelta(microseconds=1)


def periods(engine: Engine, project_id: str) -> list[Row[Any]]:
    """A project's periods in order of time."""
    period = project_workspaces.c
    statement = select(period.valid_from, period.valid_to, period.workspace_id).where(period.project_id == project_id)
    with reading(engine) as connection:
        return list(connection.execute(statement.order_by(period.valid_from)))


def test_moves_make_a_chain_of_half_open_periods(world: World, registry: Registry, engine: Engine) -> None:
    later = NOW + timedelta(days=1)
    registry.move_project(world.project, world.foreign_workspace, NOW)
    registry.move_project(world.project, world.workspace, later)
    with pytest.raises(BadRequest, match=r"^at: must be later"):
        registry.move_project(world.project, world.foreign_workspace, later)

    assert [tuple(period) for period in periods(engine, world.project)] == [
        (EARLIER, NOW, world.workspace),
        (NOW, later, world.foreign_workspace),
        (later, None, world.workspace),
    ]


@pytest.mark.property
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offsets=st.lists(st.tuples(st.integers(-3, 12), st.booleans()), max_size=8))
def test_whatever_moves_are_asked_for_every_instant_has_exactly_one_owner(
    offsets: list[tuple[int, bool]], world: World, registry: Registry, directory: Directory, engine: Engine
) -> None:
    project = registry.create_project(world.workspace, "p", "fra1", at=EARLIER)
    for hours, home in offsets:
        target = world.workspace if home else world.foreign_workspace
        # A move into the past or to where the project is already is refused; the chain must hold either way.
        with suppress(BadRequest):
            registry.move_project(project, target, EARLIER + timedelta(hours=hours))

    chain = periods(engine, project)
    assert chain[0].valid_from == EARLIER
    assert chain[-1].valid_to is None
    assert all(one.valid_to == next_.valid_from for one, next_ in pairwise(chain))
    for period in chain:
        owner = "ada" if period.workspace_id == world.workspace else "eve"
        ends = [] if period.valid_to is None else [period.valid_to - TICK]
        for instant in [period.valid_from, *ends]:
            for subject in ("ada", "eve"):
                assert (subject == owner) is _may_read(directory, subject, project, instant)


def _may_read(directory: Directory, subject: str, project_id: str, instant: datetime) -> bool:
    caller = Principal(subject, "token", frozenset(Action))
    try:
        directory.authorize(caller, Action.READ_USAGE, project_id, None, None, instant)
    except NotFound:
        return False
    return True


def test_moves_at_the_same_time_queue_up(world: World, registry: Registry, engine: Engine) -> None:
    """Whichever comes second is refused for its time or follows the first; none is lost, none breaks the chain."""
    homes = [registry.create_workspace(f"home {number}") for number in range(6)]
    start, told = threading.Barrier(len(homes), timeout=30), list[str]()

    def move(number: int) -> None:
        start.wait()
        try:
            registry.move_project(world.project, homes[number], NOW + timedelta(hours=number))
        except BadRequest as refusal:
            told.append(refusal.message)

    movers = [threading.Thread(target=move, args=(number,)) for number in range(len(homes))]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join()

    chain = periods(engine, world.project)
    assert len(chain) + len(told) == 1 + len(homes)
    assert all(message.startswith("at: must be later than") for message in told)
    assert chain[-1].workspace_id == homes[-1]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda w: insert(project_workspaces).values(
                project_id=w.project, workspace_id=w.foreign_workspace, valid_from=NOW
            ),
            id="a second open period",
        ),
        pytest.param(
            lambda w: insert(project_workspaces).values(
                project_id=w.project,
                workspace_id=w.foreign_workspace,
                valid_from=EARLIER + TICK,
                valid_to=EARLIER + 2 * TICK,
            ),
            id="a period inside another",
        ),
        pytest.param(
            lambda w: insert(project_workspaces).values(
                project_id=w.project, workspace_id=w.foreign_workspace, valid_from=EARLIER + TICK, valid_to=NOW
            ),
            id="a period with the end of another",
        ),
        pytest.param(
            lambda w: insert(project_workspaces).values(
                project_id=w.project, workspace_id=w.foreign_workspace, valid_from=EARLIER, valid_to=NOW
            ),
            id="a period with the start of another",
        ),
        pytest.param(
            lambda w: insert(project_workspaces).values(
                project_id=w.project, workspace_id=w.workspace, valid_from=NOW + TICK, valid_to=NOW
            ),
            id="a period that ends before it begins",
        ),
        pytest.param(
            lambda w: insert(project_workspaces).values(
                project_id=w.project, workspace_id=w.workspace, valid_from=NOW - TICK, valid_to=NOW - TICK
            ),
            id="a period of no length",
        ),
        pytest.param(
            lambda w: (
                update(project_workspaces)
                .where(project_workspaces.c.project_id == w.project, project_workspaces.c.valid_to.is_(None))
                .values(valid_to=NOW + timedelta(days=1))
            ),
            id="an end without a successor",
        ),
        pytest.param(
            lambda w: delete(project_workspaces).where(
                project_workspaces.c.project_id == w.project, project_workspaces.c.valid_to.is_(None)
            ),
            id="a successor taken away",
        ),
    ],
)
def test_the_database_itself_refuses_an_overlap_or_a_gap(
    change: Callable[[World], Any], world: World, registry: Registry, engine: Engine
) -> None:
    registry.move_project(world.project, world.foreign_workspace, NOW)
    before = periods(engine, world.project)
    with pytest.raises(BadRequest), writing(engine) as connection:
        connection.execute(change(world))

    assert periods(engine, world.project) == before
