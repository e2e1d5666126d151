# SPDX-License-Identifier: MIT
"""Layout on the wire: the least size of a struct, and members whose places beside each other are fixed ("parts")."""

from __future__ import annotations

from context import Context, Unsupported
from ir import Member, Part
from layout import is_pod, layout_of
from members import members_of
from rules import checks_of
from scalars import WIRE_SIZE


def pod_checks_of(cx: Context, name: str, path: str = "v->") -> tuple[str, ...]:
    """The conditions of a struct that travels as its bytes, and of the structs in it."""
    out = [c.replace("v->", path) for c in checks_of(name)]
    for m in members_of(cx, name):
        if m.kind == "struct":
            out += pod_checks_of(cx, m.type, f"{path}{m.name}.")
        elif m.kind == "fixed_struct" and pod_checks_of(cx, m.type):
            raise Unsupported(f"{name}.{m.name}: its elements have conditions (policy.RANGES)")
    return tuple(out)


def min_size_of(cx: Context, name: str, depth: int = 0) -> int:
    s = cx.reg.structs[name]
    if s.union or depth > 8:
        return 4
    if is_pod(cx, name):
        return layout_of(cx, name)[0]
    total = 0
    for m in members_of(cx, name):
        if m.kind == "struct":
            total += min_size_of(cx, m.type, depth + 1)
        elif m.kind not in ("stype", "none", "allocator"):
            total += m.min_size
    return max(total, 4)


def fixed_size_of(cx: Context, m: Member) -> int:
    """How many bytes a member takes on the wire if that number is always the same; else 0."""
    if m.kind == "scalar":
        return WIRE_SIZE[m.wire]
    if m.kind == "handle":
        return 8
    if m.kind == "struct" and is_pod(cx, m.type) and not pod_checks_of(cx, m.type):
        return layout_of(cx, m.type)[0]
    return 0


def add_fixed(parts: list[Part], m: Member, size: int) -> None:
    if not parts or parts[-1].array:
        parts.append(Part(0))
    had = parts[-1]
    parts[-1] = Part(had.size + size, had.members + ((m, had.size),))


def parts_of(cx: Context, members: tuple[Member, ...], alone: set[str] = frozenset()) -> tuple[Part, ...]:
    """The members as parts: adjacent members of fixed size together, but none of those in `alone`."""
    out: list[Part] = []
    for m in members:
        size = fixed_size_of(cx, m)
        if m.kind in ("none", "allocator"):
            continue
        if size and m.name not in alone:
            add_fixed(out, m, size)
        else:
            out.append(Part(0, array=m))
    return tuple(Part(0, array=p.members[0][0]) if len(p.members) == 1 else p for p in out)


def flat_parts(cx: Context, args: tuple[Member, ...]) -> tuple[Part, ...] | None:
    """The parts of a command's arguments behind the first; None if it has more than numbers, handles and arrays of these."""
    out: list[Part] = []
    for m in args[1:]:
        if "e->" in m.cond or m.stride:
            return None
        if m.kind in ("scalar", "handle"):
            add_fixed(out, m, fixed_size_of(cx, m))
        elif m.kind == "scalars" and m.wire != "size":
            wide = m.elem_size == 8
            out.append(Part(8 if wide else 4, array=m, elem_size=m.elem_size, align8=wide))
        elif m.kind == "handles":
            out.append(Part(4, array=m, elem_size=8))
        elif m.kind == "blob":
            out.append(Part(8, array=m, elem_size=1, align8=True))
        elif m.kind == "structs" and not cx.reg.structs[m.type].union and is_pod(cx, m.type) and \
                not pod_checks_of(cx, m.type):
            size, align = layout_of(cx, m.type)
            unit = 8 if align == 8 else 4
            out.append(Part(unit, array=m, elem_size=size, align8=unit == 8, units=size // unit))
        else:
            return None
    return tuple(out)
