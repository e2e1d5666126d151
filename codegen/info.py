# SPDX-License-Identifier: MIT
"""IR -> rows of the reflection tables (protocol/info.h). Only dump, tests and fuzzers print them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ir import IR, Member, Op, Struct

BYTES = {"blob", "out_blob", "inout_blob", "string", "strings", "chain", "allocator", "none", "bitfields"}


@dataclass(frozen=True)
class Row:
    """A member, with all that its table line says."""

    m: Member
    number: int          # 4: its place in the table
    symbol: str          # "VkBufferCreateInfo_4": the suffix of its functions
    owner: str           # "VkBufferCreateInfo", "struct tongs_args_vkCreateBuffer"
    counts: bool         # some array's count or an expression of one
    selector_row: int    # unions: the row of the selector, else -1
    stride_row: int      # arrays: the row that says how far apart the elements are, else -1
    names: str           # the table of names of its type, or ""
    struct: str          # the struct or union that it holds, or ""

    @property
    def elem_size(self) -> str:
        return "1" if self.m.kind in BYTES or self.m.type == "void" else f"sizeof({self.m.type})"

    @property
    def count(self) -> str:
        """C of the element count; empty if it is always one."""
        return "" if self.m.count == "1" or self.m.kind in ("stype", "chain") else self.m.count


@dataclass(frozen=True)
class Case:
    selections: tuple[str, ...]
    row: Row


@dataclass(frozen=True)
class LinkCount:
    """A count of a chained struct that must equal one of its parent's."""

    child: str           # "VkRenderPassMultiviewCreateInfo"
    child_row: int       # the place of child_member in its table
    child_member: str    # "subpassCount"
    parent_row: int
    parent_member: str


@dataclass(frozen=True)
class Table:
    """A struct, a union or an op's arguments."""

    name: str            # "VkBufferCreateInfo", "vkCreateBuffer"
    owner: str           # the type in C
    rows: tuple[Row, ...]
    cases: tuple[Case, ...] = ()
    children: tuple[str, ...] = ()   # what its chain may hold
    struct: Struct | None = None
    link_counts: tuple[LinkCount, ...] = ()
    ret_names: str = ""  # ops: the table of names of the result's type, or ""

    @property
    def only(self) -> int:
        """Unions that travel as one member: its row; else -1."""
        return next((r.number for r in self.rows if self.struct and r.m.name == self.struct.union_member), -1)


def _far_counts(ir: IR) -> set[tuple[str, str]]:
    """(struct, member) of the counts that an array of another struct or of an op depends on."""
    out = set()
    for members in [s.members for s in ir.structs] + [o.args for o in ir.ops]:
        types = {m.name: m.type for m in members}
        for m in members:
            for pointer, count in re.findall(r"v->(\w+)(?:->|\[i\]\.)(\w+)", f"{m.count} {m.inner}"):
                out.add((types[pointer], count))
    return out


def _rows(ir: IR, name: str, owner: str, members: tuple[Member, ...], far: set[tuple[str, str]]) -> tuple[Row, ...]:
    used = {member for struct, member in far if struct == name}
    for m in members:
        used |= set(re.findall(r"v->(\w+)", f"{m.count} {m.inner}"))
    order = {m.name: i for i, m in enumerate(members)}
    rows = []
    for i, m in enumerate(members):
        selector = order.get(m.selector.removeprefix("v->"), -1) if m.selector else -1
        rows.append(Row(m, i, f"{name}_{i}", owner, m.name in used, selector, order.get(m.stride, -1),
                        m.type if m.type in ir.names else "", m.type if m.type in ir.by_name else ""))
    return tuple(rows)


def struct_tables(ir: IR) -> list[Table]:
    children: dict[str, list[str]] = {}
    for s in ir.structs:
        for parent in s.extends:
            children.setdefault(parent, []).append(s.name)
    tables = []
    far = _far_counts(ir)
    for s in ir.structs:
        rows = _rows(ir, s.name, s.name, s.members, far)
        by_name = {r.m.name: r for r in rows}
        cases = tuple(Case(selections, by_name[m.name]) for selections, m in s.cases if m.name in by_name)
        order = [m.name for m in s.members]
        links = tuple(LinkCount(c.child, [m.name for m in ir.by_name[c.child].members].index(c.child_member), c.child_member,
                                order.index(c.parent_member), c.parent_member) for c in s.count_checks)
        tables.append(Table(s.name, s.name, rows, cases, tuple(children.get(s.name, ())), s, links))
    return tables


def op_tables(ir: IR) -> list[tuple[Op, Table]]:
    return [(o, Table(o.name, f"struct tongs_args_{o.name}",
                      _rows(ir, o.name, f"struct tongs_args_{o.name}", o.args, set()),
                      ret_names=o.ret if o.ret in ir.names else "")) for o in ir.ops]


def names(ir: IR) -> dict:
    """The values that tongs_gen_info.c.mako sees beside the IR."""
    structs, ops = struct_tables(ir), op_tables(ir)
    return {"struct_tables": structs, "op_tables": ops, "tables": structs + [table for _, table in ops]}
