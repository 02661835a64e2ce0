"""YAML that no reader can take for something else: every text value stands in quotes, every key is a plain word."""

from __future__ import annotations

import re
from typing import Final

import yaml

from rules.catalogue import VERSION

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_@$][A-Za-z0-9_./@$-]*")
# What YAML 1.1 reads as a boolean or as nothing.
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_STRING: Final = "tag:yaml.org,2002:str"


def render(about: str, *documents: object) -> str:
    """The documents as one YAML file under a head that says where they come from.

    `about` is one sentence: what the file is for.
    """
    head = heading(about)
    body = yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)
    return f"{head}{body}"


def heading(about: str, comment: str = "#") -> str:
    """The first lines of every rendered file."""
    return (
        f"{comment} {about}\n"
        f"{comment} Rendered from the telemetry catalogue {VERSION} by `starmeter rules render`; "
        "change rules/, not this file.\n"
    )


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper with our quotes; shared parts are written out, not referred to."""

    def ignore_aliases(self, data: object) -> bool:
        """Whether `data` is written out each time: always."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key, as Kubernetes' tools print them."""
        del indentless
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(_STRING, text, style="|" if text.endswith("\n") else '"')


def _mapping(dumper: yaml.SafeDumper, mapping: dict[str, object]) -> yaml.MappingNode:
    pairs = [(_key(dumper, key), dumper.represent_data(value)) for key, value in mapping.items()]
    return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=False)


def _sequence(dumper: yaml.SafeDumper, values: list[object] | tuple[object, ...]) -> yaml.SequenceNode:
    """Numbers beside each other, everything else below each other."""
    numbers = all(isinstance(value, int | float) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=numbers)


def _key(dumper: yaml.SafeDumper, key: str) -> yaml.ScalarNode:
    is_plain = _PLAIN_KEY.fullmatch(key) is not None and key.lower() not in _WORDS and not key.startswith("@")
    return dumper.represent_scalar(_STRING, key, style=None if is_plain else '"')


_Dumper.add_representer(str, _text)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _sequence)
_Dumper.add_representer(tuple, _sequence)
