# SPDX-License-Identifier: MIT
"""The facts about its type that each member carries, so that a template need not look the type
up: a struct's shape, an enum's first values.

Runs when all commands were reached.
"""

from __future__ import annotations

from dataclasses import replace

import policy
from context import Context
from ir import Member
from layout import is_pod, union_is_raw
from reach import has_returned, has_shape
from scalars import enum_runs


def _describe(cx: Context, name: str) -> dict:
    """The fields of Member that follow from the type alone."""
    if name not in cx.inputs and name not in cx.outputs:
        return {}
    s = cx.reg.structs[name]
    if s.union:
        raw = union_is_raw(cx, name) and name not in policy.UNION_MEMBER
        return {"raw_union": True, "pod": True} if raw else {}
    stype = next((m.values for m in s.members if m.name == "sType"), None)
    return dict(pod=is_pod(cx, name), shape=name in cx.outputs and has_shape(cx, name), returned=has_returned(cx, name),
                forwarded=name in cx.inputs, type_stype=(stype or "").split(",")[0])


def described(cx: Context, m: Member) -> Member:
    if m.enum:
        first, last = enum_runs(cx, m.enum)[0]
        return replace(m, enum_first=first, enum_last=last)
    if m.type not in cx.described:
        cx.described[m.type] = _describe(cx, m.type)
    facts = cx.described[m.type]
    return replace(m, **facts) if facts else m
