# SPDX-License-Identifier: MIT
"""Members of structs and unions: the kind, the count and the condition of each.

Raises Unsupported, naming Struct.member, for a member that no kind fits. Keeps what it has built in the context.
"""

from __future__ import annotations

import re
from dataclasses import replace

import policy
from context import Context, Unsupported
from ir import Member
from layout import is_pod, layout_of
from registry import Member as RegMember
from scalars import WIRE_SIZE, dimension, scalar_of


def length_of(cx: Context, owner: str, m: RegMember, siblings: dict[str, RegMember]) -> tuple[str, str]:
    """(C expression, the member it consists of alone) of an array's length; ("1", "") of a single pointer."""
    key = f"{owner}.{m.name}"
    if key in policy.LENGTHS:
        return policy.LENGTHS[key], ""
    if not m.len or m.len[0] in ("1", "null-terminated"):
        return "1", ""
    text = m.len[0]
    if text in siblings:
        return f"v->{text}", text
    if text.isdigit() or text in cx.reg.constants:
        return text, ""
    arrow = re.fullmatch(r"(\w+)->(\w+)", text)
    if arrow and arrow.group(1) in siblings:
        return f"(v->{arrow.group(1)} ? v->{text} : 0)", ""
    if re.fullmatch(r"2\s*\*\s*VK_UUID_SIZE", text):
        return text, ""
    raise Unsupported(f"{key}: length {text!r}")


def declaration(m: RegMember) -> str:
    decl = re.sub(r"\s+", " ", m.decl)
    decl = re.sub(r"^struct ", "", decl)
    if m.dims:  # a parameter of array type is a pointer
        decl = re.sub(r"(\w+)((\[\w+\])+)$", r"*\1", decl) if len(m.dims) == 1 else decl
    return re.sub(r"\s*\*\s*", " *", decl).replace("* *", "**").replace("*const", "* const ")


def is_required(cx: Context, owner: str, m: RegMember) -> bool:
    """Whether a handle, each handle of an array, a string or an output is there in every valid use."""
    key = f"{owner}.{m.name}"
    if m.noautovalidity or key in cx.ignored or key in policy.NULL_HANDLES:
        return False
    if owner in cx.reg.structs and cx.reg.structs[owner].union:
        return False
    of_elements = cx.reg.canonical(m.type) in cx.reg.handles and m.pointers and m.const
    at = 1 if of_elements else 0
    return not (len(m.optional) > at and m.optional[at])


def build_member(cx: Context, owner: str, m: RegMember, siblings: dict[str, RegMember]) -> Member:
    key = f"{owner}.{m.name}"
    reg = cx.reg
    type_name = reg.canonical(m.type)
    optional = bool(m.optional and m.optional[-1 if m.pointers < 2 else 0]) or m.noautovalidity
    if m.optional and m.pointers:
        optional = m.optional[0] or m.noautovalidity
    optional = optional or key in cx.ignored or key in policy.NULL_ARRAYS
    base = dict(name=m.name, type=type_name, decl=declaration(m), optional=optional, cond=cx.ignored.get(key, ""),
                const=m.const, slot=key in policy.BOUND_MEMBERS,
                required=key if is_required(cx, owner, m) else "")
    if key in policy.LEFT_OUT_MEMBERS:
        return Member(kind="none", **base, min_size=0)
    if m.name == "sType" and m.values:
        return Member(kind="stype", stype=m.values.split(",")[0], **base, min_size=0)
    if m.name == "sType":
        return Member(kind="scalar", wire="u32", **base)
    if m.name == "pNext":
        return Member(kind="chain", **base)
    if type_name == "VkAllocationCallbacks":
        return Member(kind="allocator", **base, min_size=0)
    if type_name in reg.funcpointers or type_name in reg.platform_types:
        raise Unsupported(f"{key}: {m.type}")

    count, count_member = length_of(cx, owner, m, siblings)
    sc = scalar_of(cx, type_name)
    if key in policy.RETURNED_MEMBERS:
        return Member(kind="room", count=count, elem_size=sc[1] if sc else 0, min_size=4 if type_name == "void" else 8, **base)
    if key in policy.UNTYPED_HANDLES:
        return Member(kind="untyped", selector=f"v->{policy.UNTYPED_HANDLES[key]}", min_size=8, **base)
    if m.bits:
        return Member(kind="bitfields", fields=((m.name, m.bits),), **base)
    if not m.pointers and not (m.dims and owner.startswith("vk")):
        return build_value(cx, key, m, type_name, sc, base)

    if m.dims:
        count, count_member = str(dimension(cx, m.dims[0])), ""
    if type_name == "char" and m.pointers == 1 and "null-terminated" in m.len:
        return Member(kind="string", **base)
    if type_name == "char" and m.pointers == 2:
        return Member(kind="strings", count=count, **base)
    array = dict(count=count, count_member=count_member, **base)
    if key in policy.INNER_LENGTHS:
        kind = "nested_structs" if type_name in reg.structs else "nested_scalars"
        return Member(kind=kind, inner=policy.INNER_LENGTHS[key], elem_size=sc[1] if sc else 0, **array)
    if m.pointers == 2 and type_name in reg.structs:
        return Member(kind="pointers", **array)
    if m.pointers != 1 and not m.dims:
        raise Unsupported(f"{key}: {m.decl}")
    if type_name == "void":
        if not m.len and key not in policy.LENGTHS:
            raise Unsupported(f"{key}: void pointer without a length")
        return Member(kind="blob", **array)
    if sc:
        return Member(kind="scalars", wire=sc[0], enum=sc[2], elem_size=sc[1] or 8, **array)
    if type_name in reg.handles:
        return Member(kind="handles", handle=type_name, dispatchable=reg.handles[type_name].dispatchable,
                      **array)
    if type_name in reg.structs:
        if m.stride and is_pod(cx, type_name) and layout_of(cx, type_name)[1] == 8:
            raise Unsupported(f"{key}: strided array of 8-byte aligned structs")
        return Member(kind="structs", stride=m.stride or "", **array)
    raise Unsupported(f"{key}: {m.decl}")


