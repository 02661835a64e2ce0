"""Which program computed an invoice: the release, and the hash of the sources that turn usage into money."""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files

from billing.canonical import canonical, sha256


def code_version() -> str:
    """Such as `0.1.0+1f3a…`: two programs of one text compute alike."""
    sources = {each.name: sha256(each.read_bytes()) for each in files("billing").iterdir() if each.name.endswith(".py")}
    return f"{version('starmeter')}+{sha256(canonical(sources))[:16]}"
