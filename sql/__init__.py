"""Every SQL statement and migration: one file each, found by name, never formatted with a value."""

from __future__ import annotations

from importlib.resources import files


def load(name: str) -> str:
    """The text of `sql/<name>.sql`; `name` may have folders, as in `probe/version`."""
    return files("sql").joinpath(f"{name}.sql").read_text()
