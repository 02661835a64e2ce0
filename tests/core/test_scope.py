"""Principals, grants and scopes: what cannot be expressed, and when two scopes count as one."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scope import Action, Grant, Principal, Scope

ADA = Principal("ada", "1", frozenset(Action))
NAMES = st.text(min_size=1, max_size=5)
GRANTS = st.builds(
    Grant,
    NAMES,
    NAMES,
    st.none() | st.frozensets(NAMES, min_size=1, max_size=3),
    st.none() | st.frozensets(NAMES, min_size=1, max_size=3),
)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Scope(ADA, ()), id="a scope of nothing"),
        pytest.param(lambda: Grant("", "fra1"), id="a grant of no project"),
        pytest.param(lambda: Grant("p", ""), id="a grant in no region"),
        pytest.param(lambda: Grant("p", "fra1", frozenset()), id="a grant of no environment"),
        pytest.param(lambda: Grant("p", "fra1", None, frozenset()), id="a grant of no service"),
    ],
)
def test_cannot_be_expressed(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"cannot be expressed|names a project"):
        make()


def test_the_only_grant_is_that_of_a_scope_of_one_project() -> None:
    one, two = Grant("p", "fra1"), Grant("q", "nyc3")

    assert Scope(ADA, (one,)).only is one
    with pytest.raises(ValueError, match="expected a scope of one project, got 2"):
        _ = Scope(ADA, (one, two)).only


def test_scopes_cannot_be_changed() -> None:
    scope = Scope(ADA, (Grant("p", "fra1"),))
    for value, name in ((scope, "grants"), (scope.only, "environments"), (ADA, "actions")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)


@pytest.mark.property
@given(st.lists(GRANTS, min_size=1, max_size=4), st.lists(GRANTS, min_size=1, max_size=4))
def test_versions_are_equal_exactly_when_the_same_may_be_read(one: list[Grant], two: list[Grant]) -> None:
    versions = [Scope(ADA, tuple(grants)).version for grants in (one, two)]

    assert (versions[0] == versions[1]) == (sorted(map(_plain, one)) == sorted(map(_plain, two)))
    assert versions[0] == Scope(Principal("bob", "2", frozenset()), tuple(reversed(one))).version


def _plain(grant: Grant) -> str:
    environments, services = (
        None if names is None else sorted(names) for names in (grant.environments, grant.services)
    )
    return repr((grant.project_id, grant.region, environments, services))


def test_an_action_is_the_text_of_a_token_scope() -> None:
    assert [action.value for action in Action] == [
        "metrics:read",
        "logs:read",
        "usage:read",
        "invoices:read",
        "cardinality:read",
    ]
