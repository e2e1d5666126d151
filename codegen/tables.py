# SPDX-License-Identifier: MIT
"""The rest of the IR: object types, formats, enums, names, extensions, entry points. Runs when ops and structs are there."""

from __future__ import annotations

from dataclasses import replace

import policy
from context import Context, Unsupported, spellings
from ir import EntryPoint, Enum, Extension, HandleType, HostCommand, Names, Prototype
from members import declaration
from selection import c_name, level_of


def add_types(cx: Context) -> None:
    for name, h in cx.reg.handles.items():
        if name in cx.numbers.types:
            cx.ir.types.append(HandleType(name, cx.numbers.types[name], h.dispatchable, h.objtype))
    used = {m.handle for s in cx.ir.structs for m in s.members if m.handle} | \
        {m.handle for o in cx.ir.ops for m in o.args if m.handle}
    for name in used - set(cx.numbers.types):
        raise Unsupported(f"{name}: no type number in ops.txt")
    cx.ir.types.sort(key=lambda t: t.number)


def add_object_types(cx: Context) -> None:
    """Types whose objects the worker has under their clients' ids."""
    values = dict(cx.reg.enums["VkObjectType"].values) if "VkObjectType" in cx.reg.enums else {}
    made = {o.create for o in cx.ir.ops if o.create} - {"VkInstance"} | {"VkQueue"}
    cx.ir.object_types = [(t.objtype, values[t.objtype], t.name) for t in cx.ir.types
                          if t.name in made and t.objtype in values]


def add_formats(cx: Context) -> None:
    values = dict(cx.reg.enums["VkFormat"].values) if "VkFormat" in cx.reg.enums else {}
    cx.ir.formats = [(f, values[f.name], tuple(values[p] for p in f.planes)) for f in cx.reg.formats
                     if values.get(f.name) is not None and all(values.get(p) is not None for p in f.planes)]


def add_enums(cx: Context) -> None:
    used = {m.enum for s in cx.ir.structs for m in s.members if m.enum}
    used |= {m.enum for s in cx.ir.structs for _, m in s.cases if m.enum}
    used |= {m.enum for o in cx.ir.ops for m in o.args if m.enum}
    for index, name in enumerate(sorted(used)):
        e = cx.reg.enums[name]
        first_names: dict[int, str] = {}
        for n, value in e.values:
            if value is not None:
                first_names.setdefault(value, n)
        values = sorted(first_names)
        runs: list[list[int]] = []
        for value in values:
            if runs and value == runs[-1][1] + 1:
                runs[-1][1] = value
            else:
                runs.append([value, value])
        cx.ir.enums.append(Enum(name, tuple((first_names[v], v) for v in values), runs[0][0], runs[0][1],
                                tuple((a, b) for a, b in runs[1:]), index))


def add_names(cx: Context) -> None:
    """Names of the values of every enum and flags type that travels, for people."""
    used = {m.type for s in cx.ir.structs for m in s.members} | {m.type for o in cx.ir.ops for m in o.args} | \
        {cx.reg.canonical(o.ret) for o in cx.ir.ops}
    for name in sorted(used):
        flags = name in cx.reg.flags
        source = cx.reg.flags[name][1] if flags else name
        e = cx.reg.enums.get(cx.reg.canonical(source or ""))
        if not e:
            continue
        flags = flags or e.bitmask
        values: dict[int, str] = {}
        for n, value in e.values:
            if value is not None:
                values.setdefault(value & ((1 << e.width) - 1), n)
        cx.ir.names[name] = Names(name, flags, tuple((n, v) for v, n in sorted(values.items())))


def add_extensions(cx: Context, forwarded: set[str]) -> None:
    by_name = cx.ir.by_name
    numbers = {o.vk: o.number for o in cx.ir.ops}
    index = 0
    for p in cx.reg.providers:
        if p.version:
            continue
        reason = cx.reasons[p.name]
        if reason:
            cx.ir.left_out.append((p.name, reason))
        commands = {cx.reg.canonical(c) for c in p.commands if c in p.always}
        ops = sorted([numbers[c] for c in commands if c in numbers] +
                     [cx.numbers.ops[own] for own in policy.NEED_OWN_OPS.get(p.name, ())])
        structs = sorted(by_name[t].index for t in {cx.reg.canonical(t) for t in p.types if t in p.always}
                         if t in by_name)
        unknown = [c for c in commands if c in forwarded and c not in numbers and
                   c not in cx.local]
        if unknown and not reason:
            reason = "newer than protocol/ops.txt"
        cx.ir.extensions.append(Extension(p.name, p.kind or "device", int(p.spec_version or "1"), index,
                                          tuple(ops), tuple(structs), left_out=reason,
                                          needs_fds=p.name in policy.NEED_FDS,
                                          needs_host_pages=p.name in policy.NEED_HOST_PAGES))
        index += 1


