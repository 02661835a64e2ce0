"""Grafana dashboards; their data source is the front-door, never a store."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

_SUFFIX = ".json"


def names() -> list[str]:
    """The names of all dashboards."""
    files = (file.name for file in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX))


def load(name: str) -> dict[str, Any]:
    """One dashboard in Grafana's export form, as its import page and its HTTP API take it.

    Raises:
        LookupError: there is no dashboard `name`; the message lists those there are.
    """
    if name not in names():
        raise LookupError(f"name: no dashboard {name!r}; choose one of {', '.join(names())}")
    dashboard: dict[str, Any] = json.loads(resources.files(__name__).joinpath(name + _SUFFIX).read_text("utf-8"))
    return dashboard
