"""Which cluster a token is of, and what a project consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import update

from core import token
from core.attribution import Attribution, Cluster, Holding
from core.control import connect, writing
from core.errors import Unauthenticated, Unavailable
from core.schema import clusters
from tests.core.conftest import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from core.registry import Registry
    from tests.core.conftest import World


def test_a_cluster_is_known_by_its_token(engine: Engine, registry: Registry) -> None:
    near, far = registry.create_cluster("fra1-c1", "fra1", NOW), registry.create_cluster("nyc3-c1", "nyc3", NOW)

    assert Attribution(engine).cluster(near) == Cluster("fra1-c1", "fra1")
    assert Attribution(engine).cluster(far) == Cluster("nyc3-c1", "nyc3")


def test_unknown_malformed_revoked_and_customers_tokens_are_refused_alike(
    engine: Engine, registry: Registry, world: World
) -> None:
    revoked = registry.create_cluster("fra1-c1", "fra1", NOW)
    with writing(engine) as connection:
        connection.execute(update(clusters).values(revoked_at=NOW))
    customers = registry.issue_token("ada", "mine", now=NOW).text
    said = set()
    for text in (revoked, customers, token.issue(), "sm_", ""):
        with pytest.raises(Unauthenticated) as refused:
            Attribution(engine).cluster(text)
        said.add(refused.value.message)

    assert said == {token.REFUSAL}
    assert world.project


def test_a_project_consists_of_its_own_environments_and_services(engine: Engine, world: World) -> None:
    found = Attribution(engine).holding(world.project)

    assert found == Holding("fra1", {"production": "standard", "pr-7": "preview"}, frozenset({world.web, world.worker}))
    assert Attribution(engine).holding(world.foreign_project) == Holding(
        "fra1", {"secret": "standard"}, frozenset({world.foreign_service})
    )
    assert Attribution(engine).holding(str(uuid4())) is None


def test_a_store_without_tables_is_unavailable(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(Unavailable):
        Attribution(engine).holding(str(uuid4()))
    with pytest.raises(Unavailable):
        Attribution(engine).cluster(token.issue())
    engine.dispose()
