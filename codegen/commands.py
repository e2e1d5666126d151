# SPDX-License-Identifier: MIT
"""Commands become ops: posts, calls and records, with their arguments and outputs."""

from __future__ import annotations

import re
from dataclasses import replace

import policy
from context import Context, Unsupported
from ir import Member, Op, Range
from members import build_member, counts_first, declaration, has_room, members_of
from parts import flat_parts, parts_of
from reach import has_addresses, has_returned, reach_member
from registry import Command as RegCommand
from registry import Member as RegMember
from rules import bounds_of, checks_of, limit_checks_of
from resolve import described
from scalars import SCALARS, scalar_of
from selection import level_of


def created_type(cx: Context, c: RegCommand) -> str:
    if not re.match(r"vk(Create|Allocate|RegisterCustom)", c.name):
        return ""
    for p in c.params[1:]:
        if p.type in cx.reg.handles and p.pointers == 1 and not p.const:
            return p.type
    return ""


def destroyed_type(cx: Context, c: RegCommand) -> str:
    if c.name in ("vkFreeDescriptorSets", "vkFreeCommandBuffers"):
        return {"vkFreeDescriptorSets": "VkDescriptorSet", "vkFreeCommandBuffers": "VkCommandBuffer"}[c.name]
    if c.name == "vkFreeMemory":
        return "VkDeviceMemory"
    if not c.name.startswith("vkDestroy"):
        return ""
    handles = [p.type for p in c.params if p.type in cx.reg.handles]
    return handles[-1]


def lost_result(cx: Context, c: RegCommand) -> str:
    if c.ret != "VkResult":
        return ""
    for code in ("VK_ERROR_DEVICE_LOST", "VK_ERROR_INITIALIZATION_FAILED", "VK_ERROR_OUT_OF_DEVICE_MEMORY",
                 "VK_ERROR_OUT_OF_HOST_MEMORY"):
        if code in c.errors:
            return code
    return "VK_ERROR_DEVICE_LOST"


def build_params(cx: Context, c: RegCommand) -> tuple[Member, ...]:
    siblings = {m.name: m for m in c.params}
    creates = created_type(cx, c)
    out: list[Member] = []
    for i, p in enumerate(c.params):
        if i == 0 and p.type in cx.reg.handles:
            out.append(Member(p.name, "dispatch", p.type, declaration(p), handle=p.type, dispatchable=True,
                              min_size=8))
            continue
        m = build_member(cx, c.name, p, siblings)
        if p.pointers and not p.const and not p.dims and m.kind != "allocator" and \
                not (m.kind == "structs" and has_room(cx, m.type)):
            m = out_param(cx, c, p, m, siblings, creates)
        out.append(m)
    for type_name, name in policy.EXTRA_ARGS.get(c.name, ()):
        out.append(Member(name, "scalar", type_name, f"{type_name} {name}", wire=SCALARS[type_name][0]))
    return counts_first(tuple(out))


def out_param(cx: Context, c: RegCommand, p: RegMember, m: Member, siblings, creates: str) -> Member:
    key = f"{c.name}.{p.name}"
    sized_by_pointer = m.count_member and siblings[m.count_member].pointers == 1
    count = f"*v->{m.count_member}" if sized_by_pointer else m.count
    if m.kind == "handles":
        if creates != m.handle:
            raise Unsupported(f"{key}: handles come back")
        return replace(m, kind="new", count=count)
    if m.kind == "scalars" and count == "1":
        is_count = any(q.len and q.len[0] == p.name for q in c.params)
        return replace(m, kind="out_count" if is_count else "out_scalar")
    if m.kind == "structs" and count == "1":
        return replace(m, kind="out_struct")
    kinds = {"scalars": "out_scalars", "structs": "out_structs", "blob": "out_blob"}
    if m.kind not in kinds:
        raise Unsupported(f"{key}: {p.decl}")
    kind = "inout_blob" if key in policy.INOUT_BLOBS else kinds[m.kind]
    return replace(m, kind=kind, count=count)


def ranges_of(cx: Context, args: tuple[Member, ...]) -> tuple[Range, ...]:
    """For the structs that an argument points to; if it is one, for the structs in it and its arrays of structs."""
    found = []
    for m in args:
        if m.kind != "structs":
            continue
        found.append(Range(m.type, f"a->{m.name}", m.count.replace("v->", "a->"), checks_of(m.type)))
        for inner in members_of(cx, m.type) if m.count == "1" else ():
            at = f"a->{m.name}->{inner.name}"
            if inner.kind == "structs":
                found.append(Range(inner.type, at, inner.count.replace("v->", f"a->{m.name}->"), checks_of(inner.type)))
            elif inner.kind == "struct":
                found.append(Range(inner.type, f"&{at}", "1", checks_of(inner.type)))
    return tuple(r for r in found if r.conds)


