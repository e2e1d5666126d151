# SPDX-License-Identifier: MIT
"""protocol/ops.txt: the append-only numbers of ops and object types, with their aliases.

`Numbers` reads the text; `appended` says which lines a registry adds. No line that is there is ever touched.
"""

from __future__ import annotations

from registry import Registry


class BadNumbers(Exception):
    """ops.txt contradicts itself."""


class Numbers:
    def __init__(self, text: str):
        self.ops: dict[str, int] = {}          # every name, aliases too
        self.types: dict[str, int] = {}
        self.op_names: dict[int, str] = {}     # the name that C code uses
        self.type_names: dict[int, str] = {}
        for line in text.splitlines():
            words = line.split("#")[0].split()
            if not words:
                continue
            kind, number, name = words[0], int(words[1]), words[2]
            table, names = {"op": (self.ops, self.op_names), "op-alias": (self.ops, None),
                            "type": (self.types, self.type_names), "type-alias": (self.types, None)}[kind]
            if name in table or (names is not None and number in names):
                raise BadNumbers(f"ops.txt: {line!r} is there twice")
            table[name] = number
            if names is not None:
                names[number] = name

    @property
    def sorted_ops(self) -> list[tuple[int, str]]:
        return sorted(self.op_names.items())

    @property
    def sorted_types(self) -> list[tuple[int, str]]:
        return sorted(self.type_names.items())


def appended(numbers: Numbers, reg: Registry, ops: list[str]) -> list[str]:
    """The lines that ops.txt lacks for the registry's handle types and for `ops`. Numbers them in `numbers`, too."""
    aliases: dict[str, list[str]] = {}
    for alias in reg.aliases:
        aliases.setdefault(reg.canonical(alias), []).append(alias)
    lines: list[str] = []

    def append(kind: str, name: str, table: dict[str, int], names: dict[int, str]) -> None:
        spellings = [name] + sorted(aliases.get(name, []))
        number = next((table[n] for n in spellings if n in table), None)
        if number is None:
            number = max(names, default=0) + 1
            names[number] = name
            table[name] = number
            lines.append(f"{kind} {number} {name}")
        for n in spellings:
            if n not in table:
                table[n] = number
                lines.append(f"{kind}-alias {number} {n}")

    for name in reg.handles:
        append("type", name, numbers.types, numbers.type_names)
    for name in ops:
        append("op", name, numbers.ops, numbers.op_names)
    return lines
