"""Go's templates, as annotations and labels of alerts are: whether one can be parsed, and why not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)')
      | (?P<number>[-+]?(?:0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*)?\.?[0-9]+(?:[eE][-+]?[0-9]+)?\.?))(?![A-Za-z0-9_])
      | (?P<variable>\$[A-Za-z0-9_]*)
      | (?P<field>\.[A-Za-z_][A-Za-z0-9_]*)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>:=|[.=|(),])""",
    re.VERBOSE,
)
# What may stand right behind a name.
_BEHIND: Final = re.compile(r"\s|[.,|:()=]|$")
_BEFORE: Final = re.compile(r"(?:^|[\s(|,=])\Z")
_ACTION: Final = re.compile(r"\{\{(?:-\s)?")
_COMMENT: Final = re.compile(r"\{\{(?:- )?/\*.*?\*/(?: -)?\}\}", re.DOTALL)
_QUOTED: Final = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`|'(?:[^'\\\n]|\\.)*'")

_GO: Final = "and call html index slice js len not or print printf println urlquery eq ge gt le lt ne"
# vmalert v1.79.5 and v1.150.0 (app/vmalert/templates), prometheus v3.14.0 (template/template.go).
_THEIRS: Final = (
    "args crlfEscape externalURL first formatTime graphLink htmlEscape humanize humanize1024 humanizeDuration "
    "humanizePercentage humanizeTimestamp jsonEscape label match now parseDuration parseDurationTime pathEscape "
    "pathPrefix query queryEscape quotesEscape reReplaceAll safeHtml sortByLabel stripDomain stripPort strvalue "
    "tableLink title tmpl toDuration toLower toTime toUpper urlQueryEscape value"
)
_FUNCTIONS: Final = frozenset(f"{_GO} {_THEIRS}".split())
_VARIABLES: Final = (
    *("$", "$value", "$labels", "$expr", "$externalLabels", "$externalURL", "$type", "$interval", "$for"),
    *("$activeAt", "$alertID", "$groupID", "$isPartial"),
)
_LITERAL: Final = frozenset({"text", "number"})
_CONSTANTS: Final = frozenset({"true", "false", "nil"})


class _Broken(ValueError):
    """The template cannot be parsed; says why."""


@dataclass(slots=True)
class _Block:
    """An `if`, `with`, `range`, `define` or `block` that has not ended.

    `before` is how many variables there were before it, `inside` how many with those that it declares.
    """

    name: str
    before: int
    inside: int
    has_else: bool = False


@dataclass(slots=True)
class _Parser:
    """One pass over the actions of a template."""

    variables: list[str] = field(default_factory=lambda: list(_VARIABLES))
    blocks: list[_Block] = field(default_factory=list)
    words: list[tuple[str, str]] = field(default_factory=list)

    def take(self, action: str) -> None:
        """The next action, without its braces."""
        self.words = list(_words(action))
        first = self.words[0] if self.words else ("", "")
        name = first[1] if first[0] == "word" else ""
        before = len(self.variables)
        if name in {"if", "with", "range"}:
            self.words.pop(0)
            self.pipeline(name)
            self.blocks.append(_Block(name, before, len(self.variables)))
        elif name in {"define", "block", "template"}:
            self.named(name, before)
        elif name in {"else", "end", "break", "continue"}:
            self.words.pop(0)
            self.control(name)
        else:
            self.pipeline("an action")
        if self.words:
            raise _Broken(f"unexpected {self.words[0][1]}")

    def named(self, name: str, before: int) -> None:
        """What has a name in quotes behind it."""
        self.words.pop(0)
        if not self.words or self.words.pop(0)[0] != "text":
            raise _Broken(f"{name} needs a name in quotes")
        if name == "block" or (name == "template" and self.words):
            self.pipeline(name)
        if name != "template":
            self.blocks.append(_Block(name, before, len(self.variables)))

    def control(self, name: str) -> None:
        """What belongs to a block that was opened before."""
        if name in {"break", "continue"}:
            if not any(block.name == "range" for block in self.blocks):
                raise _Broken(f"{name} outside of range")
            return
        if not self.blocks:
            raise _Broken(f"{name} without if, with or range before it")
        block = self.blocks[-1]
        del self.variables[block.before if name == "end" else block.inside :]
        if name == "end":
            self.blocks.pop()
        elif block.has_else or block.name in {"define", "block"}:
            raise _Broken("unexpected else")
        elif self.words and self.words[0] in {("word", "if"), ("word", "with")}:
            self.words.pop(0)
            self.pipeline("if")
        else:
            block.has_else = True

    def pipeline(self, what: str, ends: str = "") -> None:
        """`pipeline = [ variable [ "," variable ] ( ":=" | "=" ) ] command { "|" command }`."""
        declared = self.declared(2 if what == "range" else 1)
        stage = 0
        while True:
            self.command(what, stage)
            stage += 1
            if not self.words or self.words[0][1] != "|":
                break
            self.words.pop(0)
        if ends and (not self.words or self.words.pop(0)[1] != ends):
            raise _Broken(f"{ends} is missing")
        self.variables += declared

    def declared(self, most: int) -> list[str]:
        """The variables that stand before `:=` or `=`; only `range` may declare two."""
        marks = [word[1] if word[0] == "mark" else word[0] for word in self.words[:4]]
        for shape in (["variable", ":="], ["variable", "="], ["variable", ",", "variable", ":="]):
            if shape.count("variable") <= most and marks[: len(shape)] == shape:
                found = [text for kind, text in self.words[: len(shape)] if kind == "variable"]
                del self.words[: len(shape)]
                return found
        return []

    def command(self, what: str, stage: int) -> None:
        """`command = operand { operand }`; in a later stage it must be something that can be called."""
        count = 0
        while self.words and self.words[0][1] not in {"|", ")"}:
            kind, text = self.words[0]
            is_constant = kind in _LITERAL or text in _CONSTANTS or text == "."
            if stage and not count and is_constant:
                raise _Broken(f"{text} behind | cannot be called")
            self.operand()
            count += 1
        if not count:
            raise _Broken(f"{what} without a value")

    def operand(self) -> None:
        """`operand = ( literal | variable | function | field | "." | "(" pipeline ")" ) { field }`."""
        kind, text = self.words.pop(0)
        if kind == "variable" and text not in self.variables:
            raise _Broken(f"the variable {text} is not defined")
        if kind == "word" and text not in _FUNCTIONS | _CONSTANTS:
            raise _Broken(f"the function {text} is not defined")
        if text == "(" and kind == "mark":
            self.pipeline("a parenthesis", ends=")")
        elif kind == "mark" and text != ".":
            raise _Broken(f"unexpected {text}")
        while self.words and self.words[0][0] == "field":
            self.words.pop(0)


def _words(action: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(action):
        found = _WORDS.match(action, place)
        if found is None:
            what = "a text that does not end" if action[place] in "\"`'" else f"unexpected {action[place]}"
            raise _Broken(what)
        place = found.end()
        kind = found.lastgroup or ""
        if found[0] == "." and _BEFORE.search(action, 0, found.start()) is None:
            raise _Broken("a dot without a name behind it")
        if kind in {"variable", "field", "word"} and _BEHIND.match(action, place) is None:
            raise _Broken(f"unexpected {action[place]} behind {found[0]}")
        if kind != "space":
            yield kind, found[0]


def _actions(text: str) -> Iterator[str]:
    """What stands between braces; comments are left out."""
    place = 0
    while (found := _ACTION.search(text, place)) is not None:
        comment = _COMMENT.match(text, found.start())
        if comment is not None:
            place = comment.end()
            continue
        end = _end(text, found.end())
        action = text[found.end() : end]
        yield action[:-1] if action.endswith((" -", "\n-", "\t-")) or action == "-" else action
        place = end + 2


def _end(text: str, place: int) -> int:
    while not text.startswith("}}", place):
        if place >= len(text):
            raise _Broken("an action that does not end with }}")
        quoted = _QUOTED.match(text, place)
        place = place + 1 if quoted is None else quoted.end()
    return place


@lru_cache(maxsize=4096)
def refusal(text: str) -> str | None:
    """Why a template cannot be parsed; `None` when it can."""
    parser = _Parser()
    try:
        for action in _actions(text):
            parser.take(action)
    except _Broken as failure:
        return str(failure)
    except RecursionError:
        return "nested too deep"
    return f"{parser.blocks[-1].name} without end" if parser.blocks else None