def add_facts(cx: Context) -> None:
    """Where the structs that describe a physical device come from."""
    indices = {x.name: x.index for x in cx.ir.extensions}
    versions = {p.name: p.version for p in cx.reg.providers if p.version}
    for i, s in enumerate(cx.ir.structs):
        core = min((versions[p] for p in s.providers if p in versions), default=None)
        extensions = tuple(sorted(indices[p] for p in s.providers if p in indices))[:4]
        cx.ir.structs[i] = replace(s, fact_core=core[0] << 22 | core[1] << 12 if core else 0,
                                   fact_extensions=extensions)
    cx.ir.by_name = {s.name: s for s in cx.ir.structs}


def add_entry_points(cx: Context, forwarded: set[str]) -> None:
    indices = {x.name: x.index for x in cx.ir.extensions}
    for name, providers in sorted(cx.command_providers.items()):
        canonical = cx.reg.canonical(name)
        c = cx.reg.commands[canonical]
        level = level_of(cx, c)
        if canonical in ("vkEnumerateInstanceVersion", "vkEnumerateInstanceExtensionProperties",
                         "vkEnumerateInstanceLayerProperties", "vkCreateInstance"):
            level = "global"
        elif level in ("queue", "command"):
            level = "device"
        core = [p.version for p in providers if p.version]
        extensions = tuple(sorted(indices[p.name] for p in providers if not p.version))
        stub = canonical not in forwarded
        short = c_name(cx, canonical)[2:]
        cx.ir.entry_points.append(EntryPoint(
            name, f"icd_stub_{short}" if stub else f"icd_{short}", level,
            (min(core)[0] << 22 | min(core)[1] << 12) if core else 0, extensions, stub,
            0 if stub or canonical in cx.local else cx.numbers.ops[canonical]))
    aliases: dict[str, list[str]] = {}
    for name in cx.command_providers:
        canonical = cx.reg.canonical(name)
        if canonical != name:
            aliases.setdefault(canonical, []).append(name)
    wanted = [(o.short, o.vk) for o in cx.ir.ops]
    for name in policy.WORKER_COMMANDS:
        wanted += [(name[2:], n) for n in spellings(cx.reg, name)]
    for short, vk in wanted:
        level = level_of(cx, cx.reg.commands[vk])
        cx.ir.vk_commands.append(HostCommand(short, vk, (vk, *sorted(aliases.get(vk, []))),
                                             level in ("instance", "physical", "global")))
    for o in cx.ir.ops:
        if o.destroy and o.level == "device" and o.destroy not in policy.POOLED and o.destroy != "VkDevice":
            cx.ir.destroyers.append((o.destroy, o.short, o.destroy in policy.DESTROY_LAST))


def add_prototypes(cx: Context, names: list[str]) -> None:
    for name in names:
        c = cx.reg.commands[name]
        params = tuple(declaration(p) for p in c.params)
        cx.ir.prototypes.append(Prototype("icd_" + c_name(cx, name)[2:], c.ret, params))


def add_features_off(cx: Context) -> None:
    for key in policy.FEATURES_OFF:
        struct, member = key.split(".")
        s = cx.ir.by_name.get(struct)
        if s and any(m.name == member for m in s.members):
            cx.ir.features_off.append((struct, member))


def add_all(cx: Context, names: list[str], forwarded: list[str]) -> None:
    """`names`: the commands that policy.py does not leave out. `forwarded`: those of them that have a number or need none."""
    add_types(cx)
    add_object_types(cx)
    add_formats(cx)
    add_enums(cx)
    add_names(cx)
    add_extensions(cx, set(names))
    add_facts(cx)
    add_entry_points(cx, set(forwarded))
    add_features_off(cx)
    add_prototypes(cx, forwarded)
