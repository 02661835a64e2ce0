"""API tokens become principals, or are refused in always the same words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from core import token
from core.control import writing
from core.errors import Unauthenticated
from core.schema import api_tokens
from core.scope import Action, Principal
from tests.core.conftest import EARLIER, NOW

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from core.directory import Directory
    from core.registry import Registry
    from tests.core.conftest import World

TICK = timedelta(microseconds=1)
EVERYTHING = frozenset(Action)


def test_a_token_authenticates_its_subject_with_its_narrowing(
    world: World, registry: Registry, directory: Directory
) -> None:
    whole = registry.issue_token("ada", "all", now=EARLIER)
    narrow = registry.issue_token(
        "ada",
        "narrow",
        actions=["metrics:read"],
        workspace_id=world.workspace,
        project_id=world.project,
        environments=["production"],
        services=[world.web],
        now=EARLIER,
    )

    assert directory.authenticate(whole.text, NOW) == Principal("ada", whole.id, EVERYTHING)
    assert directory.authenticate(narrow.text, NOW) == Principal(
        "ada",
        narrow.id,
        frozenset({Action.READ_METRICS}),
        world.workspace,
        world.project,
        frozenset({"production"}),
        frozenset({world.web}),
    )


@pytest.mark.usefixtures("world")
def test_a_token_ends_exactly_at_its_expiry(registry: Registry, directory: Directory) -> None:
    text = registry.issue_token("ada", "short", expires_at=NOW, now=EARLIER).text

    assert directory.authenticate(text, NOW - TICK).subject == "ada"
    for instant in (NOW, NOW + TICK):
        with pytest.raises(Unauthenticated):
            directory.authenticate(text, instant)


@pytest.mark.usefixtures("world")
def test_a_revoked_token_is_refused_even_by_a_clock_that_is_behind(registry: Registry, directory: Directory) -> None:
    issued = registry.issue_token("ada", "leaked", now=EARLIER)
    registry.revoke_token(issued.id, NOW)

    for instant in (EARLIER, NOW - TICK, NOW, NOW + TICK):
        with pytest.raises(Unauthenticated):
            directory.authenticate(issued.text, instant)


@pytest.mark.usefixtures("world")
def test_every_refused_credential_looks_the_same(registry: Registry, directory: Directory) -> None:
    expired = registry.issue_token("ada", "expired", expires_at=EARLIER + TICK, now=EARLIER)
    revoked = registry.issue_token("ada", "revoked", now=EARLIER)
    registry.revoke_token(revoked.id, NOW)
    known = registry.issue_token("ada", "known", now=EARLIER)

    told = set()
    for text in ("", "sm_x", "\x00", known.text[:-1], known.text + " ", token.issue(), expired.text, revoked.text):
        with pytest.raises(Unauthenticated) as refusal:
            directory.authenticate(text, NOW)
        told.add((refusal.value.message, refusal.value.code, refusal.value.status))

    assert told == {(token.REFUSAL, "unauthenticated", 401)}


@pytest.mark.usefixtures("world")
def test_an_action_that_this_release_does_not_know_allows_nothing(
    registry: Registry, directory: Directory, engine: Engine
) -> None:
    issued = registry.issue_token("ada", "future", now=EARLIER)
    with writing(engine) as connection:
        connection.execute(update(api_tokens).values(actions=["traces:read", "logs:read"]))

    assert directory.authenticate(issued.text, NOW).actions == {Action.READ_LOGS}
