"""What the directory knows of regions, projects and use, what its calls cost, and what it never holds."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select

from core import token
from core.control import reading
from core.errors import Unauthenticated
from core.schema import api_tokens
from core.scope import Action
from tests.core.conftest import EARLIER, NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from core.directory import Directory
    from core.registry import Registry
    from tests.core.conftest import World

TICK = timedelta(microseconds=1)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Collects the statements sent meanwhile, transaction control left out."""
    sent: list[str] = []

    def note(*arguments: object) -> None:
        if not str(arguments[2]).startswith("BEGIN"):
            sent.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_a_malformed_token_costs_no_statement(engine: Engine, directory: Directory) -> None:
    with statements(engine) as sent, pytest.raises(Unauthenticated):
        directory.authenticate("sm_" + "0" * 36, NOW)

    assert sent == []


@pytest.mark.usefixtures("world")
def test_the_regions_in_use_are_those_of_projects(registry: Registry, directory: Directory) -> None:
    registry.create_cluster("idle", "ams3", NOW)

    assert directory.regions_in_use() == {"fra1", "nyc3"}


def test_a_sample_is_the_newest_projects_of_one_region(world: World, registry: Registry, directory: Directory) -> None:
    newest = registry.create_project(world.workspace, "new", "nyc3", at=NOW)

    assert directory.sample_projects("nyc3", 10) == [newest, world.sibling]
    assert directory.sample_projects("nyc3", 1) == [newest]
    assert directory.sample_projects("ams3", 10) == []


@pytest.mark.usefixtures("world")
def test_use_is_recorded_for_the_tokens_named_and_never_goes_back(registry: Registry, directory: Directory) -> None:
    first, second, third = (registry.issue_token("ada", name, now=EARLIER).id for name in ("1", "2", "3"))
    directory.mark_used([first, second], NOW)
    directory.mark_used({second}, NOW - TICK)
    directory.mark_used([first], NOW + TICK)
    directory.mark_used([], NOW)

    used = {found.id: found.last_used_at for found in registry.tokens()}
    assert used == {first: NOW + TICK, second: NOW, third: None}


def test_no_call_costs_more_than_two_statements(
    world: World, registry: Registry, directory: Directory, engine: Engine
) -> None:
    issued = registry.issue_token("ada", "x", now=EARLIER)
    with statements(engine) as sent:
        found = directory.authenticate(issued.text, NOW)
        directory.authorize(found, Action.READ_METRICS, world.project, "production", world.web, NOW)
        directory.regions_in_use()
        directory.sample_projects("fra1", 3)
        directory.mark_used([issued.id], NOW)

    assert len(sent) == 5


@pytest.mark.usefixtures("world")
def test_the_secret_is_nowhere_in_the_store(registry: Registry, engine: Engine) -> None:
    issued = registry.issue_token("ada", "x", now=EARLIER)
    with reading(engine) as connection:
        row = connection.execute(select(api_tokens)).one()

    assert row.token_hash == token.digest(issued.text)
    assert issued.text not in str(tuple(row))
    assert issued.text[token.PREFIX_LENGTH :] not in str(tuple(row))
