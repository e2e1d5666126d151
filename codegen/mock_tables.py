# SPDX-License-Identifier: MIT
"""IR -> what the mock host driver's templates see beside it: which handles it checks, and which structs it fills."""

from __future__ import annotations

from dataclasses import dataclass

from ir import IR, Member, Struct

INNER = ("struct", "fixed_struct", "structs", "pointers", "nested_structs", "union")


@dataclass(frozen=True)
class CheckedStruct:
    """A struct whose handles the mock driver checks."""

    s: Struct
    checked: tuple[Member, ...]   # the members that are or hold handles
    holds: bool                   # there is a handle in it, in a struct of it or in its chain


@dataclass(frozen=True)
class FilledStruct:
    """A struct that the mock driver fills."""

    s: Struct
    features: bool                # its members are features, which become true
    scalars: tuple[Member, ...]   # pinned: the members that are written
    pinned: bool                  # it holds the application's pointers, which stay


def _members(s: Struct) -> tuple[Member, ...]:
    return s.members + tuple(m for _, m in s.cases)


def with_handles(ir: IR) -> set[str]:
    """The names of the structs that hold a handle: in themselves, in a struct of theirs, or in their chain."""
    inputs = [s for s in ir.structs if s.inputs]
    found = {s.name for s in inputs if any(m.kind in ("handle", "handles") for m in _members(s))}
    while True:
        more = {s.name for s in inputs if any(m.kind in INNER and m.type in found for m in _members(s))}
        more |= {e for n in found for e in ir.by_name[n].extends if e in ir.by_name and ir.by_name[e].inputs}
        if more <= found:
            return found
        found |= more


def checked_structs(ir: IR) -> list[CheckedStruct]:
    found = with_handles(ir)
    out = []
    for s in ir.structs:
        if s.inputs and not s.union:
            holds = s.name in found
            checked = tuple(m for m in s.unchained_members
                            if m.kind in ("chain", "handle", "handles", "union") or m.type in found)
            out.append(CheckedStruct(s, checked if holds or not s.chained else (), holds))
    return out


def filled_structs(ir: IR) -> list[FilledStruct]:
    out = []
    for s in ir.structs:
        if s.outputs and s.stype:
            pinned = s.shape_arrays or any(m.kind in ("struct", "fixed_struct") and m.type_stype for m in s.members)
            out.append(FilledStruct(s, s.name == FEATURES or FEATURES in s.extends,
                                    tuple(m for m in s.members if m.kind == "scalar"), pinned))
    return out


FEATURES = "VkPhysicalDeviceFeatures2"


def names(ir: IR) -> dict:
    """The values that mock_gen_*.mako see beside the IR."""
    return {"checked_structs": checked_structs(ir), "filled_structs": filled_structs(ir)}
