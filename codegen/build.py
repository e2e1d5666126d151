# SPDX-License-Identifier: MIT
"""registry + policy -> ir. The steps are modules of functions over one Context; each runs on what the ones above it found:

   selection   which commands are forwarded
   scalars, rules, layout, members, parts
               what a member, a struct and its bytes look like; asked by the steps below
   reach       which structs travel, and how
   resolve     what a member says about its own type
   commands    ops
   structs     structs and signatures
   tables      all else

What cannot be handled raises Unsupported, naming Struct.member.
"""

from __future__ import annotations

from dataclasses import replace

import tables
from commands import build_op, reach_command
from context import new_context
from ir import IR
from numbering import Numbers
from registry import Registry
from selection import NEWER, select
from structs import build_struct, digest, op_signature, stype_values


def build(reg: Registry, numbers: Numbers) -> IR:
    cx = new_context(reg, numbers)
    ir = cx.ir
    names = select(cx)
    missing = [n for n in names if n not in cx.local and n not in numbers.ops]
    ir.major, ir.minor = max((p.version for p in reg.providers if p.version), default=(1, 0))
    ir.left_out += [(name, NEWER) for name in missing]
    forwarded = [n for n in names if n not in missing]

    for name in forwarded:
        if name not in cx.local:
            reach_command(cx, name)
    ir.ops = sorted((build_op(cx, n) for n in forwarded if n not in cx.local), key=lambda o: o.number)
    stypes = stype_values(cx)
    ir.structs = [replace(build_struct(cx, name, stypes), index=i) for i, name in enumerate(sorted(cx.inputs | cx.outputs))]
    ir.by_name = {s.name: s for s in ir.structs}
    ir.ops = [replace(o, signature=op_signature(cx, o)) for o in ir.ops]
    tables.add_all(cx, names, forwarded)
    ir.digest = digest(ir)
    return ir
