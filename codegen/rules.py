# SPDX-License-Identifier: MIT
"""Rule R5: the conditions on a struct's or a command's numbers, from policy.py, as C over `v`."""

from __future__ import annotations

import policy
from context import Context
from ir import BoundCheck, CountCheck, Member


def limit_checks_of(name: str) -> tuple[str, ...]:
    return tuple(cond.replace("args->", "v->") for key, cond in policy.RANGES_LIMITS.items()
                 if key.split(".")[0] == name)


def count_checks_of(cx: Context, name: str) -> tuple[CountCheck, ...]:
    """Counts of structs in the chain that must equal the struct's own."""
    out = []
    for key, (parent, may_be_zero, *cond) in policy.EXTENDED_COUNTS.items():
        child, member = key.split(".")
        if parent.split(".")[0] == name and child in cx.inputs:
            out.append(CountCheck(child, stype_of(cx, child), member, parent.split(".")[1], may_be_zero,
                                  cond[0] if cond else ""))
    return tuple(out)


def bounds_of(owner: str, members: tuple[Member, ...]) -> tuple[BoundCheck, ...]:
    """Rule R4: the ranges of a command or a struct."""
    of_name = {m.name: m for m in members}
    out = []
    for b in policy.BOUNDS.get(owner, ()):
        element = of_name[b.each].type if b.each and of_name[b.each].kind == "structs" else ""
        out.append(BoundCheck(b.cond, b.rule, b.each, element, b.count,
                              tuple(h for h in b.handles if of_name[h].kind == "handles")))
    return tuple(out)


def checks_of(name: str) -> tuple[str, ...]:
    return tuple(cond.replace("args->", "v->") for key, cond in policy.RANGES.items() if key.split(".")[0] == name)


def stype_of(cx: Context, name: str) -> str:
    return next(m.values for m in cx.reg.structs[name].members if m.name == "sType")
