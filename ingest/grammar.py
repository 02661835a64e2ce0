"""What an Envoy cluster name of a customer route is made of, and every regular expression that is rendered from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.tenant import ENVIRONMENT_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HYPHENATION: Final = (8, 4, 4, 4, 12)


@dataclass(frozen=True, slots=True)
class Field:
    """A named run of text; its pattern is RE2 without groups that capture."""

    name: str
    pattern: str

    @property
    def named(self) -> str:
        """The pattern as one named group."""
        return f"(?P<{self.name}>{self.pattern})"

    @property
    def reference(self) -> str:
        """The replacement that yields this field's value from `named`."""
        return f"${{{self.name}}}"


@dataclass(frozen=True, slots=True)
class Id:
    """A UUID as a route name holds it: 32 lower-case hex digits, captured in five parts to be hyphenated again."""

    name: str

    @property
    def pattern(self) -> str:
        """All 32 digits, nothing captured."""
        return f"[0-9a-f]{{{sum(_HYPHENATION)}}}"

    @property
    def named(self) -> str:
        """Five adjacent named groups."""
        return "".join(f"(?P<{self.name}_{n}>[0-9a-f]{{{width}}})" for n, width in enumerate(_HYPHENATION, 1))

    @property
    def reference(self) -> str:
        """The replacement that yields the canonical, hyphenated id from `named`."""
        return "-".join(f"${{{self.name}_{n}}}" for n in range(1, len(_HYPHENATION) + 1))


@dataclass(frozen=True, slots=True)
class Grammar:
    """A sequence of literal text and fields, and the same again for an ending that may be missing.

    Literal text is lower-case letters, `/` and `-`, so that it means itself in every regular expression dialect.
    """

    required: tuple[str | Field | Id, ...]
    ending: tuple[str | Field | Id, ...]

    @property
    def fields(self) -> tuple[Field | Id, ...]:
        """The fields in the order of the text."""
        return tuple(part for part in (*self.required, *self.ending) if not isinstance(part, str))

    @property
    def pattern(self) -> str:
        r"""The whole name for RE2, unanchored, without captures.

        Holds none of `\ ' " < > & =`: Envoy Gateway passes patterns through a JavaScript escape that corrupts them.
        """
        return f"{''.join(_plain(self.required))}(?:{''.join(_plain(self.ending))})?"

    @property
    def named_pattern(self) -> str:
        """The whole name with a named group per field and five per id: for vmagent and for Python."""
        return f"{''.join(_named(self.required))}(?:{''.join(_named(self.ending))})?"

    def text(self, values: Mapping[str, object]) -> str:
        """Put values (by field name, ids hyphenated) into the text; the ending is left out when its values are None."""
        parts = self.required
        if all(values[part.name] is not None for part in self.ending if not isinstance(part, str)):
            parts += self.ending
        return "".join(_texts(parts, values))


def _plain(parts: tuple[str | Field | Id, ...]) -> Iterator[str]:
    for part in parts:
        match part:
            case str():
                yield part
            case Field() if "|" in part.pattern:
                yield f"(?:{part.pattern})"
            case _:
                yield part.pattern


def _named(parts: tuple[str | Field | Id, ...]) -> Iterator[str]:
    for part in parts:
        yield part if isinstance(part, str) else part.named


def _texts(parts: tuple[str | Field | Id, ...], values: Mapping[str, object]) -> Iterator[str]:
    for part in parts:
        match part:
            case str():
                yield part
            case Id():
                yield str(values[part.name]).replace("-", "")
            case Field():
                yield str(values[part.name])


ROUTE_KINDS: Final = ("httproute", "grpcroute")
# Gateway API allows 16 rules and 16 backends; four digits leave room and still fit every integer type.
_NUMBER_PATTERN: Final = "0|[1-9][0-9]{0,3}"
MAX_NUMBER: Final = 9999
NAMESPACE_PATTERN: Final = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"

GRAMMAR: Final = Grammar(
    required=(
        Field("route_kind", "|".join(ROUTE_KINDS)),
        "/",
        Field("namespace", NAMESPACE_PATTERN),
        "/",
        Id("project_id"),
        Id("service_id"),
        "-",
        Field("environment", ENVIRONMENT_PATTERN),
        "/rule/",
        Field("rule", _NUMBER_PATTERN),
    ),
    ending=("/backend/", Field("backend", _NUMBER_PATTERN)),
)
