# SPDX-License-Identifier: MIT
"""How values become C text: the filters of the templates, and the breaking of long lines."""

from __future__ import annotations

import re

BREAK_AT = 100   # columns, as in hand-written code
LINE_MAX = 140   # no line is longer: one that cannot be broken is an error
INDENT = 3
LAST_RESORT = 100   # added to the depth of places that are used if there is no other: behind opening parentheses


def as_c(value) -> str:
    """What `${value}` prints: booleans as C has them, the elements of a tuple with commas between."""
    if value.__class__ is str:
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value.__class__ is tuple:
        return ", ".join(map(as_c, value))
    return str(value)


def hexadecimal(text: str) -> str:
    return hex(int(text))


def upper(text: str) -> str:
    return text.upper()


TOKENS = re.compile(r'"(?:\\.|[^"\\])*"|/\*.*?(?:\*/|$)|[][(){}]|[,;?&|=] ')


class TooLong(Exception):
    """A line that has no place to break."""


def _places(line: str, begin: int, stack: list[int]) -> list[tuple[int, int, tuple[int, ...]]]:
    """The places where a line may be broken: (column, depth, the stack there). A stack has the column of the next line's text
    for each bracket that is open. Comments and strings stay whole.
    """
    places = []
    for token in TOKENS.finditer(line, begin):
        ch, i = token.group()[0], token.start()
        if ch in "([{":
            stack = stack + [i + 1 if i < 60 else stack[-1] + INDENT]
            if ch == "(" and len(line) > LINE_MAX:
                places.append((i + 1, len(stack) + LAST_RESORT, (*stack[:-1], stack[-2] + INDENT)))
        elif ch in ")]}":
            stack = stack[:-1] if len(stack) > 1 else stack
        elif ch in ",;?&|=":
            places.append((i + 2, len(stack), tuple(stack)))
    return places


def _broken(line: str) -> list[str]:
    out = []
    indent = len(line) - len(line.lstrip())
    stack = [indent + INDENT]
    while len(line) > BREAK_AT:
        places = [p for p in _places(line, indent, stack) if indent < p[0] < len(line) and p[2][-1] < p[0]]
        fits = [p for p in places if p[0] <= BREAK_AT + 1]
        if fits:
            # The outermost place in the right half of the line, and of these the rightmost.
            far = [p for p in fits if p[0] > (BREAK_AT + indent) // 2] or fits
            depth = min(p[1] for p in far)
            place = max(p for p in far if p[1] == depth)
        elif places:
            place = min(places)
        else:
            break
        column, stack = place[0], list(place[2])
        rest = min((p[0] for p in places if p[0] > column), default=len(line)) - column
        if stack[-1] + rest > LINE_MAX:
            stack[-1] = indent + INDENT
        out.append(line[:column].rstrip())
        line, indent = " " * stack[-1] + line[column:], stack[-1]
    if len(line) > LINE_MAX:
        raise TooLong(line)
    out.append(line)
    return out


def wrapped(text: str) -> str:
    """The text with its long lines broken, as clang-format would roughly do it."""
    lines: list[str] = []
    for line in text.split("\n"):
        if len(line) <= BREAK_AT or line.lstrip().startswith(("/*", "* ")) and len(line) <= LINE_MAX:
            lines.append(line)
        else:
            lines += _broken(line)
    return "\n".join(lines)