def build_value(cx: Context, key: str, m: RegMember, type_name: str, sc, base: dict) -> Member:
    reg = cx.reg
    if m.dims:
        size = " * ".join(m.dims)
        if sc:
            if not sc[1]:
                raise Unsupported(f"{key}: array of size_t")
            total = sc[1]
            for d in m.dims:
                total *= dimension(cx, d)
            return Member(kind="fixed", size=size, wire=sc[0], elem_size=sc[1], min_size=(total + 3) & ~3, **base)
        if type_name in reg.structs:
            return Member(kind="fixed_struct", size=size, **base)
        raise Unsupported(f"{key}: {m.decl}")
    if sc:
        return Member(kind="scalar", wire=sc[0], enum=sc[2], min_size=WIRE_SIZE[sc[0]], **base)
    if type_name in reg.handles:
        return Member(kind="handle", handle=type_name, dispatchable=reg.handles[type_name].dispatchable,
                      min_size=8, **base)
    if type_name in reg.structs:
        if reg.structs[type_name].union:
            return Member(kind="union", selector=f"v->{m.selector}" if m.selector else "", **base)
        return Member(kind="struct", **base)
    raise Unsupported(f"{key}: {m.decl}")


def members_of(cx: Context, name: str) -> tuple[Member, ...]:
    if name in cx.members:
        return cx.members[name]
    s = cx.reg.structs[name]
    siblings = {m.name: m for m in s.members}
    out: list[Member] = []
    for m in s.members:
        ir = build_member(cx, name, m, siblings)
        if ir.kind == "bitfields" and out and out[-1].kind == "bitfields" and \
                sum(b for _, b in out[-1].fields) + m.bits <= 32:
            out[-1] = replace(out[-1], fields=out[-1].fields + ir.fields)
            continue
        out.append(ir)
    cx.members[name] = counts_first(tuple(out))
    return cx.members[name]


def counts_first(members: tuple[Member, ...]) -> tuple[Member, ...]:
    """Moves counts and selectors ahead of the members that they describe: the decoder needs them first."""
    names = [m.name for m in members]
    first: set[str] = set()
    for i, m in enumerate(members):
        for used in re.findall(r"v->(\w+)", f"{m.count} {m.selector} {m.inner}"):
            if used in names and names.index(used) > i:
                first.add(used)
    if not first:
        return members
    return tuple([m for m in members if m.name in first] + [m for m in members if m.name not in first])


def union_cases(cx: Context, name: str) -> tuple[tuple[tuple[str, ...], Member], ...]:
    if name not in cx.cases:
        s = cx.reg.structs[name]
        if name in policy.UNION_MEMBER:
            s = replace(s, members=tuple(m for m in s.members if m.name == policy.UNION_MEMBER[name]))
        siblings = {m.name: m for m in s.members}
        cx.cases[name] = tuple((m.selection, build_member(cx, name, m, siblings)) for m in s.members)
    return cx.cases[name]


def selector_type(cx: Context, union: str) -> str:
    for s in cx.reg.structs.values():
        for m in s.members:
            if m.type == union and m.selector:
                return next(n.type for n in s.members if n.name == m.selector)
    return "uint32_t"


def has_room(cx: Context, name: str) -> bool:
    return any(f"{name}.{m.name}" in policy.RETURNED_MEMBERS for m in cx.reg.structs[name].members)
