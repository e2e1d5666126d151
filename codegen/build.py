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

import policy
import tables
from commands import build_op, reach_command
from context import Context, Unsupported, new_context
from ir import IR
from numbering import Numbers
from registry import Registry
from selection import NEWER, select
from structs import build_struct, check_returned, digest, op_signature, stype_values


def without_number(cx: Context, names: list[str]) -> list[str]:
    """The commands that have no number because they are newer than the project. Raises Unsupported if one is not newer: either it
    lacks a number, or policy.py leaves it out without a reason.
    """
    missing = [n for n in names if n not in cx.local and n not in cx.numbers.ops]
    if missing and cx.reg.header_version <= policy.NEWEST_REGISTRY:
        raise Unsupported(f"{', '.join(missing)}: neither forwarded nor left out with a reason. Number it in ops.txt "
                          "(gen.py --update-ops), or say in policy.py why it is left out")
    return missing


def build(reg: Registry, numbers: Numbers) -> IR:
    cx = new_context(reg, numbers)
    ir = cx.ir
    names = select(cx)
    missing = without_number(cx, names)
    ir.major, ir.minor = max((p.version for p in reg.providers if p.version), default=(1, 0))
    ir.left_out += [(name, NEWER) for name in missing]
    forwarded = [n for n in names if n not in missing]

    for name in forwarded:
        if name not in cx.local:
            reach_command(cx, name)
    ir.ops = sorted((build_op(cx, n) for n in forwarded if n not in cx.local), key=lambda o: o.number)
    stypes = stype_values(cx)
    check_returned(cx)
    ir.structs = [replace(build_struct(cx, name, stypes), index=i) for i, name in enumerate(sorted(cx.inputs | cx.outputs))]
    ir.by_name = {s.name: s for s in ir.structs}
    ir.ops = [replace(o, signature=op_signature(cx, o)) for o in ir.ops]
    tables.add_all(cx, names, forwarded)
    ir.digest = digest(ir)
    return ir
