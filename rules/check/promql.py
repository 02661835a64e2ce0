"""PromQL and MetricsQL expressions read into trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.check.promql_token import NotPromQL, Token, tokens
from rules.check.promql_tree import AGGREGATIONS, Call, Literal, Matcher, Operation, Range, Selector

if TYPE_CHECKING:
    from rules.check.promql_tree import Expression

_LEVELS: Final = (
    ("default", "if", "ifnot"),
    ("or",),
    ("and", "unless"),
    ("==", "!=", "<=", ">=", "<", ">"),
    ("+", "-"),
    ("*", "/", "%", "atan2"),
)
_LEVEL: Final = {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}
_DEEPEST: Final = 40


def parse(text: str) -> Expression:
    """The tree of an expression.

    Raises:
        NotPromQL: it is none, or one of a kind that is not read here (`WITH` templates).
    """
    parser = _Parser(tokens(text))
    expression = parser.expression(0)
    parser.expect("the end")
    return expression


class _Parser:
    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._place = 0
        self._depth = 0

    def expression(self, level: int) -> Expression:
        """`expression = operand { operator [ "bool" ] [ matching ] operand }`, operators of a level from the left."""
        self._depth += 1
        if self._depth > _DEEPEST * len(_LEVELS):
            raise NotPromQL("nested too deep")
        if level == len(_LEVELS):
            operand = self._unary()
            self._depth -= 1
            return operand
        left = self.expression(level + 1)
        while (operator := self._peek.text.lower()) in _LEVEL and _LEVEL[operator] == level and self._is_operator:
            self._take()
            self._accept("bool")
            on, ignoring, group, included = self._matching()
            right = self.expression(level + 1)
            left = Operation(operator, left, right, on, ignoring, group, included)
        self._depth -= 1
        return left

    def _matching(self) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None, str, tuple[str, ...]]:
        """`matching = ( "on" | "ignoring" ) labels [ ( "group_left" | "group_right" ) [ labels ] ]`."""
        on = self._labels() if self._accept("on") else None
        ignoring = self._labels() if on is None and self._accept("ignoring") else None
        for side in ("left", "right"):
            if self._accept(f"group_{side}"):
                included = self._labels() if self._peek.text == "(" else ()
                if self._accept("prefix"):
                    self._take()
                return on, ignoring, side, included
        return on, ignoring, "", ()

    def _unary(self) -> Expression:
        """`unary = [ "-" | "+" ] postfix [ "^" unary ]`."""
        if self._peek.text in {"-", "+"} and self._peek.kind == "mark":
            self._take()
            return Range(self.expression(len(_LEVELS)))
        left = self._postfix()
        if self._accept("^"):
            return Operation("^", left, self.expression(len(_LEVELS)))
        return left

    def _postfix(self) -> Expression:
        """`postfix = primary { "[" … "]" | "offset" duration | "@" expression | "keep_metric_names" }`."""
        expression = self._primary()
        while True:
            if self._accept("["):
                while self._peek.text != "]" and self._peek.kind != "end":
                    self._take()
                self.expect("]")
                expression = Range(expression)
            elif self._accept("offset"):
                self._accept("-")
                self._take()
                expression = Range(expression, is_moved=True)
            elif self._accept("@"):
                self._primary()
                expression = Range(expression, is_moved=True)
            elif not self._accept("keep_metric_names"):
                return expression

    def _primary(self) -> Expression:
        """`primary = literal | "(" expression { "," expression } ")" | call | selector`."""
        token = self._take()
        if token.kind in {"string", "number", "duration"}:
            return Literal(token.text)
        if token.text == "(":
            inner = self._arguments()
            return inner[0] if len(inner) == 1 else Call("", inner)
        if token.text == "{":
            return self._selector("")
        if token.kind != "word":
            raise NotPromQL(f"{token.text} where a metric or a function should stand")
        return self._named(token)

    def _named(self, token: Token) -> Expression:
        """What begins with a word."""
        if token.text.lower() in {"inf", "nan"}:
            return Literal(token.text)
        if self._accept("{"):
            return self._selector(token.text)
        is_grouped = token.text.lower() in AGGREGATIONS and self._peek.text in {"by", "without"}
        if self._peek.text == "(" or is_grouped:
            return self._call(token.text.lower())
        return Selector(token.text, ())

    def _call(self, name: str) -> Call:
        """`call = name [ grouping ] "(" arguments ")" [ grouping ] [ "limit" number ]`."""
        by, without = self._grouping()
        self.expect("(")
        arguments = self._arguments()
        if by is None and without is None and name in AGGREGATIONS:
            by, without = self._grouping()
        if name in AGGREGATIONS and self._accept("limit"):
            self._take()
        return Call(name, arguments, by, without)

    def _grouping(self) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
        by = self._labels() if self._accept("by") else None
        without = self._labels() if by is None and self._accept("without") else None
        return by, without

    def _arguments(self) -> tuple[Expression, ...]:
        """Up to and with the closing parenthesis."""
        arguments: list[Expression] = []
        while not self._accept(")"):
            if arguments:
                self.expect(",")
                if self._accept(")"):
                    break
            arguments.append(self.expression(0))
        return tuple(arguments)

    def _selector(self, name: str) -> Selector:
        """`selector = [ name ] "{" { matcher ( "," | "or" ) } "}"`."""
        matchers: list[Matcher] = []
        while not self._accept("}"):
            label = self._take()
            if label.text in {",", "or"}:
                continue
            if label.kind not in {"word", "string"}:
                raise NotPromQL(f"{label.text} where a label should stand")
            if self._peek.text not in {"=", "!=", "=~", "!~"}:
                name = name or label.text
                continue
            operator, value = self._take().text, self._take()
            matchers.append(Matcher(label.text, operator, value.text))
        named = next((one.value for one in matchers if (one.label, one.operator) == ("__name__", "=")), "")
        return Selector(name or named, tuple(matchers))

    def _labels(self) -> tuple[str, ...]:
        """`labels = "(" { name [ "," ] } ")"`."""
        self.expect("(")
        labels: list[str] = []
        while not self._accept(")"):
            token = self._take()
            if token.kind in {"word", "string", "duration"}:
                labels.append(token.text)
            elif token.text != ",":
                raise NotPromQL(f"{token.text} where a label should stand")
        return tuple(labels)

    @property
    def _peek(self) -> Token:
        return self._words[self._place]

    @property
    def _is_operator(self) -> bool:
        """Quoted words are none."""
        return self._peek.kind in {"mark", "word"}

    def _take(self) -> Token:
        token = self._peek
        if token.kind == "end":
            raise NotPromQL("it ends too early")
        self._place += 1
        return token

    def _accept(self, text: str) -> bool:
        if self._peek.kind in {"mark", "word"} and self._peek.text.lower() == text:
            self._place += 1
            return True
        return False

    def expect(self, text: str) -> None:
        """Take exactly this.

        Raises:
            NotPromQL: something else stands there.
        """
        if self._peek.text != text or self._peek.kind == "string":
            raise NotPromQL(f"{self._peek.text} where {text} should stand")
        self._place += self._peek.kind != "end"
