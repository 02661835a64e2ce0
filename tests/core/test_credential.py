"""API tokens: issued once, narrowed to what exists, listed without their secret, revoked for good."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update

from core import token
from core.control import reading, writing
from core.credential import ApiToken
from core.errors import BadRequest, NotFound
from core.schema import api_tokens
from core.scope import Action
from tests.core.conftest import EARLIER, NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from core.registry import Registry
    from tests.core.conftest import World

ABSENT = "99999999-9999-4999-8999-999999999999"
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - what is refused
ALL = tuple(sorted(action.value for action in Action))


def test_a_token_is_listed_as_it_was_issued_but_for_its_secret(world: World, registry: Registry) -> None:
    issued = registry.issue_token(
        "ada",
        "Grafana",
        actions=["metrics:read", "logs:read", "logs:read"],
        workspace_id=world.workspace.upper(),
        project_id=world.project.replace("-", ""),
        environments=["production", "pr-7", "production"],
        services=[world.web.upper()],
        expires_at=NOW,
        now=EARLIER,
    )

    assert registry.tokens() == [
        ApiToken(
            id=issued.id,
            subject="ada",
            name="Grafana",
            prefix=issued.text[:11],
            actions=("logs:read", "metrics:read"),
            workspace_id=world.workspace,
            project_id=world.project,
            environments=("pr-7", "production"),
            services=(world.web,),
            created_at=EARLIER,
            expires_at=NOW,
            last_used_at=None,
            revoked_at=None,
        )
    ]


@pytest.mark.usefixtures("world")
def test_neither_the_issued_token_nor_the_list_repeats_the_secret(registry: Registry) -> None:
    issued = registry.issue_token("ada", "x", now=NOW)

    assert issued.text not in repr(issued)
    assert not {issued.text, token.digest(issued.text)} & set(map(str, asdict(registry.tokens()[0]).values()))


@pytest.mark.usefixtures("world")
def test_a_token_of_all_actions_spells_them_out(registry: Registry, engine: Engine) -> None:
    registry.issue_token("ada", "x", now=NOW)
    with reading(engine) as connection:
        stored = connection.execute(select(api_tokens.c.actions)).scalar_one()

    assert stored == list(ALL)


def test_tokens_are_listed_by_age_and_by_subject(world: World, registry: Registry) -> None:
    registry.set_project_role(world.project, "bob", "viewer")
    third, first, second = (
        registry.issue_token(subject, "x", now=EARLIER + timedelta(hours=hour)).id
        for subject, hour in (("ada", 3), ("ada", 1), ("bob", 2))
    )

    assert [found.id for found in registry.tokens()] == [first, second, third]
    assert [found.id for found in registry.tokens("ada")] == [first, third]
    assert registry.tokens("nobody") == []


REFUSALS: list[Any] = [
    pytest.param(lambda _: {"subject": "mallory"}, "subject: holds no role anywhere", id="unknown subject"),
    pytest.param(lambda _: {"subject": "ada "}, "subject: use 1 to 200", id="subject with a space"),
    pytest.param(lambda _: {"name": ""}, "name: use 1 to 100", id="no name"),
    pytest.param(
        lambda _: {"actions": ["metrics:write"]}, "actions: 'metrics:write' is unknown; choose one of ", id="action"
    ),
    pytest.param(lambda _: {"actions": []}, "actions: a token of no action", id="no action"),
    pytest.param(lambda _: {"workspace_id": "acme"}, "workspace_id: not a UUID", id="workspace no UUID"),
    pytest.param(lambda _: {"workspace_id": ABSENT}, "workspace_id: does not exist", id="unknown workspace"),
    pytest.param(lambda _: {"project_id": "shop"}, "project_id: not a UUID", id="project no UUID"),
    pytest.param(lambda _: {"project_id": ABSENT}, "project_id: does not exist", id="unknown project"),
    pytest.param(
        lambda w: {"workspace_id": w.workspace, "project_id": w.foreign_project},
        "project_id: not in that workspace now",
        id="project of another workspace",
    ),
    pytest.param(
        lambda _: {"environments": ["production"]}, "environments: mean something only within", id="environment alone"
    ),
    pytest.param(
        lambda w: {"workspace_id": w.workspace, "services": [w.web]},
        "services: mean something only within",
        id="service of a workspace",
    ),
    pytest.param(
        lambda w: {"project_id": w.project, "environments": ["production", "prd"]},
        "environments: the project has no prd;",
        id="unknown environment",
    ),
    pytest.param(
        lambda w: {"project_id": w.project, "environments": ["Prod"]},
        "environments: not a legal name",
        id="environment in capitals",
    ),
    pytest.param(
        lambda w: {"project_id": w.project, "environments": []}, "environments: a token narrowed", id="no environment"
    ),
    pytest.param(
        lambda w: {"project_id": w.project, "services": [w.foreign_service]},
        "services: the project has no ",
        id="foreign service",
    ),
    pytest.param(
        lambda w: {"project_id": w.project, "services": ["web"]}, "services: not a UUID", id="service by its name"
    ),
    pytest.param(lambda w: {"project_id": w.project, "services": []}, "services: a token narrowed", id="no service"),
    pytest.param(lambda _: {"expires_at": NOW}, "expires_at: has passed", id="expiry now"),
    pytest.param(lambda _: {"expires_at": NAIVE}, "expires_at: has no time zone", id="expiry without zone"),
    pytest.param(lambda _: {"now": NAIVE}, "now: has no time zone", id="now without zone"),
]


@pytest.mark.parametrize(("wrong", "told"), REFUSALS)
def test_a_token_is_refused_by_its_field(
    wrong: Callable[[World], dict[str, Any]], told: str, world: World, registry: Registry
) -> None:
    arguments: dict[str, Any] = {"subject": "ada", "name": "x", "now": NOW}
    with pytest.raises(BadRequest) as refusal:
        registry.issue_token(**(arguments | wrong(world)))

    assert refusal.value.message.startswith(told)
    assert registry.tokens() == []


@pytest.mark.parametrize("place", ["workspace", "project", "platform"])
def test_a_role_anywhere_makes_a_subject_known(place: str, world: World, registry: Registry) -> None:
    match place:
        case "workspace":
            registry.set_workspace_role(world.workspace, "bob", "member")
        case "project":
            registry.set_project_role(world.project, "bob", "viewer")
        case _:
            registry.set_platform_role("bob", "finance")

    assert registry.issue_token("bob", "x", now=NOW).id == registry.tokens("bob")[0].id


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("by", ["id", "capitals", "prefix", "text"])
def test_a_token_is_revoked_once_by(by: str, registry: Registry) -> None:
    issued, other = (registry.issue_token("ada", name, now=EARLIER) for name in ("leaked", "good"))
    reference = {
        "id": issued.id,
        "capitals": issued.id.upper(),
        "prefix": issued.text[: token.PREFIX_LENGTH],
        "text": issued.text,
    }[by]
    first = registry.revoke_token(reference, NOW)
    again = registry.revoke_token(reference, NOW + timedelta(days=1))

    assert (first.id, first.revoked_at, again) == (issued.id, NOW, first)
    assert {found.id: found.revoked_at for found in registry.tokens()} == {issued.id: NOW, other.id: None}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("reference", ["", "%", "sm_", "sm_AAAAAAAA", ABSENT, "ada"])
def test_a_reference_to_no_token_revokes_none(reference: str, registry: Registry) -> None:
    registry.issue_token("ada", "x", now=EARLIER)
    with pytest.raises(NotFound, match=r"^token: none has this id or prefix"):
        registry.revoke_token(reference, NOW)

    assert registry.tokens()[0].revoked_at is None


@pytest.mark.usefixtures("world")
def test_a_prefix_of_two_tokens_revokes_neither(registry: Registry, engine: Engine) -> None:
    for name in ("one", "two"):
        registry.issue_token("ada", name, now=EARLIER)
    with writing(engine) as connection:
        connection.execute(update(api_tokens).values(prefix="sm_SAMESAME"))
    with pytest.raises(BadRequest, match=r"^token: 2 have this prefix; pass the id"):
        registry.revoke_token("sm_SAMESAME", NOW)

    assert [found.revoked_at for found in registry.tokens()] == [None, None]


@pytest.mark.usefixtures("world")
def test_the_database_itself_refuses_a_narrowing_outside_a_project(engine: Engine) -> None:
    row = {
        "id": ABSENT,
        "subject": "ada",
        "name": "x",
        "prefix": "sm_",
        "token_hash": "0" * 64,
        "actions": [],
        "environments": ["production"],
        "created_at": NOW,
    }
    with pytest.raises(BadRequest), writing(engine) as connection:
        connection.execute(insert(api_tokens).values(row))
    with writing(engine) as connection:
        connection.execute(insert(api_tokens).values(row | {"environments": None}))
