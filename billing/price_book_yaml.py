"""YAML as price books are written in: every value has one spelling, and what is written twice is refused."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from core.errors import BadRequest

_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
_INTEGER: Final = "tag:yaml.org,2002:int"
# YAML 1.1 reads 010 as 8 and 1:30 as 90; more digits than these are no number of anything here.
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")


class _Loader(yaml.SafeLoader):
    """Times stay text, integers are decimal, a key that is written twice is refused, and escapes are JSON's."""

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        # JSON writes a character beyond U+FFFF as two escapes, which YAML takes for two characters.
        try:
            return str(super().construct_scalar(node)).encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise yaml.constructor.ConstructorError(None, None, "half a character", node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if doubled := [key for number, key in enumerate(keys) if key in keys[:number]]:
            raise yaml.constructor.ConstructorError(None, None, f"{doubled[0]!r} is written twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, _DECIMAL if tag == _INTEGER else pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str | bytes) -> object:
    """The document as plain values.

    Raises:
        BadRequest: no YAML, or more of it within itself than anybody writes.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as failure:
        raise BadRequest(f"price book: no YAML: {' '.join(str(failure).split())}") from None
    except RecursionError:
        raise BadRequest("price book: no YAML of a price book: too many brackets within one another") from None
    except ValueError as failure:
        # A tag such as !!int before what is none.
        raise BadRequest(f"price book: no YAML of a price book: {failure}") from None
