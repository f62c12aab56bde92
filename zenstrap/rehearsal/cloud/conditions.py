"""The syntax of IAM conditions: the Common Expression Language, parsed but not evaluated.

https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>\d+(\.\d+)?([eE][+-]?\d+)?u?)
  | (?P<string>[rRbB]?("([^"\\\n]|\\.)*"|'([^'\\\n]|\\.)*'))
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}])
    """,
    re.X,
)

# By how loosely they bind.
_OPERATORS: Final = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"<", "<=", ">=", ">", "==", "!=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)


def syntax_fault(expression: str) -> str | None:
    """Why an expression can't be compiled; None if it can."""
    try:
        _Parser(expression).parse()
    except _SyntaxFaultError as fault:
        return str(fault)
    return None


class _SyntaxFaultError(Exception):
    pass


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._place = 0

    def parse(self) -> None:
        self._ternary()
        if self._kind():
            raise _SyntaxFaultError(f"unexpected {self._text()!r}")

    def _ternary(self) -> None:
        self._operation(0)
        if self._take("?"):
            self._operation(0)
            self._expect(":")
            self._ternary()

    def _operation(self, level: int) -> None:
        if level == len(_OPERATORS):
            self._unary()
            return
        self._operation(level + 1)
        while self._kind() != "string" and self._text() in _OPERATORS[level]:
            self._place += 1
            self._operation(level + 1)

    def _unary(self) -> None:
        while self._take("!") or self._take("-"):
            pass
        self._primary()
        while True:
            if self._take("."):
                self._name()
                if self._take("("):
                    self._arguments(")")
            elif self._take("["):
                self._ternary()
                self._expect("]")
            else:
                return

    def _primary(self) -> None:
        if self._take("("):
            self._ternary()
            self._expect(")")
        elif self._take("["):
            self._arguments("]")
        elif self._kind() in ("number", "string"):
            self._place += 1
        else:
            self._name()
            if self._take("("):
                self._arguments(")")

    def _arguments(self, end: str) -> None:
        if self._take(end):
            return
        self._ternary()
        while self._take(","):
            self._ternary()
        self._expect(end)

    def _name(self) -> None:
        if self._kind() != "name" or self._text() == "in":
            raise _SyntaxFaultError(f"a name or value is missing before {self._text()!r}")
        self._place += 1

    def _take(self, text: str) -> bool:
        if self._kind() == "sign" and self._text() == text:
            self._place += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise _SyntaxFaultError(f"{text!r} is missing before {self._text()!r}")

    def _kind(self) -> str:
        return self._tokens[self._place][0] if self._place < len(self._tokens) else ""

    def _text(self) -> str:
        return self._tokens[self._place][1] if self._place < len(self._tokens) else "the end"


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if not token:
            raise _SyntaxFaultError(f"unexpected character {text[place]!r} at {place + 1}")
        place = token.end()
        kind = token.lastgroup or ""
        if kind != "space":
            found.append((kind, token.group()))
    if not found:
        raise _SyntaxFaultError("the expression is empty")
    return found
