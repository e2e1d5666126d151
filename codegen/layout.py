# SPDX-License-Identifier: MIT
"""Layout in memory: which structs and unions have the same bytes on every ABI, and so travel as they are ("pod")."""

from __future__ import annotations

import policy
from context import Context
from rules import limit_checks_of
from scalars import dimension, scalar_of


def is_pod(cx: Context, name: str) -> bool:
    """Whether the struct's bytes are the same in memory on every ABI and on the wire."""
    if name not in cx.pods:
        cx.pods[name] = False
        cx.pods[name] = has_no_padding(cx, name)
    return cx.pods[name]


def has_no_padding(cx: Context, name: str) -> bool:
    s = cx.reg.structs[name]
    if s.union or (s.members and s.members[0].values):
        return False
    return layout_of(cx, name) is not None


def layout_of(cx: Context, name: str) -> tuple[int, int] | None:
    """(size, alignment) if there is no padding, else None."""
    s = cx.reg.structs[name]
    if limit_checks_of(name):  # the worker checks it member by member
        return None
    offset, align = 0, 1
    for m in s.members:
        if m.pointers or m.bits or m.selector or f"{name}.{m.name}" in policy.LEFT_OUT_MEMBERS:
            return None
        canonical = cx.reg.canonical(m.type)
        sc = scalar_of(cx, canonical)
        if sc:
            if not sc[1] or sc[2] or f"{name}.{m.name}" in cx.ignored:
                return None
            size, a = sc[1], sc[1]
        elif canonical in cx.reg.structs and not cx.reg.structs[canonical].union:
            inner = layout_of(cx, canonical)
            if not inner:
                return None
            size, a = inner
        elif canonical == "VkClearColorValue":
            size, a = 16, 4
        else:
            return None
        for d in m.dims:
            size *= dimension(cx, d)
        if offset % a:
            return None
        offset, align = offset + size, max(align, a)
    if not offset or offset % align or offset % 4:
        return None
    return offset, align


def union_is_raw(cx: Context, name: str) -> bool:
    for m in cx.reg.structs[name].members:
        if m.pointers or m.type in cx.reg.handles:
            return False
        canonical = cx.reg.canonical(m.type)
        if canonical in cx.reg.structs:
            inner = cx.reg.structs[canonical]
            if inner.union and not union_is_raw(cx, canonical):
                return False
            if not inner.union and layout_of(cx, canonical) is None:
                return False
    return True
