# SPDX-License-Identifier: MIT
"""Scalar types: how each travels and how many bytes it takes. Reads the registry only."""

from __future__ import annotations

from context import Context
from ir import Member


# C type -> (wire codec, size in memory on every ABI or 0)
SCALARS = {
    "char": ("u8", 1), "uint8_t": ("u8", 1), "int8_t": ("u8", 1),
    "uint16_t": ("u16", 2), "int16_t": ("u16", 2),
    "uint32_t": ("u32", 4), "int32_t": ("i32", 4), "int": ("i32", 4), "float": ("f32", 4),
    "uint64_t": ("u64", 8), "int64_t": ("i64", 8), "double": ("f64", 8), "size_t": ("size", 0),
}
WIRE_SIZE = {"u8": 4, "u16": 4, "u32": 4, "i32": 4, "f32": 4, "u64": 8, "i64": 8, "f64": 8, "size": 8}


def scalar_of(cx: Context, name: str) -> tuple[str, int, str] | None:
    """(wire codec, size, enum) of a scalar type, or None."""
    reg, name = cx.reg, cx.reg.canonical(name)
    if name in SCALARS:
        return (*SCALARS[name], "")
    if name in reg.basetypes:
        base = reg.basetypes[name]
        if base in SCALARS or base in reg.basetypes:
            return scalar_of(cx, base)
        return None
    if name in reg.flags:
        return ("u64", 8, "") if reg.flags[name][0] == 64 else ("u32", 4, "")
    if name in reg.enums:
        e = reg.enums[name]
        if e.width == 64:
            return ("u64", 8, "")
        checked = not e.bitmask and name not in ("VkResult", "VkStructureType") and e.values
        return ("u32", 4, name if checked else "")
    return None


def enum_runs(cx: Context, name: str) -> list[tuple[int, int]]:
    """The runs (first, last) of consecutive values of an enum, sorted."""
    if name not in cx.enum_runs:
        runs: list[tuple[int, int]] = []
        for value in sorted({v for _, v in cx.reg.enums[name].values if v is not None}):
            if runs and value == runs[-1][1] + 1:
                runs[-1] = (runs[-1][0], value)
            else:
                runs.append((value, value))
        cx.enum_runs[name] = runs
    return cx.enum_runs[name]


def dimension(cx: Context, text: str) -> int:
    return int(text) if text.isdigit() else cx.reg.constants[cx.reg.canonical(text)]


def element_count(cx: Context, m: Member) -> int:
    """The number of elements of a fixed array: the constants in its declaration change names."""
    total = 1
    for d in m.size.split(" * ") if m.size else ():
        total *= dimension(cx, d)
    return total
