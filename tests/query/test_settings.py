"""The front-door's settings: what a project's own caps change, and what may not be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import ConfigurationError
from core.settings import load
from query.settings import QuerySettings

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = "aaaaaaaa-0000-4000-8000-00000000000a"
COMMON = """
control_store = "postgresql://u:SECRET@db/starmeter"
[limits]
concurrency = 4
points = 100
[[regions]]
name = "near"
metrics_url = "http://10.0.0.1:8427"
"""


def settings(folder: Path, more: str = "") -> QuerySettings:
    path = folder / "query.toml"
    path.write_text(COMMON + more)
    return load(QuerySettings, path)


def test_a_projects_table_overrides_single_caps(tmp_path: Path) -> None:
    configured = settings(tmp_path, f'[project_limits."{PROJECT}"]\nconcurrency = 2\n')

    own, common = configured.limits_of(PROJECT), configured.limits_of("another")
    assert (own.concurrency, own.points) == (2, 100)
    assert (common.concurrency, common.points) == (4, 100)
    assert own.queue == common.queue


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (f'[project_limits."{PROJECT}"]\nbogus = 2\n', f"project_limits.{PROJECT}.bogus: unknown key"),
        (f'[project_limits."{PROJECT}"]\npoints = 0\n', f"project_limits.{PROJECT}.points: "),
        ("[project_limits]\nx = 1\n", "project_limits.x: "),
        ('[[regions]]\nname = "near"\nmetrics_url = "http://10.0.0.2:1"\n', "two regions have the same name"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_key(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        settings(tmp_path, more)
    assert said in refusal.value.message


def test_the_stores_password_is_in_no_representation(tmp_path: Path) -> None:
    assert "SECRET" not in repr(settings(tmp_path))
