"""The second look at every outgoing read refuses whatever does not carry exactly its scope."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scope import Grant
from query.verification import IsolationError, verify
from query.victoria import enforcement

A = "aaaaaaaa-0000-4000-8000-00000000000a"
B = "bbbbbbbb-0000-4000-8000-00000000000b"
WHOLE = Grant(A, "near")
NARROW = Grant(A, "near", frozenset({"production"}), frozenset({B}))
SETS = Grant(A, "near", frozenset({"production", "pr-7"}), frozenset({A, B}))
OWN = f"extra_label=project_id={A}"

names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?", fullmatch=True)
ids = st.uuids().map(str)


@pytest.mark.property
@given(
    ids,
    st.none() | st.frozensets(names, min_size=1, max_size=5),
    st.none() | st.frozensets(ids, min_size=1, max_size=5),
)
def test_what_the_reader_builds_is_what_the_verifier_expects(
    project_id: str, environments: frozenset[str] | None, services: frozenset[str] | None
) -> None:
    grant = Grant(project_id, "near", environments, services)
    verify(grant, f"/api/v1/query?{enforcement(grant)}", b"query=up&timeout=30")


def test_single_values_are_labels_and_sets_are_one_filter_beside_the_project() -> None:
    assert enforcement(WHOLE) == OWN
    assert enforcement(NARROW) == f"{OWN}&extra_label=environment=production&extra_label=service_id={B}"
    assert enforcement(SETS).startswith(f"{OWN}&extra_filters[]=%7Benvironment%3D~%22pr")


@pytest.mark.parametrize(
    ("grant", "query"),
    [
        pytest.param(WHOLE, "", id="nothing"),
        pytest.param(WHOLE, f"extra_label=project_id={B}", id="another project"),
        pytest.param(WHOLE, f"{OWN}&{OWN}", id="twice"),
        pytest.param(WHOLE, f"{OWN}&extra_label=project_id={B}", id="another project besides"),
        pytest.param(WHOLE, f"{OWN}&extra_filters[]=%7B%7D", id="a filter nobody asked for"),
        pytest.param(WHOLE, f"{OWN}&extra_filters=%7B%7D", id="the other spelling"),
        pytest.param(WHOLE, f"{OWN}&query=up", id="a client's argument in the URL"),
        pytest.param(NARROW, OWN, id="environment and service left out"),
        pytest.param(NARROW, f"{OWN}&extra_label=environment=production", id="service left out"),
        pytest.param(SETS, OWN, id="sets left out"),
        pytest.param(Grant("x", "near"), "extra_label=project_id=x", id="an id that is not canonical"),
        pytest.param(
            Grant(A, "near", frozenset({".*"})), f"{OWN}&extra_label=environment=.*", id="an illegal environment"
        ),
    ],
)
def test_a_target_without_exactly_its_scope_is_refused(grant: Grant, query: str) -> None:
    with pytest.raises(IsolationError):
        verify(grant, f"/api/v1/query?{query}", b"query=up")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/status/top_queries",
        "/api/v1/series/count",
        "/api/v1/label/a/b/values",
        "//api/v1/query",
        "/api/v1/query/",
        "/",
        "",
    ],
)
def test_an_unknown_path_is_refused(path: str) -> None:
    with pytest.raises(IsolationError, match="path"):
        verify(WHOLE, f"{path}?{OWN}", b"")


@pytest.mark.parametrize(
    "body",
    [
        b"extra_label=project_id%3Dx",
        b"query=up&extra_filters=%7B%7D",
        b"query=up&extra_filters%5B%5D=%7B%7D",
        b"query=up&%65xtra_label=x",
        b"query=up;extra_label=x",
        b"trace=1",
        b"query=up&",
        b"query=up\nextra_label=x",
    ],
)
def test_a_body_with_anything_unknown_is_refused(body: bytes) -> None:
    with pytest.raises(IsolationError, match="argument"):
        verify(WHOLE, f"/api/v1/query?{OWN}", body)
