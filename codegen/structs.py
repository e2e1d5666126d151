# SPDX-License-Identifier: MIT
"""Structs as the templates see them, and the signatures of structs and ops that the handshake compares.

Runs after all commands have been reached: a struct's flags depend on every command.
"""

from __future__ import annotations

import hashlib

import policy
from context import Context, Unsupported
from ir import IR, Member, Op, Struct
from layout import is_pod, layout_of, union_is_raw
from members import members_of, selector_type, union_cases
from parts import min_size_of, parts_of, pod_checks_of
from reach import has_returned, has_shape
from rules import bounds_of, checks_of, count_checks_of, limit_checks_of
from resolve import described
from scalars import element_count, scalar_of


def hashed(text: str, bits: int = 32) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:bits // 8], "little")


def signature_text(cx: Context, name: str, seen: dict[str, int]) -> str:
    """A text that changes when the struct's wire format does."""
    if name in seen:
        return f"@{list(seen).index(name)}"
    seen[name] = 1
    s = cx.reg.structs[name]
    if s.union:
        members = tuple(m for _, m in union_cases(cx, name))
        head = f"union {union_is_raw(cx, name)} {policy.UNION_MEMBER.get(name, '')}"
    else:
        members, head = members_of(cx, name), f"struct {is_pod(cx, name)}"
    parts = [head]
    for m in members:
        inner = signature_text(cx, m.type, seen) if m.type in cx.inputs | cx.outputs else ""
        both_ways = "+in" if m.kind == "room" and m.type == "void" else ""
        parts.append(f"{m.name}:{m.kind}{both_ways}:{m.wire}:{type_number(cx, m)}:{m.elem_size}:"
                     f"{element_count(cx, m)}:{m.fields}{{{inner}}}")
    return ";".join(parts)


def check_returned(cx: Context) -> None:
    """Raises Unsupported for a pointer through which the host driver may return something and that policy.py does not name."""
    known = policy.RETURNED_MEMBERS | policy.NOT_RETURNED.keys() | policy.LEFT_OUT_MEMBERS.keys()
    for name in sorted(cx.inputs):
        travel = {policy.UNION_MEMBER[name]} if name in policy.UNION_MEMBER else {m.name for m in cx.reg.structs[name].members}
        for m in cx.reg.structs[name].members:
            if m.name in travel and m.pointers and not m.const and m.name != "pNext" and f"{name}.{m.name}" not in known:
                raise Unsupported(f"{name}.{m.name}: does the host driver write there? (RETURNED_MEMBERS, NOT_RETURNED)")


def build_struct(cx: Context, name: str, stypes: dict[str, int]) -> Struct:
    s = cx.reg.structs[name]
    common = dict(inputs=name in cx.inputs, outputs=name in cx.outputs, chained=name in cx.chained,
                  standalone=name in cx.standalone, arrayed=name in cx.arrayed,
                  pointered=name in cx.pointered, returnedonly=s.returnedonly,
                  returned=has_returned(cx, name), min_size=min_size_of(cx, name), signature=hashed(signature_text(cx, name, {})),
                  providers=tuple(cx.type_providers.get(name, ())),
                  context=policy.CONTEXT.get(name, ""),
                  checks=pod_checks_of(cx, name) if is_pod(cx, name) else checks_of(name),
                  limit_checks=limit_checks_of(name), count_checks=count_checks_of(cx, name))
    if s.union:
        cases = tuple((sel, described(cx, m)) for sel, m in union_cases(cx, name))
        members = tuple(m for _, m in cases)
        raw = union_is_raw(cx, name) and name not in policy.UNION_MEMBER
        chosen = policy.UNION_MEMBER.get(name, "")
        if not raw and not chosen and not all(sel for sel, _ in cases):
            cases = tuple((sel, m) for sel, m in cases if sel)
            if not cases:
                raise Unsupported(f"{name}: union without selections")
        wide = any(scalar_of(cx, m.type) and scalar_of(cx, m.type)[1] == 8 for m in s.members)
        return Struct(name, members, union=True, raw_union=raw, pod=raw, align8=wide, union_member=chosen, cases=cases,
                      selector_type=selector_type(cx, name), **common)
    members = tuple(described(cx, m) for m in members_of(cx, name))
    stype = next((m.stype for m in members if m.kind == "stype"), "")
    layout = layout_of(cx, name) if is_pod(cx, name) else None
    return Struct(name, members, parts=parts_of(cx, members), stype=stype, stype_value=stypes.get(stype, 0), pod=is_pod(cx, name),
                  align8=bool(layout and layout[1] == 8), shape=name in cx.outputs and has_shape(cx, name),
                  allowduplicate=s.allowduplicate, bounds=bounds_of(name, members),
                  shape_arrays=any(m.kind in ("scalars", "blob", "structs") for m in members),
                  extends=tuple(e for e in map(cx.reg.canonical, s.extends)
                                if e in cx.inputs or e in cx.outputs), **common)


def op_signature(cx: Context, o: Op) -> int:
    kind = o.kind + "+post" if o.also_posts else o.kind
    parts = [str(o.number), kind, str(o.outputs_on_failure)]
    for m in o.args:
        inner = signature_text(cx, m.type, {}) if m.type in cx.inputs | cx.outputs else ""
        parts.append(f"{m.name}:{m.kind}:{m.wire}:{type_number(cx, m)}:{m.elem_size}{{{inner}}}")
    return hashed(";".join(parts))


def stype_values(cx: Context) -> dict[str, int]:
    return dict(cx.reg.enums["VkStructureType"].values)


def type_number(cx: Context, m: Member) -> int:
    return cx.numbers.types.get(m.handle, 0)


def digest(ir: IR) -> int:
    """A number that changes when anything that travels changes."""
    text = ";".join(f"{o.number}:{o.signature}" for o in ir.ops) + "|" + \
        ";".join(f"{s.stype_value}:{s.signature}" for s in sorted(ir.structs, key=lambda s: s.signature))
    return hashed(text, 64)
