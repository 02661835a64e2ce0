"""`starmeter tokens` as people and programs use it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from core import control, token
from core.commands import tokens as tokens_app
from core.directory import Directory
from core.registry import Registry
from tests.core.conftest import EARLIER, World
from tests.core.program import answered, starmeter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture
def store(empty_url: str) -> Iterator[Engine]:
    """A migrated store with a world in it; `empty_url` is its URL."""
    engine = control.connect(empty_url)
    control.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def inside(store: Engine) -> World:
    return World().build(Registry(store))


@pytest.mark.usefixtures("inside")
def test_a_created_token_is_printed_once_alone_and_works(store: Engine, empty_url: str) -> None:
    result = starmeter("tokens", "create", "ada", "--name", "Grafana", store=empty_url)
    text = result.stdout.removesuffix("\n")

    assert result.exit_code == 0
    assert "Keep it now" in result.stderr
    assert text not in result.stderr
    assert Directory(store).authenticate(text, datetime.now(UTC)).subject == "ada"


def test_a_narrowed_token_is_created_and_listed_as_json(inside: World, store: Engine, empty_url: str) -> None:
    before = datetime.now(UTC)
    created = answered(
        starmeter(
            *("tokens", "create", "ada", "--name", "x", "--json", "--action", "logs:read", "--action", "metrics:read"),
            *("--workspace", inside.workspace, "--project", inside.project, "--environment", "pr-7"),
            *("--service", inside.web, "--service", inside.worker, "--expires-at", "90d"),
            store=empty_url,
        )
    )
    (listed,) = answered(starmeter("tokens", "list", "--json", store=empty_url))
    expires_at, created_at = (datetime.fromisoformat(listed.pop(key)) for key in ("expires_at", "created_at"))

    assert set(created) == {"id", "token"}
    assert Directory(store).authenticate(created["token"], datetime.now(UTC)).token_id == created["id"]
    assert before <= created_at <= datetime.now(UTC)
    assert (expires_at - created_at).days == 90
    assert listed == {
        "id": created["id"],
        "subject": "ada",
        "name": "x",
        "prefix": created["token"][: token.PREFIX_LENGTH],
        "actions": ["logs:read", "metrics:read"],
        "workspace_id": inside.workspace,
        "project_id": inside.project,
        "environments": ["pr-7"],
        "services": sorted([inside.web, inside.worker]),
        "last_used_at": None,
        "revoked_at": None,
    }


def test_the_list_for_people_shows_state_and_narrowing_and_no_secret(
    inside: World, store: Engine, empty_url: str
) -> None:
    registry = Registry(store)
    expired = registry.issue_token("ada", "old", expires_at=EARLIER.replace(day=2), now=EARLIER)
    revoked = registry.issue_token("ada", "leaked", now=EARLIER)
    registry.revoke_token(revoked.id, EARLIER)
    active = registry.issue_token(
        "eve", "lab", actions=["logs:read"], project_id=inside.foreign_project, environments=["secret"], now=EARLIER
    )
    result = starmeter("tokens", "list", store=empty_url)
    header, *lines = result.stdout.splitlines()
    found = {line.split()[-1]: line for line in lines}

    assert header.split()[:3] == ["PREFIX", "SUBJECT", "NAME"]
    assert found[expired.id].split()[-3:] == ["-", "expired", expired.id]
    assert "2026-01-02T00:00:00Z" in found[expired.id]
    assert found[revoked.id].split()[-2] == "revoked"
    assert found[active.id].split()[-2] == "active"
    assert found[active.id].split()[1:6] == [
        "eve",
        "lab",
        "logs:read",
        f"project={inside.foreign_project}",
        "environment=secret",
    ]
    assert found[revoked.id].split()[1:6] == ["ada", "leaked", "all", "-", "-"]
    assert all(issued.text not in result.output for issued in (expired, revoked, active))
    assert [
        entry["id"] for entry in answered(starmeter("tokens", "list", "--subject", "eve", "--json", store=empty_url))
    ] == [active.id]


@pytest.mark.usefixtures("inside")
def test_a_revoked_token_stops_working(store: Engine, empty_url: str) -> None:
    issued = Registry(store).issue_token("ada", "x", now=EARLIER)
    prefix = issued.text[: token.PREFIX_LENGTH]
    result = starmeter("tokens", "revoke", prefix, store=empty_url)
    again = answered(starmeter("tokens", "revoke", issued.id, "--json", store=empty_url))

    assert result.exit_code == 0
    assert result.stdout.startswith(f"{prefix}… of ada (x) is revoked since 20")
    assert (again["id"], again["revoked_at"]) == (
        issued.id,
        Registry(store).tokens()[0].revoked_at.isoformat(),  # type: ignore[union-attr]
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("create", "mallory", "--name", "x"), "error: subject: holds no role", id="unknown subject"),
        pytest.param(
            ("create", "ada", "--name", "x", "--action", "root"),
            "error: actions: 'root' is unknown",
            id="unknown action",
        ),
        pytest.param(
            ("create", "ada", "--name", "x", "--project", "shop"), "error: project_id: not a UUID", id="project by name"
        ),
        pytest.param(
            ("create", "ada", "--name", "x", "--environment", "production"),
            "error: environments: mean something only within a project",
            id="environment alone",
        ),
        pytest.param(
            ("create", "ada", "--name", "x", "--expires-at", "soon"),
            "error: expires_at: not a time",
            id="expiry no time",
        ),
        pytest.param(
            ("create", "ada", "--name", "x", "--expires-at", "0d"),
            "error: expires_at: not a time",
            id="expiry of no days",
        ),
        pytest.param(
            ("create", "ada", "--name", "x", "--expires-at", "2027-01-31"),
            "error: expires_at: has no time zone",
            id="expiry without zone",
        ),
        pytest.param(
            ("create", "ada", "--name", "x", "--expires-at", "2020-01-31T00:00:00Z"),
            "error: expires_at: has passed",
            id="expiry in the past",
        ),
        pytest.param(("revoke", "sm_unknown0"), "error: token: none has this id or prefix", id="unknown token"),
        pytest.param(("list", "--subject", ""), "error: subject: use 1 to 200", id="empty subject"),
    ],
)
@pytest.mark.usefixtures("inside")
def test_a_wrong_argument_is_named_and_exits_with_2(
    arguments: tuple[str, ...], told: str, store: Engine, empty_url: str
) -> None:
    for extra in ((), ("--json",)):
        result = starmeter("tokens", *arguments, *extra, store=empty_url)

        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(told)
        assert result.stderr.count("\n") == 1
    assert Registry(store).tokens() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("tokens", "create"),
        ("tokens", "create", "ada"),
        ("tokens", "revoke"),
        ("tokens", "nothing"),
        ("migrate", "--x"),
    ],
)
def test_a_missing_or_unknown_argument_exits_with_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    result = starmeter(*arguments, store=f"sqlite:///{tmp_path}/control.db")

    assert result.exit_code == 2
    assert not (tmp_path / "control.db").exists()


@pytest.mark.parametrize(
    "command", [("tokens", "list"), ("tokens", "revoke", "x"), ("migrate",), ("migrate", "--dry-run")]
)
def test_an_unreachable_store_exits_with_3_and_a_wrong_url_with_2(command: tuple[str, ...]) -> None:
    unreachable = starmeter(*command, store="postgresql://ada:hunter2@127.0.0.1:1/star")
    wrong = starmeter(*command, "--store", "mysql://ada:hunter2@h/star", store="sqlite:///unused.db")

    assert (unreachable.exit_code, unreachable.stdout) == (3, "")
    assert unreachable.stderr.startswith("error: control_store: postgresql://127.0.0.1:1/star does not answer")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("error: control_store: neither SQLite nor PostgreSQL")
    assert "hunter2" not in unreachable.output + wrong.output


def test_every_command_speaks_json_and_names_its_store() -> None:
    for command in (("tokens", "create"), ("tokens", "list"), ("tokens", "revoke"), ("migrate",)):
        told = starmeter(*command, "--help").stdout

        assert all(word in told for word in ("--json", "--store", "STARMETER_CONTROL_STORE"))
    assert {command.name for command in tokens_app.registered_commands} == {"create", "list", "revoke"}
