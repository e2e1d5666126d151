# SPDX-License-Identifier: MIT
"""The rest of the IR: object types, formats, enums, names, extensions, entry points. Runs when ops and structs are there."""

from __future__ import annotations

from dataclasses import replace

import policy
from context import Context, Unsupported, spellings
from ir import Bringer, EntryPoint, Enum, Extension, HandleType, HostCommand, Names, Prototype
from members import declaration
from registry import Provider, core_version
from scalars import enum_runs
from selection import NEWER, c_name, level_of


def add_types(cx: Context) -> None:
    for name, h in cx.reg.handles.items():
        if name in cx.numbers.types:
            cx.ir.types.append(HandleType(name, cx.numbers.types[name], h.dispatchable, h.objtype,
                                          name in policy.USED_BY_COMPILATIONS))
    used = {m.handle for s in cx.ir.structs for m in s.members if m.handle} | \
        {m.handle for o in cx.ir.ops for m in o.args if m.handle}
    for name in used - set(cx.numbers.types):
        raise Unsupported(f"{name}: no type number in ops.txt")
    cx.ir.types.sort(key=lambda t: t.number)


def add_object_types(cx: Context) -> None:
    """The types whose objects the worker knows by the client's ids."""
    values = dict(cx.reg.enums["VkObjectType"].values) if "VkObjectType" in cx.reg.enums else {}
    made = {o.create for o in cx.ir.ops if o.create} - {"VkInstance"} | {"VkQueue"}
    cx.ir.object_types = [(t.objtype, values[t.objtype], t.name) for t in cx.ir.types
                          if t.name in made and t.objtype in values]


def add_formats(cx: Context) -> None:
    values = dict(cx.reg.enums["VkFormat"].values) if "VkFormat" in cx.reg.enums else {}
    cx.ir.formats = [(f, values[f.name], tuple(values[p] for p in f.planes)) for f in cx.reg.formats
                     if values.get(f.name) is not None and all(values.get(p) is not None for p in f.planes)]


def add_format_names(cx: Context) -> None:
    """The formats that a client may ask about: every format but VK_FORMAT_UNDEFINED."""
    for e in cx.ir.enums:
        if e.name == "VkFormat":
            cx.ir.format_names = [name for name, value in e.values if value]


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
        (first, last), *more = enum_runs(cx, name)
        cx.ir.enums.append(Enum(name, tuple((first_names[v], v) for v in sorted(first_names)), first, last, tuple(more), index))


def add_names(cx: Context) -> None:
    """The names of the values of every enum and flags type that travels, for tongs dump."""
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


def add_extends(cx: Context) -> None:
    pairs = ((cx.ir.by_name[parent], s) for s in cx.ir.structs for parent in s.extends)
    cx.ir.extends = [(parent.name, s.name) for parent, s in sorted(pairs, key=lambda pair: (pair[0].index, pair[1].index))]


def add_unmet(cx: Context) -> None:
    """Leaves out extensions that depend on one that is left out, in the reasons of the context."""
    known = {p.name for p in cx.reg.providers}
    changed = True
    while changed:
        changed = False
        for p in cx.reg.providers:
            missing = [sorted(name for name in names if not core_version(name) and (name not in known or cx.reasons[name]))
                       for names in p.depends]
            if not cx.reasons[p.name] and all(missing):
                cx.reasons[p.name] = f"needs {', '.join(missing[0]) if missing else 'what is not there'}"
                changed = True


def add_extensions(cx: Context, wanted: set[str]) -> None:
    """`wanted`: the commands that policy.py does not leave out."""
    numbers = {o.vk: o.number for o in cx.ir.ops}
    ops_at = structs_at = 1
    add_unmet(cx)
    for p in cx.reg.providers:
        if p.version:
            continue
        reason = cx.reasons[p.name]
        if reason:
            cx.ir.left_out.append((p.name, reason))
        commands = {cx.reg.canonical(c) for c in p.commands if c in p.always}
        ops = {numbers[c]: c_name(cx, c) for c in commands if c in numbers}
        ops |= {cx.numbers.ops[own]: own for own in policy.NEED_OWN_OPS.get(p.name, ())}
        structs = tuple(sorted({cx.reg.canonical(t) for t in p.types if t in p.always} & cx.ir.by_name.keys()))
        if not reason and commands & wanted - numbers.keys() - cx.local.keys():
            reason = NEWER
        cx.ir.extensions.append(Extension(p.name, p.kind or "device", int(p.spec_version or "1"), len(cx.ir.extensions),
                                          tuple(ops[number] for number in sorted(ops)), structs, reason, ops_at, structs_at,
                                          needs_fds=p.name in policy.NEED_FDS,
                                          needs_app_pages=p.name in policy.NEED_APP_PAGES))
        ops_at += len(ops)
        structs_at += len(structs)


def version_macro(version: tuple[int, int] | None) -> str:
    """C of a core version: "VK_API_VERSION_1_1"; "0" for none."""
    return f"VK_API_VERSION_{version[0]}_{version[1]}" if version else "0"