def handler_of(cx: Context, name: str) -> str:
    if name in cx.hand_decoders:
        return "decodes"
    return "hand" if name in cx.hand_handlers else "generated"


def reach_command(cx: Context, name: str) -> None:
    """Notes what travels with the command."""
    cx.args[name] = build_params(cx, cx.reg.commands[name])
    for m in cx.args[name]:
        reach_member(cx, m, m.kind.startswith("out_"))


def failure_of(cx: Context, c: RegCommand, kind: str) -> str:
    """How the worker handles a post's failure (POST_FAILURES)."""
    if kind != "post" or c.ret == "void" or created_type(cx, c):
        return "told"
    if c.name not in cx.post_failures:
        raise Unsupported(f"{c.name}: POST_FAILURES does not say what its failure does")
    return cx.post_failures[c.name]


def role_of(name: str, kind: str) -> str:
    roles = [role for prefix, role in policy.RECORD_ROLES if name.startswith(prefix)]
    return roles[0] if roles and kind == "record" else "plain"


def build_op(cx: Context, name: str) -> Op:
    """Runs when all commands were reached."""
    c = cx.reg.commands[name]
    args = tuple(described(cx, m) for m in cx.args[name])
    level = level_of(c)
    returned = tuple(m for m in args if m.kind in ("struct", "structs") and has_returned(cx, m.type))
    has_out = returned or any(m.kind.startswith(("out_", "inout_")) for m in args)
    # "Cmd" commands are recorded; the few other ones on a command buffer are ordinary ops.
    if level == "command" and (name.startswith("vkCmd") or name in ("vkBeginCommandBuffer",
                                                                     "vkEndCommandBuffer")):
        kind = "record"
    elif name in cx.post_bounds:
        kind = "call"
    elif name in cx.posts or (c.ret == "void" and not has_out):
        kind = "post"
    else:
        kind = "call"
    if returned and kind != "call":
        raise Unsupported(f"{name}: {returned[0].name} returns something without a reply")
    if kind != "record" and name not in cx.no_host_addresses and any(has_addresses(cx, m) for m in args):
        raise Unsupported(f"{name}: NO_HOST_ADDRESSES does not say why no address is one of the application's memory")
    if kind == "post" and created_type(cx, c) and name not in cx.unbounded_posts:
        raise Unsupported(f"{name}: neither POST_BOUNDS nor UNBOUNDED_POSTS says when it may fail")
    if c.ret not in ("void", "VkResult") and not scalar_of(cx, c.ret):
        raise Unsupported(f"{name}: returns {c.ret}")
    if name in cx.noted & cx.hand_entries:
        raise Unsupported(f"{name}: a hand-written entry point calls what NOTED asks for itself")
    also_posts = name in cx.also_posts or name in cx.post_bounds
    number = cx.numbers.ops[name]
    c_name = cx.numbers.op_names[number]
    flat = flat_parts(cx, args) if kind == "record" and name not in policy.CONTEXT else None
    destroyed = destroyed_type(cx, c)
    parts = parts_of(cx, args, {m.name for m in args if destroyed and m.handle == destroyed})
    return Op(c_name, name, c_name[2:], number, c.ret, args, level, kind,
              create=created_type(cx, c), destroy=destroyed,
              entry="hand" if name in cx.hand_entries else "generated",
              handler=handler_of(cx, name), takes_fd=name in cx.takes_fd, compiled=name in cx.compiled,
              after_compilations=name in cx.after_compilations or created_type(cx, c) == "VkPipeline",
              pool=policy.POOLED.get(created_type(cx, c), ""), removes=bool(destroyed) or name in cx.emptying,
              blocking=name in cx.blocking, timeout=cx.blocking.get(name, ""), waits_if=cx.waits_if.get(name, ""),
              checked=name in cx.hand_checks, cached=name in cx.cached,
              cached_in_device=name in cx.cached_in_device,
              also_posts=also_posts, bound=cx.post_bounds.get(name, ""),
              ranges=ranges_of(cx, args) if created_type(cx, c) else (),
              sent_at_once=name in cx.sent_at_once,
              noted=name in cx.noted,
              outputs_on_failure=name in cx.outputs_on_failure, returned=returned, lost=lost_result(cx, c),
              failure=failure_of(cx, c, kind), role=role_of(c_name, kind),
              context=policy.CONTEXT.get(name, "").replace("args->", "v->"), checks=checks_of(name),
              limit_checks=limit_checks_of(name), bounds=bounds_of(name, args), flat=flat is not None, parts=parts if flat is None else flat,
              extra=len(policy.EXTRA_ARGS.get(name, ())))
