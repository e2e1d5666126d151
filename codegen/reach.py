# SPDX-License-Identifier: MIT
"""The structs that travel: which structs go to the worker, come back, occur in chains, in arrays and behind arrays of pointers.

`reach_struct` and `reach_member` note what they find in the context; the other functions only look.
"""

from __future__ import annotations

import policy
from context import Context, Unsupported
from ir import Member
from layout import is_pod, union_is_raw
from members import members_of, union_cases


def chain_children(cx: Context, name: str) -> list[str]:
    if not cx.children:
        for s in cx.reg.structs.values():
            for parent in s.extends:
                cx.children.setdefault(cx.reg.canonical(parent), []).append(s.name)
    return [c for c in cx.children.get(name, [])
            if c in cx.type_providers and c not in policy.LEFT_OUT_STRUCTS]


def reach_struct(cx: Context, name: str, outputs: bool) -> None:
    seen = cx.outputs if outputs else cx.inputs
    if name in seen:
        return
    seen.add(name)
    s = cx.reg.structs[name]
    if s.union and (name in policy.UNION_MEMBER or union_is_raw(cx, name)):
        return
    members = [m for _, m in union_cases(cx, name)] if s.union else list(members_of(cx, name))
    for m in members:
        reach_member(cx, m, outputs)
        if m.kind == "room" and m.type in cx.reg.structs:
            cx.standalone.add(m.type)
            cx.arrayed.add(m.type)
            reach_struct(cx, m.type, True)
        if m.kind == "chain":
            for child in chain_children(cx, name):
                cx.chained.add(child)
                reach_struct(cx, child, outputs)
        if outputs and m.kind in ("handle", "handles"):
            raise Unsupported(f"{name}.{m.name}: a handle comes back in a struct")


STRUCT_KINDS = ("struct", "fixed_struct", "structs", "pointers", "nested_structs", "union", "out_structs", "out_struct")


def reach_member(cx: Context, m: Member, outputs: bool) -> None:
    if m.kind in STRUCT_KINDS:
        cx.standalone.add(m.type)
        if m.kind in ("structs", "nested_structs", "out_structs", "pointers"):
            cx.arrayed.add(m.type)
        if m.kind == "pointers":
            cx.pointered.add(m.type)
        reach_struct(cx, m.type, outputs)


def has_addresses(cx: Context, m: Member, seen: frozenset[str] = frozenset()) -> bool:
    """Whether the member leads to an address that may be one of the application's own memory. Chains are not looked at."""
    if m.kind not in STRUCT_KINDS or m.type in seen:
        return False
    if m.type in policy.UNION_MEMBER:
        return True
    seen = seen | {m.type}
    if not cx.reg.structs[m.type].union:
        return any(has_addresses(cx, inner, seen) for inner in members_of(cx, m.type))
    return not union_is_raw(cx, m.type) and any(has_addresses(cx, inner, seen) for _, inner in union_cases(cx, m.type))


def has_returned(cx: Context, name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether the host driver may write through the struct although it is an input."""
    if name in seen or name not in cx.reg.structs or cx.reg.structs[name].union or is_pod(cx, name):
        return False
    seen = seen | {name}
    for m in members_of(cx, name):
        if m.kind == "room":
            return True
        if m.kind in ("struct", "structs") and has_returned(cx, m.type, seen):
            return True
        if m.kind == "chain" and any(has_returned(cx, c, seen) for c in chain_children(cx, name)):
            return True
    return False


def has_shape(cx: Context, name: str, seen: frozenset[str] = frozenset()) -> bool:
    if name in seen or cx.reg.structs[name].union:
        return False
    seen = seen | {name}
    s = cx.reg.structs[name]
    for m in members_of(cx, name):
        if m.kind == "chain" or m.kind in ("structs", "scalars", "blob", "string", "strings", "handles"):
            return True
        if m.kind in ("struct", "fixed_struct") and has_shape(cx, m.type, seen):
            return True
    return False
