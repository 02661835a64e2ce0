"""Loading a dashboard by its name."""

from __future__ import annotations

import pytest

import dashboards


def test_a_dashboard_is_loaded_by_its_name() -> None:
    assert dashboards.names() == ["service-overview"]
    assert dashboards.load("service-overview")["title"] == "Service overview"


@pytest.mark.parametrize("name", ["nope", "", "../pyproject", "service-overview.json", "__init__"])
def test_another_name_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(LookupError, match="choose one of service-overview"):
        dashboards.load(name)