def add_property_structs(cx: Context) -> None:
    """Where the structs that describe a physical device come from."""
    indices = {x.name: x.index for x in cx.ir.extensions}
    versions = {p.name: p.version for p in cx.reg.providers if p.version}
    for parent, out in (("VkPhysicalDeviceProperties2", cx.ir.properties), ("VkPhysicalDeviceFeatures2", cx.ir.features)):
        for s in cx.ir.structs:
            if s.outputs and parent in s.extends and not s.shape_arrays:
                core = min((versions[p] for p in s.providers if p in versions), default=None)
                extensions = sorted((indices[p], p) for p in s.providers if p in indices)[:4]
                out.append(replace(s, fact_core=version_macro(core), fact_extensions=tuple(extensions)))


GLOBAL_COMMANDS = {"vkEnumerateInstanceVersion", "vkEnumerateInstanceExtensionProperties",
                   "vkEnumerateInstanceLayerProperties", "vkCreateInstance"}


def entry_level(cx: Context, command: str) -> str:
    """The dispatchable object that vkGet*ProcAddr needs for the command."""
    level = "global" if command in GLOBAL_COMMANDS else level_of(cx.reg.commands[command])
    return "device" if level in ("queue", "command") else level


NEEDS_MAX = 3   # struct icd_bringer


def bringers_of(cx: Context, command: str, p: Provider, indices: dict[str, int]) -> list[Bringer]:
    """The ways in which an extension brings a command: one for each alternative of what it depends on."""
    beside = policy.COMMANDS_NEED.get(command, p.name)
    out = []
    for names in p.needs.get(command, (frozenset(),)):
        versions = sorted(version for name in names if (version := core_version(name)))
        needs = sorted((names | {beside}) - {p.name} - {name for name in names if core_version(name)})
        if any(name not in indices for name in needs):   # no extension of this API
            continue
        if len(needs) > NEEDS_MAX:
            raise Unsupported(f"{command}: {p.name} depends on {', '.join(needs)}")
        out.append(Bringer(indices[p.name], p.name, version_macro(versions[-1] if versions else None),
                           tuple((indices[name], name) for name in needs)))
    return sorted(out, key=lambda b: (b.core, b.needs))


def add_entry_points(cx: Context, forwarded: set[str]) -> None:
    indices = {x.name: x.index for x in cx.ir.extensions}
    at: dict[tuple[Bringer, ...], int] = {}
    for name, providers in sorted(cx.command_providers.items()):
        canonical = cx.reg.canonical(name)
        core = min((p.version for p in providers if p.version), default=None)
        extensions = sorted({p.name: p for p in providers if not p.version}.values(), key=lambda p: indices[p.name])
        bringers = tuple(b for p in extensions for b in bringers_of(cx, name, p, indices))
        if bringers and bringers not in at:
            at[bringers] = len(cx.ir.bringers)
            cx.ir.bringers += bringers
        stub = canonical not in forwarded
        short = c_name(cx, canonical)[2:]
        cx.ir.entry_points.append(EntryPoint(
            name, short, entry_level(cx, canonical), version_macro(core), bringers, stub,
            "" if stub or canonical in cx.local else f"vk{short}", at.get(bringers, 0)))


def add_vk_commands(cx: Context) -> None:
    """The commands that the worker calls, and the types that it can destroy."""
    aliases: dict[str, list[str]] = {}
    for name in cx.command_providers:
        canonical = cx.reg.canonical(name)
        if canonical != name:
            aliases.setdefault(canonical, []).append(name)
    wanted = [(o.short, o.vk) for o in cx.ir.ops]
    for name in policy.WORKER_COMMANDS:
        wanted += [(name[2:], n) for n in spellings(cx.reg, name)]
    for short, vk in wanted:
        level = level_of(cx.reg.commands[vk])
        cx.ir.vk_commands.append(HostCommand(short, vk, (vk, *sorted(aliases.get(vk, [])))[:4],
                                             level in ("instance", "physical", "global")))
    for o in cx.ir.ops:
        if o.destroy and o.level == "device" and o.destroy not in policy.POOLED and o.destroy != "VkDevice":
            cx.ir.destroyers.append((o.destroy, o.short, o.destroy in policy.DESTROY_LAST))


def add_prototypes(cx: Context, names: list[str]) -> None:
    ops = {o.short for o in cx.ir.ops}
    for name in names:
        c = cx.reg.commands[name]
        short = c_name(cx, name)[2:]
        cx.ir.prototypes.append(Prototype(short, c.ret, tuple(declaration(p) for p in c.params), short not in ops))


def add_features_off(cx: Context) -> None:
    for key in policy.FEATURES_OFF:
        struct, member = key.split(".")
        s = cx.ir.by_name.get(struct)
        if s and any(m.name == member for m in s.members):
            cx.ir.features_off.append((s, member))


def add_all(cx: Context, names: list[str], forwarded: list[str]) -> None:
    """`names`: the commands that policy.py does not leave out. `forwarded`: those of them that have a number or need none."""
    cx.ir.type_count = max(cx.numbers.type_names) + 1
    cx.ir.op_count = max(cx.numbers.op_names) + 1
    add_types(cx)
    add_extends(cx)
    add_object_types(cx)
    add_formats(cx)
    add_enums(cx)
    add_format_names(cx)
    add_names(cx)
    add_extensions(cx, set(names))
    add_property_structs(cx)
    add_entry_points(cx, set(forwarded))
    add_vk_commands(cx)
    add_features_off(cx)
    add_prototypes(cx, forwarded)
