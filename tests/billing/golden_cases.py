"""Golden cases: YAML lists of input, hand-computed answer, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

GOLDEN = Path(__file__).parent / "golden"


class _Loader(yaml.SafeLoader):
    """Times stay text, as they are in the documents that the product reads."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(name: str) -> Any:  # noqa: ANN401 - what is in a file is checked by its use
    """The content of a golden file."""
    return yaml.load((GOLDEN / name).read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a subclass of the safe loader


def cases(name: str) -> list[ParameterSet]:
    """One parameter set per case of a file, named by its number and its reason."""
    return [pytest.param(case, id=f"{number}: {case['why']}") for number, case in enumerate(read(name), 1)]
