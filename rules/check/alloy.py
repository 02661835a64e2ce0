"""Grafana Alloy's syntax: blocks with a label, attributes, and the lines they stand in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from rules.check.node import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN: Final = re.compile(
    r"""(?P<space>[\ \t\r]+|//[^\n]*|/\*.*?\*/)
      | (?P<newline>\n)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<raw>`[^`]*`)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9][0-9a-zA-Z_.]*)
      | (?P<mark>==|!=|<=|>=|&&|\|\||[-+*/%^<>=!(){}\[\].,;:?])""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER: Final = re.compile(r"[0-9.]+")
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Attribute:
    """The right side of `name = …`: its text values in order, and its words and marks as they stand there.

    `kind` is what it is, when that can be seen: text, number, truth, list (of texts), list of numbers, map; empty for
    what is computed.
    """

    line: int
    strings: tuple[str, ...]
    words: str
    kind: str = ""

    @property
    def text(self) -> str:
        """A single text value; empty when it is computed."""
        return self.strings[0] if len(self.strings) == 1 and not self.words else ""


@dataclass(frozen=True, slots=True)
class Block:
    """A block: `name "label" { … }`."""

    line: int
    name: str
    label: str
    attributes: dict[str, Attribute]
    blocks: tuple[Block, ...]

    def named(self, name: str) -> tuple[Block, ...]:
        """The blocks of this name directly inside."""
        return tuple(block for block in self.blocks if block.name == name)

    def scopes(self) -> Iterator[Block]:
        """A file, and each custom component that it declares: each has components of its own."""
        yield self
        for block in self.named("declare"):
            yield from block.scopes()

    def mentions(self, text: str) -> bool:
        """Whether the value of any attribute in it, however deep, holds a text or a word with this in it."""
        values = self.attributes.values()
        return any(text in part for value in values for part in (value.words, *value.strings)) or any(
            block.mentions(text) for block in self.blocks
        )

    def text(self, name: str) -> str:
        """The single text value of an attribute; empty when it is absent or computed."""
        attribute = self.attributes.get(name)
        return "" if attribute is None else attribute.text


def parse(text: str, above: int = 0, step: int = 1) -> Block:
    """The text as one block without a name; it begins `above` lines into its file, `step` lines of which each is.

    Raises:
        Unreadable: it is no Alloy configuration.
    """
    parser = _Parser(list(_tokens(text, above, step)), above)
    return parser.body(1 + above, "", "", is_file=True)


def _tokens(text: str, above: int, step: int) -> Iterator[_Token]:
    place, line = 0, above + 1
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise Unreadable(line, f"{text[place]!r} is no part of Alloy's syntax")
        if found.lastgroup == "newline":
            yield _Token("newline", "\n", line)
        elif found.lastgroup != "space":
            yield _Token(found.lastgroup or "", found[0], line)
        line += found[0].count("\n") * step
        place = found.end()


class _Parser:
    def __init__(self, tokens: list[_Token], above: int) -> None:
        self._tokens = tokens
        self._place = 0
        self._last = tokens[-1].line if tokens else above + 1

    def body(self, line: int, name: str, label: str, *, is_file: bool = False, depth: int = 0) -> Block:
        """`body = { attribute | block } ( "}" | end of file )`."""
        if depth > 50:  # noqa: PLR2004 - deeper than any configuration
            raise Unreadable(line, "nested too deep")
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        while True:
            token = self._next()
            if token is None:
                if is_file:
                    return Block(line, name, label, attributes, tuple(blocks))
                raise Unreadable(line, f"the block {name} does not end")
            if token.text == "}" and not is_file:
                return Block(line, name, label, attributes, tuple(blocks))
            if token.kind == "newline" or token.text in {",", ";"}:
                continue
            if token.kind != "word":
                raise Unreadable(token.line, f"{token.text} where a name should stand")
            self._statement(token, attributes, blocks, depth)

    def _statement(self, first: _Token, attributes: dict[str, Attribute], blocks: list[Block], depth: int) -> None:
        """`attribute = name "=" expression`; `block = name { "." name } [ string ] body`."""
        name = first.text
        token = self._next()
        while token is not None and token.text == ".":
            part = self._next()
            name += f".{'' if part is None else part.text}"
            token = self._next()
        if token is not None and token.text == "=":
            attributes[name] = self._expression(first.line)
            return
        label = ""
        if token is not None and token.kind == "string":
            label = _text(token)
            token = self._next()
        if token is None or token.text != "{":
            raise Unreadable(first.line, f"{name} is followed by neither = nor a block")
        blocks.append(self.body(first.line, name, label, depth=depth + 1))

    def _expression(self, line: int) -> Attribute:
        """Everything to the end of the line, brackets whole."""
        closing: list[str] = []
        strings: list[str] = []
        words: list[str] = []
        first: _Token | None = None
        while True:
            token = self._next()
            if token is not None and token.kind != "newline":
                first = first or token
            if token is None or (token.kind == "newline" and not closing):
                break
            if token.text == "}" and not closing:
                self._place -= 1
                break
            if token.kind in {"string", "raw"}:
                strings.append(_text(token))
            elif token.text in _OPENING:
                closing.append(_OPENING[token.text])
            elif closing and token.text == closing[-1]:
                closing.pop()
            elif token.kind != "newline" and token.text != ",":
                words.append(token.text)
        if closing:
            raise Unreadable(line, f"{closing[-1]} is missing")
        return Attribute(line, tuple(strings), "".join(words), _kind(first, strings, words))

    def _next(self) -> _Token | None:
        if self._place >= len(self._tokens):
            return None
        self._place += 1
        return self._tokens[self._place - 1]


def _kind(first: _Token | None, strings: list[str], words: list[str]) -> str:
    if first is None:
        return ""
    if first.text == "[":
        return "list of numbers" if not strings and words and all(_NUMBER.fullmatch(word) for word in words) else "list"
    if first.text in {"true", "false"} and len(words) == 1:
        return "truth"
    if first.kind == "number" and len(words) == 1 and not strings:
        return "number"
    return {"string": "text", "raw": "text"}.get(first.kind, "map" if first.text == "{" else "")


def _text(token: _Token) -> str:
    if token.kind == "raw":
        return token.text[1:-1]
    try:
        text: str = json.loads(token.text)
    except ValueError as failure:
        raise Unreadable(token.line, f"{token.text}: no such escape in a text") from failure
    return text
