# SPDX-License-Identifier: MIT
"""registry + policy -> ir: every decision that follows from the two. What cannot be handled raises Unsupported, naming
Struct.member.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import policy
from ir import (CountCheck, EntryPoint, Enum, Extension, HandleType, HostCommand, IR, Member, Names, Op, Part,
                Prototype, Struct)
from registry import Command as RegCommand
from registry import Format
from registry import Member as RegMember
from registry import Registry, Struct as RegStruct


class Unsupported(Exception):
    pass


# C type -> (wire codec, size in memory on every ABI or 0)
SCALARS = {
    "char": ("u8", 1), "uint8_t": ("u8", 1), "int8_t": ("u8", 1),
    "uint16_t": ("u16", 2), "int16_t": ("u16", 2),
    "uint32_t": ("u32", 4), "int32_t": ("i32", 4), "int": ("i32", 4), "float": ("f32", 4),
    "uint64_t": ("u64", 8), "int64_t": ("i64", 8), "double": ("f64", 8), "size_t": ("size", 0),
}
WIRE_SIZE = {"u8": 4, "u16": 4, "u32": 4, "i32": 4, "f32": 4, "u64": 8, "i64": 8, "f64": 8, "size": 8}


def _hash(text: str, bits: int = 32) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:bits // 8], "little")


class Numbers:
    """protocol/ops.txt: the append-only numbers of ops and object types."""

    def __init__(self, text: str):
        self.ops: dict[str, int] = {}          # every name, aliases too
        self.types: dict[str, int] = {}
        self.op_names: dict[int, str] = {}     # the name that C code uses
        self.type_names: dict[int, str] = {}
        for line in text.splitlines():
            words = line.split("#")[0].split()
            if not words:
                continue
            kind, number, name = words[0], int(words[1]), words[2]
            table, names = {"op": (self.ops, self.op_names), "op-alias": (self.ops, None),
                            "type": (self.types, self.type_names), "type-alias": (self.types, None)}[kind]
            if name in table or (names is not None and number in names):
                raise Unsupported(f"ops.txt: {line!r} is there twice")
            table[name] = number
            if names is not None:
                names[number] = name


class Builder:
    def __init__(self, reg: Registry, numbers: Numbers):
        self.reg = reg
        self.numbers = numbers
        self.ir = IR(reg.header_version, 0)
        self.cache: dict[str, tuple[Member, ...]] = {}
        self.cases: dict[str, tuple[tuple[tuple[str, ...], Member], ...]] = {}
        self.pods: dict[str, bool] = {}
        self.inputs: set[str] = set()
        self.outputs: set[str] = set()
        self.standalone: set[str] = set()
        self.chained: set[str] = set()
        self.arrayed: set[str] = set()
        self.pointered: set[str] = set()
        self.ignored = dict(policy.IGNORED_UNLESS)
        known = set(reg.structs) | {p.name for p in reg.providers} | \
            {n for e in reg.enums.values() for n, _ in e.values} | set(reg.commands) | set(reg.aliases)
        for symbol, rules in policy.IGNORED_UNLESS_NEWER.items():
            if symbol in known:
                self.ignored.update(rules)
        self.ignored = {key: cond.replace("args->", "v->") for key, cond in self.ignored.items()}
        self.left_out_commands = {n: why for name, why in policy.LEFT_OUT_COMMANDS.items()
                                  for n in self.spellings(name)}
        self.local = {n: name for name in policy.LOCAL_COMMANDS for n in self.spellings(name)}
        self.hand_entries = self.names(policy.HAND_ENTRY_POINTS)
        self.hand_handlers = self.names(policy.HAND_HANDLERS)
        self.posts = self.names(policy.POSTS)
        self.blocking = self.names(policy.BLOCKING)
        self.cached = self.names(policy.CACHED)
        self.also_posts = self.names(policy.ALSO_POSTS)
        self.outputs_on_failure = self.names(policy.OUTPUTS_ON_FAILURE)
        self.type_providers: dict[str, list[str]] = {}
        self.command_providers: dict[str, list] = {}
        self.reasons: dict[str, str] = {}
        self.enum_index: dict[str, int] = {}
        self.children: dict[str, list[str]] = {}

    def spellings(self, name: str) -> list[str]:
        """The names that a command of policy.py has in this registry: it may predate a promotion."""
        return [self.reg.canonical(n) for n in (name, name + "KHR", name + "EXT")
                if n in self.reg.commands or n in self.reg.aliases][:1]

    def names(self, commands: set[str]) -> set[str]:
        return {n for name in commands for n in self.spellings(name)}

    # --- what is in -------------------------------------------------------------------------------------

    def provider_reason(self, p) -> str:
        """Why a provider is left out; empty where it is forwarded."""
        if p.name in policy.LEFT_OUT_EXTENSIONS:
            return policy.LEFT_OUT_EXTENSIONS[p.name]
        if p.platform == "provisional" or p.provisional:
            return policy.PROVISIONAL_REASON
        if p.platform:
            return policy.LEFT_OUT_PLATFORMS_REASON
        return ""

    def select(self) -> list[str]:
        reg = self.reg
        commands: dict[str, str] = {}
        for p in reg.providers:
            reason = self.provider_reason(p)
            self.reasons[p.name] = reason
            for c in p.commands:
                self.command_providers.setdefault(c, []).append(p)
                name = reg.canonical(c)
                why = self.left_out_commands.get(name, reason)
                if name not in commands or (commands[name] and not why):
                    commands[name] = why
            if not reason:
                for t in p.types:
                    self.type_providers.setdefault(reg.canonical(t), []).append(p.name)
        for name, why in sorted(commands.items()):
            if why:
                self.ir.left_out.append((name, why))
        return [c for c in reg.commands if commands.get(c, "x") == ""]

    # --- types --------------------------------------------------------------------------------------------

    def scalar(self, name: str) -> tuple[str, int, str] | None:
        """(wire codec, size, enum) of a scalar type, or None."""
        reg, name = self.reg, self.reg.canonical(name)
        if name in SCALARS:
            return (*SCALARS[name], "")
        if name in reg.basetypes:
            base = reg.basetypes[name]
            if base in SCALARS or base in reg.basetypes:
                return self.scalar(base)
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

    def is_pod(self, name: str) -> bool:
        """Whether the struct's bytes are the same in memory on every ABI and on the wire."""
        if name not in self.pods:
            self.pods[name] = False
            self.pods[name] = self._is_pod(name)
        return self.pods[name]

    def _layout(self, name: str) -> tuple[int, int] | None:
        """(size, alignment) where there is no padding, else None."""
        s = self.reg.structs[name]
        if self.limit_checks(name):  # it is looked at member by member
            return None
        offset, align = 0, 1
        for m in s.members:
            if m.pointers or m.bits or m.selector or f"{name}.{m.name}" in policy.LEFT_OUT_MEMBERS:
                return None
            canonical = self.reg.canonical(m.type)
            sc = self.scalar(canonical)
            if sc:
                if not sc[1] or sc[2] or f"{name}.{m.name}" in self.ignored:
                    return None
                size, a = sc[1], sc[1]
            elif canonical in self.reg.structs and not self.reg.structs[canonical].union:
                inner = self._layout(canonical)
                if not inner:
                    return None
                size, a = inner
            elif canonical == "VkClearColorValue":
                size, a = 16, 4
            else:
                return None
            for d in m.dims:
                size *= self.dim(d)
            if offset % a:
                return None
            offset, align = offset + size, max(align, a)
        if not offset or offset % align or offset % 4:
            return None
        return offset, align

    def _is_pod(self, name: str) -> bool:
        s = self.reg.structs[name]
        if s.union or (s.members and s.members[0].values):
            return False
        return self._layout(name) is not None

    def dim(self, text: str) -> int:
        return int(text) if text.isdigit() else self.reg.constants[self.reg.canonical(text)]

    # --- members -------------------------------------------------------------------------------------------

    def length(self, owner: str, m: RegMember, siblings: dict[str, RegMember]) -> tuple[str, str]:
        """(C expression, the member it consists of alone) of an array's length; ("1", "") of a single pointer."""
        key = f"{owner}.{m.name}"
        if key in policy.LENGTHS:
            return policy.LENGTHS[key], ""
        if not m.len or m.len[0] in ("1", "null-terminated"):
            return "1", ""
        text = m.len[0]
        if text in siblings:
            return f"v->{text}", text
        if text.isdigit() or text in self.reg.constants:
            return text, ""
        arrow = re.fullmatch(r"(\w+)->(\w+)", text)
        if arrow and arrow.group(1) in siblings:
            return f"(v->{arrow.group(1)} ? v->{text} : 0)", ""
        if re.fullmatch(r"2\s*\*\s*VK_UUID_SIZE", text):
            return text, ""
        raise Unsupported(f"{key}: length {text!r}")

    def declare(self, m: RegMember) -> str:
        decl = re.sub(r"\s+", " ", m.decl)
        decl = re.sub(r"^struct ", "", decl)
        if m.dims:  # a parameter of array type is a pointer
            decl = re.sub(r"(\w+)((\[\w+\])+)$", r"*\1", decl) if len(m.dims) == 1 else decl
        return re.sub(r"\s*\*\s*", " *", decl).replace("* *", "**").replace("*const", "* const ")

    def member(self, owner: str, m: RegMember, siblings: dict[str, RegMember]) -> Member:
        key = f"{owner}.{m.name}"
        reg = self.reg
        type_name = reg.canonical(m.type)
        optional = bool(m.optional and m.optional[-1 if m.pointers < 2 else 0]) or m.noautovalidity
        if m.optional and m.pointers:
            optional = m.optional[0] or m.noautovalidity
        base = dict(name=m.name, type=type_name, decl=self.declare(m), optional=optional or key in self.ignored or key in policy.NULL_ARRAYS,
                    cond=self.ignored.get(key, ""), const=m.const)
        if key in policy.LEFT_OUT_MEMBERS:
            return Member(kind="none", **base, min_size=0)
        if m.name == "sType" and m.values:
            return Member(kind="stype", stype=m.values.split(",")[0], **base, min_size=0)
        if m.name == "sType":
            return Member(kind="scalar", wire="u32", **base)
        if m.name == "pNext":
            return Member(kind="chain", **base)
        if type_name == "VkAllocationCallbacks":
            return Member(kind="allocator", **base, min_size=0)
        if type_name in reg.funcpointers or type_name in reg.platform_types:
            raise Unsupported(f"{key}: {m.type}")

        count, count_member = self.length(owner, m, siblings)
        sc = self.scalar(type_name)
        if key in policy.RETURNED_MEMBERS:
            return Member(kind="room", count=count, min_size=8, **base)
        if key in policy.UNTYPED_HANDLES:
            return Member(kind="untyped", selector=f"v->{policy.UNTYPED_HANDLES[key]}", min_size=8, **base)
        if m.bits:
            return Member(kind="bitfields", fields=((m.name, m.bits),), **base)
        if not m.pointers and not (m.dims and owner.startswith("vk")):
            return self.value(key, m, type_name, sc, base)

        if m.dims:
            count, count_member = str(self.dim(m.dims[0])), ""
        if type_name == "char" and m.pointers == 1 and "null-terminated" in m.len:
            return Member(kind="string", **base)
        if type_name == "char" and m.pointers == 2:
            return Member(kind="strings", count=count, **base)
        array = dict(count=count, count_member=count_member, **base)
        if key in policy.INNER_LENGTHS:
            kind = "nested_structs" if type_name in reg.structs else "nested_scalars"
            return Member(kind=kind, inner=policy.INNER_LENGTHS[key], elem_size=sc[1] if sc else 0, **array)
        if m.pointers == 2 and type_name in reg.structs:
            return Member(kind="pointers", **array)
        if m.pointers != 1 and not m.dims:
            raise Unsupported(f"{key}: {m.decl}")
        if type_name == "void":
            if not m.len and key not in policy.LENGTHS:
                raise Unsupported(f"{key}: void pointer without a length")
            return Member(kind="blob", **array)
        if sc:
            return Member(kind="scalars", wire=sc[0], enum=sc[2], elem_size=sc[1] or 8, **array)
        if type_name in reg.handles:
            return Member(kind="handles", handle=type_name, dispatchable=reg.handles[type_name].dispatchable,
                          **array)
        if type_name in reg.structs:
            if m.stride and self.is_pod(type_name) and self._layout(type_name)[1] == 8:
                raise Unsupported(f"{key}: strided array of 8-byte aligned structs")
            return Member(kind="structs", stride=m.stride or "", **array)
        raise Unsupported(f"{key}: {m.decl}")

    def value(self, key: str, m: RegMember, type_name: str, sc, base: dict) -> Member:
        reg = self.reg
        if m.dims:
            size = " * ".join(m.dims)
            if sc:
                if not sc[1]:
                    raise Unsupported(f"{key}: array of size_t")
                total = sc[1]
                for d in m.dims:
                    total *= self.dim(d)
                return Member(kind="fixed", size=size, wire=sc[0], elem_size=sc[1], min_size=(total + 3) & ~3, **base)
            if type_name in reg.structs:
                return Member(kind="fixed_struct", size=size, **base)
            raise Unsupported(f"{key}: {m.decl}")
        if sc:
            return Member(kind="scalar", wire=sc[0], enum=sc[2], min_size=WIRE_SIZE[sc[0]], **base)
        if type_name in reg.handles:
            return Member(kind="handle", handle=type_name, dispatchable=reg.handles[type_name].dispatchable,
                          min_size=8, **base)
        if type_name in reg.structs:
            if reg.structs[type_name].union:
                return Member(kind="union", selector=f"v->{m.selector}" if m.selector else "", **base)
            return Member(kind="struct", **base)
        raise Unsupported(f"{key}: {m.decl}")

    def members(self, name: str) -> tuple[Member, ...]:
        if name in self.cache:
            return self.cache[name]
        s = self.reg.structs[name]
        siblings = {m.name: m for m in s.members}
        out: list[Member] = []
        for m in s.members:
            ir = self.member(name, m, siblings)
            if ir.kind == "bitfields" and out and out[-1].kind == "bitfields" and \
                    sum(b for _, b in out[-1].fields) + m.bits <= 32:
                out[-1] = replace(out[-1], fields=out[-1].fields + ir.fields)
                continue
            out.append(ir)
        self.cache[name] = self.counts_first(tuple(out))
        return self.cache[name]

    @staticmethod
    def counts_first(members: tuple[Member, ...]) -> tuple[Member, ...]:
        """Counts and selectors that follow what they describe travel ahead of it."""
        names = [m.name for m in members]
        first: set[str] = set()
        for i, m in enumerate(members):
            for used in re.findall(r"v->(\w+)", f"{m.count} {m.selector} {m.inner}"):
                if used in names and names.index(used) > i:
                    first.add(used)
        if not first:
            return members
        return tuple([m for m in members if m.name in first] + [m for m in members if m.name not in first])

    def union_cases(self, name: str) -> tuple[tuple[tuple[str, ...], Member], ...]:
        if name not in self.cases:
            s = self.reg.structs[name]
            if name in policy.UNION_MEMBER:
                s = replace(s, members=tuple(m for m in s.members if m.name == policy.UNION_MEMBER[name]))
            siblings = {m.name: m for m in s.members}
            self.cases[name] = tuple((m.selection, self.member(name, m, siblings)) for m in s.members)
        return self.cases[name]

    def union_is_raw(self, name: str) -> bool:
        for m in self.reg.structs[name].members:
            if m.pointers or m.type in self.reg.handles:
                return False
            canonical = self.reg.canonical(m.type)
            if canonical in self.reg.structs:
                inner = self.reg.structs[canonical]
                if inner.union and not self.union_is_raw(canonical):
                    return False
                if not inner.union and self._layout(canonical) is None:
                    return False
        return True

    # --- what travels ------------------------------------------------------------------------------------

    def chain_children(self, name: str) -> list[str]:
        if not self.children:
            for s in self.reg.structs.values():
                for parent in s.extends:
                    self.children.setdefault(self.reg.canonical(parent), []).append(s.name)
        return [c for c in self.children.get(name, [])
                if c in self.type_providers and c not in policy.LEFT_OUT_STRUCTS]

    def reach(self, name: str, outputs: bool) -> None:
        seen = self.outputs if outputs else self.inputs
        if name in seen:
            return
        seen.add(name)
        s = self.reg.structs[name]
        if s.union and (name in policy.UNION_MEMBER or self.union_is_raw(name)):
            return
        members = [m for _, m in self.union_cases(name)] if s.union else list(self.members(name))
        for m in members:
            self.reach_member(m, outputs)
            if m.kind == "room" and m.type in self.reg.structs:
                self.standalone.add(m.type)
                self.arrayed.add(m.type)
                self.reach(m.type, True)
            if m.kind == "chain":
                for child in self.chain_children(name):
                    self.chained.add(child)
                    self.reach(child, outputs)
            if outputs and m.kind in ("handle", "handles"):
                raise Unsupported(f"{name}.{m.name}: a handle comes back in a struct")

    def reach_member(self, m: Member, outputs: bool) -> None:
        if m.kind in ("struct", "fixed_struct", "structs", "pointers", "nested_structs", "union", "out_structs",
                      "out_struct"):
            self.standalone.add(m.type)
            if m.kind in ("structs", "nested_structs", "out_structs", "pointers"):
                self.arrayed.add(m.type)
            if m.kind == "pointers":
                self.pointered.add(m.type)
            self.reach(m.type, outputs)

    # --- commands ---------------------------------------------------------------------------------------------

    def params(self, c: RegCommand) -> tuple[Member, ...]:
        siblings = {m.name: m for m in c.params}
        creates = self.created(c)
        out: list[Member] = []
        for i, p in enumerate(c.params):
            if i == 0 and p.type in self.reg.handles:
                out.append(Member(p.name, "dispatch", p.type, self.declare(p), handle=p.type, dispatchable=True,
                                  min_size=8))
                continue
            m = self.member(c.name, p, siblings)
            if p.pointers and not p.const and not p.dims and m.kind != "allocator" and \
                    not (m.kind == "structs" and self.has_room(m.type)):
                m = self.out_param(c, p, m, siblings, creates)
            out.append(m)
        for type_name, name in policy.EXTRA_ARGS.get(c.name, ()):
            out.append(Member(name, "scalar", type_name, f"{type_name} {name}", wire=SCALARS[type_name][0]))
        return self.counts_first(tuple(out))

    def has_room(self, name: str) -> bool:
        return any(f"{name}.{m.name}" in policy.RETURNED_MEMBERS for m in self.reg.structs[name].members)

    def out_param(self, c: RegCommand, p: RegMember, m: Member, siblings, creates: str) -> Member:
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

    def created(self, c: RegCommand) -> str:
        if not re.match(r"vk(Create|Allocate|RegisterCustom)", c.name):
            return ""
        for p in c.params[1:]:
            if p.type in self.reg.handles and p.pointers == 1 and not p.const:
                return p.type
        return ""

    def destroyed(self, c: RegCommand) -> str:
        if c.name in ("vkFreeDescriptorSets", "vkFreeCommandBuffers"):
            return {"vkFreeDescriptorSets": "VkDescriptorSet", "vkFreeCommandBuffers": "VkCommandBuffer"}[c.name]
        if c.name == "vkFreeMemory":
            return "VkDeviceMemory"
        if not c.name.startswith("vkDestroy"):
            return ""
        handles = [p.type for p in c.params if p.type in self.reg.handles]
        return handles[-1]

    LEVELS = {"VkInstance": "instance", "VkPhysicalDevice": "physical", "VkDevice": "device", "VkQueue": "queue",
              "VkCommandBuffer": "command", "VkExternalComputeQueueNV": "device"}

    def level(self, c: RegCommand) -> str:
        return self.LEVELS.get(c.params[0].type, "global") if c.params else "global"

    def lost_result(self, c: RegCommand) -> str:
        if c.ret != "VkResult":
            return ""
        for code in ("VK_ERROR_DEVICE_LOST", "VK_ERROR_INITIALIZATION_FAILED", "VK_ERROR_OUT_OF_DEVICE_MEMORY",
                     "VK_ERROR_OUT_OF_HOST_MEMORY"):
            if code in c.errors:
                return code
        return "VK_ERROR_DEVICE_LOST"

    def op(self, name: str) -> Op:
        c = self.reg.commands[name]
        args = self.params(c)
        for m in args:
            outputs = m.kind.startswith("out_")
            self.reach_member(m, outputs)
        level = self.level(c)
        returned = tuple(m for m in args if m.kind in ("struct", "structs") and self.has_returned(m.type))
        has_out = returned or any(m.kind.startswith(("out_", "inout_")) for m in args)
        # "Cmd" commands are recorded; the few other ones on a command buffer are ordinary ops.
        if level == "command" and (name.startswith("vkCmd") or name in ("vkBeginCommandBuffer",
                                                                         "vkEndCommandBuffer")):
            kind = "record"
        elif name in self.posts or (c.ret == "void" and not has_out):
            kind = "post"
        else:
            kind = "call"
        if returned and kind != "call":
            raise Unsupported(f"{name}: {returned[0].name} returns something without a reply")
        if c.ret not in ("void", "VkResult") and not self.scalar(c.ret):
            raise Unsupported(f"{name}: returns {c.ret}")
        number = self.numbers.ops[name]
        c_name = self.numbers.op_names[number]
        flat = self.flat_parts(args) if kind == "record" and name not in policy.CONTEXT else None
        destroyed = self.destroyed(c)
        parts = self.parts(args, {m.name for m in args if destroyed and m.handle == destroyed})
        return Op(c_name, name, c_name[2:], number, c.ret, args, level, kind,
                  create=self.created(c), destroy=destroyed,
                  entry="hand" if name in self.hand_entries else "generated",
                  handler="hand" if name in self.hand_handlers else "generated",
                  blocking=name in self.blocking, cached=name in self.cached,
                  also_posts=name in self.also_posts,
                  outputs_on_failure=name in self.outputs_on_failure, returned=returned, lost=self.lost_result(c),
                  context=policy.CONTEXT.get(name, "").replace("args->", "v->"), checks=self.checks(name),
                  limit_checks=self.limit_checks(name), flat=flat is not None, parts=parts if flat is None else flat,
                  extra=len(policy.EXTRA_ARGS.get(name, ())))

    def fixed_size(self, m: Member) -> int:
        """The bytes of a member that takes the same number whatever it holds; else 0."""
        if m.kind == "scalar":
            return WIRE_SIZE[m.wire]
        if m.kind == "handle":
            return 8
        if m.kind == "struct" and self.is_pod(m.type) and not self.pod_checks(m.type):
            return self._layout(m.type)[0]
        return 0

    @staticmethod
    def add_fixed(parts: list[Part], m: Member, size: int) -> None:
        if not parts or parts[-1].array:
            parts.append(Part(0))
        had = parts[-1]
        parts[-1] = Part(had.size + size, had.members + ((m, had.size),))

    def parts(self, members: tuple[Member, ...], alone: set[str] = frozenset()) -> tuple[Part, ...]:
        """Members whose size is fixed together, where several are beside each other and none is in `alone`."""
        out: list[Part] = []
        for m in members:
            size = self.fixed_size(m)
            if m.kind in ("none", "allocator"):
                continue
            if size and m.name not in alone:
                self.add_fixed(out, m, size)
            else:
                out.append(Part(0, array=m))
        return tuple(Part(0, array=p.members[0][0]) if len(p.members) == 1 else p for p in out)

    def flat_parts(self, args: tuple[Member, ...]) -> tuple[Part, ...] | None:
        """The layout of a command's arguments behind the first, None where it has more than numbers, handles and arrays of
        these.
        """
        out: list[Part] = []
        for m in args[1:]:
            if "e->" in m.cond or m.stride:
                return None
            if m.kind in ("scalar", "handle"):
                self.add_fixed(out, m, self.fixed_size(m))
            elif m.kind == "scalars" and m.wire != "size":
                wide = m.elem_size == 8
                out.append(Part(8 if wide else 4, array=m, elem_size=m.elem_size, align8=wide))
            elif m.kind == "handles":
                out.append(Part(4, array=m, elem_size=8))
            elif m.kind == "blob":
                out.append(Part(8, array=m, elem_size=1, align8=True))
            elif m.kind == "structs" and not self.reg.structs[m.type].union and self.is_pod(m.type) and \
                    not self.pod_checks(m.type):
                size, align = self._layout(m.type)
                unit = 8 if align == 8 else 4
                out.append(Part(unit, array=m, elem_size=size, align8=unit == 8, units=size // unit))
            else:
                return None
        return tuple(out)

    @staticmethod
    def limit_checks(name: str) -> tuple[str, ...]:
        return tuple(cond.replace("args->", "v->") for key, cond in policy.RANGES_LIMITS.items()
                     if key.split(".")[0] == name)

    def count_checks(self, name: str) -> tuple[CountCheck, ...]:
        """Counts of structs in the chain that must equal the struct's own."""
        out = []
        for key, (parent, may_be_zero, *cond) in policy.EXTENDED_COUNTS.items():
            child, member = key.split(".")
            if parent.split(".")[0] == name and child in self.inputs:
                out.append(CountCheck(child, self.stype_of(child), member, parent.split(".")[1], may_be_zero,
                                      cond[0] if cond else ""))
        return tuple(out)

    def stype_of(self, name: str) -> str:
        return next(m.values for m in self.reg.structs[name].members if m.name == "sType")

    @staticmethod
    def checks(name: str) -> tuple[str, ...]:
        return tuple(cond.replace("args->", "v->") for key, cond in policy.RANGES.items() if key.split(".")[0] == name)

    # --- structs ------------------------------------------------------------------------------------------------

    def pod_checks(self, name: str, path: str = "v->") -> tuple[str, ...]:
        """The conditions of a struct that travels as its bytes, with those of the structs within it."""
        out = [c.replace("v->", path) for c in self.checks(name)]
        for m in self.members(name):
            if m.kind == "struct":
                out += self.pod_checks(m.type, f"{path}{m.name}.")
            elif m.kind == "fixed_struct" and self.pod_checks(m.type):
                raise Unsupported(f"{name}.{m.name}: its elements have conditions (policy.RANGES)")
        return tuple(out)

    def min_size(self, name: str, depth: int = 0) -> int:
        s = self.reg.structs[name]
        if s.union or depth > 8:
            return 4
        if self.is_pod(name):
            return self._layout(name)[0]
        total = 0
        for m in self.members(name):
            if m.kind == "struct":
                total += self.min_size(m.type, depth + 1)
            elif m.kind not in ("stype", "none", "allocator"):
                total += m.min_size
        return max(total, 4)

    def has_returned(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the host's driver may write through the struct although it goes to the worker."""
        if name in seen or name not in self.reg.structs or self.reg.structs[name].union or self.is_pod(name):
            return False
        seen = seen | {name}
        for m in self.members(name):
            if m.kind == "room":
                return True
            if m.kind in ("struct", "structs") and self.has_returned(m.type, seen):
                return True
            if m.kind == "chain" and any(self.has_returned(c, seen) for c in self.chain_children(name)):
                return True
        return False

    def has_shape(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        if name in seen or self.reg.structs[name].union:
            return False
        seen = seen | {name}
        s = self.reg.structs[name]
        for m in self.members(name):
            if m.kind == "chain" or m.kind in ("structs", "scalars", "blob", "string", "strings", "handles"):
                return True
            if m.kind in ("struct", "fixed_struct") and self.has_shape(m.type, seen):
                return True
        return False

    def stype_values(self) -> dict[str, int]:
        return dict(self.reg.enums["VkStructureType"].values)

    def signature(self, name: str, seen: dict[str, int]) -> str:
        """A text that changes when the struct's wire format does."""
        if name in seen:
            return f"@{list(seen).index(name)}"
        seen[name] = 1
        s = self.reg.structs[name]
        if s.union:
            members = tuple(m for _, m in self.union_cases(name))
            head = f"union {self.union_is_raw(name)} {policy.UNION_MEMBER.get(name, '')}"
        else:
            members, head = self.members(name), f"struct {self.is_pod(name)}"
        parts = [head]
        for m in members:
            inner = self.signature(m.type, seen) if m.type in self.inputs | self.outputs else ""
            parts.append(f"{m.name}:{m.kind}:{m.wire}:{self.type_number(m)}:{m.elem_size}:{self.total(m)}:{m.fields}{{{inner}}}")
        return ";".join(parts)

    def struct(self, name: str, stypes: dict[str, int]) -> Struct:
        s = self.reg.structs[name]
        common = dict(inputs=name in self.inputs, outputs=name in self.outputs, chained=name in self.chained,
                      standalone=name in self.standalone, arrayed=name in self.arrayed,
                      pointered=name in self.pointered, returnedonly=s.returnedonly,
                      returned=self.has_returned(name), min_size=self.min_size(name), signature=_hash(self.signature(name, {})),
                      providers=tuple(self.type_providers.get(name, ())),
                      context=policy.CONTEXT.get(name, ""),
                      checks=self.pod_checks(name) if self.is_pod(name) else self.checks(name),
                      limit_checks=self.limit_checks(name), count_checks=self.count_checks(name))
        if s.union:
            cases = self.union_cases(name)
            raw = self.union_is_raw(name) and name not in policy.UNION_MEMBER
            chosen = policy.UNION_MEMBER.get(name, "")
            if not raw and not chosen and not all(sel for sel, _ in cases):
                cases = tuple((sel, m) for sel, m in cases if sel)
                if not cases:
                    raise Unsupported(f"{name}: union without selections")
            members = tuple(m for _, m in self.union_cases(name))
            wide = any(self.scalar(m.type) and self.scalar(m.type)[1] == 8 for m in s.members)
            return Struct(name, members, union=True, raw_union=raw, pod=raw, align8=wide, union_member=chosen, cases=cases,
                          selector_type=self.selector_type(name), **common)
        members = self.members(name)
        stype = next((m.stype for m in members if m.kind == "stype"), "")
        layout = self._layout(name) if self.is_pod(name) else None
        return Struct(name, members, parts=self.parts(members), stype=stype, stype_value=stypes.get(stype, 0), pod=self.is_pod(name),
                      align8=bool(layout and layout[1] == 8), shape=name in self.outputs and self.has_shape(name),
                      allowduplicate=s.allowduplicate,
                      shape_arrays=any(m.kind in ("scalars", "blob", "structs") for m in members),
                      extends=tuple(e for e in map(self.reg.canonical, s.extends)
                                    if e in self.inputs or e in self.outputs), **common)

    def total(self, m: Member) -> int:
        """The number of elements of a fixed array: the constants in its declaration change names."""
        total = 1
        for d in m.size.split(" * ") if m.size else ():
            total *= self.dim(d)
        return total

    def type_number(self, m: Member) -> int:
        return self.numbers.types.get(m.handle, 0)

    def selector_type(self, union: str) -> str:
        for s in self.reg.structs.values():
            for m in s.members:
                if m.type == union and m.selector:
                    return next(n.type for n in s.members if n.name == m.selector)
        return "uint32_t"

    # --- the whole --------------------------------------------------------------------------------------------------

    def build(self) -> IR:
        ir, reg = self.ir, self.reg
        names = self.select()
        ir.api_version = max((p.version for p in reg.providers if p.version), default=(1, 0))
        missing: list[str] = []
        for name in names:
            if name in self.local:
                continue
            if name not in self.numbers.ops:
                missing.append(name)
                continue
            ir.ops.append(self.op(name))
        if missing:
            for name in missing:
                ir.left_out.append((name, "newer than protocol/ops.txt"))
        ir.ops.sort(key=lambda o: o.number)
        stypes = self.stype_values()
        all_structs = sorted(self.inputs | self.outputs)
        built = [self.struct(n, stypes) for n in all_structs]
        ir.structs = [replace(s, index=i) for i, s in enumerate(built)]
        ir.by_name = {s.name: s for s in ir.structs}
        ir.ops = [replace(o, signature=self.op_signature(o)) for o in ir.ops]
        self.add_types()
        self.add_object_types()
        self.add_formats()
        self.add_enums()
        self.add_names()
        self.add_extensions(set(names))
        self.add_facts()
        self.add_entry_points(set(names) - set(missing))
        self.add_features_off()
        self.add_prototypes([n for n in names if n not in missing])
        text = ";".join(f"{o.number}:{o.signature}" for o in ir.ops) + "|" + \
            ";".join(f"{s.stype_value}:{s.signature}" for s in sorted(ir.structs, key=lambda s: s.signature))
        ir.digest = _hash(text, 64)
        return ir

    def op_signature(self, o: Op) -> int:
        kind = o.kind + "+post" if o.also_posts else o.kind
        parts = [str(o.number), kind, str(o.outputs_on_failure)]
        for m in o.args:
            inner = self.signature(m.type, {}) if m.type in self.inputs | self.outputs else ""
            parts.append(f"{m.name}:{m.kind}:{m.wire}:{self.type_number(m)}:{m.elem_size}{{{inner}}}")
        return _hash(";".join(parts))

    def add_types(self) -> None:
        for name, h in self.reg.handles.items():
            if name in self.numbers.types:
                self.ir.types.append(HandleType(name, self.numbers.types[name], h.dispatchable, h.objtype))
        used = {m.handle for s in self.ir.structs for m in s.members if m.handle} | \
            {m.handle for o in self.ir.ops for m in o.args if m.handle}
        for name in used - set(self.numbers.types):
            raise Unsupported(f"{name}: no type number in ops.txt")
        self.ir.types.sort(key=lambda t: t.number)

    def add_object_types(self) -> None:
        """Types whose objects the worker has under their clients' ids."""
        values = dict(self.reg.enums["VkObjectType"].values) if "VkObjectType" in self.reg.enums else {}
        made = {o.create for o in self.ir.ops if o.create} - {"VkInstance"} | {"VkQueue"}
        self.ir.object_types = [(t.objtype, values[t.objtype], t.name) for t in self.ir.types
                                if t.name in made and t.objtype in values]

    def add_formats(self) -> None:
        values = dict(self.reg.enums["VkFormat"].values) if "VkFormat" in self.reg.enums else {}
        self.ir.formats = [(f, values[f.name], tuple(values[p] for p in f.planes)) for f in self.reg.formats
                           if values.get(f.name) is not None and all(values.get(p) is not None for p in f.planes)]

    def add_enums(self) -> None:
        used = {m.enum for s in self.ir.structs for m in s.members if m.enum}
        used |= {m.enum for s in self.ir.structs for _, m in s.cases if m.enum}
        used |= {m.enum for o in self.ir.ops for m in o.args if m.enum}
        for index, name in enumerate(sorted(used)):
            e = self.reg.enums[name]
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
            self.ir.enums.append(Enum(name, tuple((first_names[v], v) for v in values), runs[0][0], runs[0][1],
                                      tuple((a, b) for a, b in runs[1:]), index))

    def add_names(self) -> None:
        """Names of the values of every enum and flags type that travels, for people."""
        used = {m.type for s in self.ir.structs for m in s.members} | {m.type for o in self.ir.ops for m in o.args} | \
            {self.reg.canonical(o.ret) for o in self.ir.ops}
        for name in sorted(used):
            flags = name in self.reg.flags
            source = self.reg.flags[name][1] if flags else name
            e = self.reg.enums.get(self.reg.canonical(source or ""))
            if not e:
                continue
            flags = flags or e.bitmask
            values: dict[int, str] = {}
            for n, value in e.values:
                if value is not None:
                    values.setdefault(value & ((1 << e.width) - 1), n)
            self.ir.names[name] = Names(name, flags, tuple((n, v) for v, n in sorted(values.items())))

    def add_extensions(self, forwarded: set[str]) -> None:
        by_name = self.ir.by_name
        numbers = {o.vk: o.number for o in self.ir.ops}
        index = 0
        for p in self.reg.providers:
            if p.version:
                continue
            reason = self.reasons[p.name]
            if reason:
                self.ir.left_out.append((p.name, reason))
            commands = {self.reg.canonical(c) for c in p.commands if c in p.always}
            ops = sorted(numbers[c] for c in commands if c in numbers)
            structs = sorted(by_name[t].index for t in {self.reg.canonical(t) for t in p.types if t in p.always}
                             if t in by_name)
            unknown = [c for c in commands if c in forwarded and c not in numbers and
                       c not in self.local]
            if unknown and not reason:
                reason = "newer than protocol/ops.txt"
            self.ir.extensions.append(Extension(p.name, p.kind or "device", int(p.spec_version or "1"), index,
                                                tuple(ops), tuple(structs), left_out=reason,
                                                needs_fds=p.name in policy.NEED_FDS,
                                                needs_host_pages=p.name in policy.NEED_HOST_PAGES))
            index += 1

    def add_facts(self) -> None:
        """Where the structs that describe a physical device come from."""
        indices = {x.name: x.index for x in self.ir.extensions}
        versions = {p.name: p.version for p in self.reg.providers if p.version}
        for i, s in enumerate(self.ir.structs):
            core = min((versions[p] for p in s.providers if p in versions), default=None)
            extensions = tuple(sorted(indices[p] for p in s.providers if p in indices))[:4]
            self.ir.structs[i] = replace(s, fact_core=core[0] << 22 | core[1] << 12 if core else 0,
                                         fact_extensions=extensions)
        self.ir.by_name = {s.name: s for s in self.ir.structs}

    def add_entry_points(self, forwarded: set[str]) -> None:
        indices = {x.name: x.index for x in self.ir.extensions}
        for name, providers in sorted(self.command_providers.items()):
            canonical = self.reg.canonical(name)
            c = self.reg.commands[canonical]
            level = self.level(c)
            if canonical in ("vkEnumerateInstanceVersion", "vkEnumerateInstanceExtensionProperties",
                             "vkEnumerateInstanceLayerProperties", "vkCreateInstance"):
                level = "global"
            elif level in ("queue", "command"):
                level = "device"
            core = [p.version for p in providers if p.version]
            extensions = tuple(sorted(indices[p.name] for p in providers if not p.version))
            stub = canonical not in forwarded
            short = self.c_name(canonical)[2:]
            self.ir.entry_points.append(EntryPoint(
                name, f"icd_stub_{short}" if stub else f"icd_{short}", level,
                (min(core)[0] << 22 | min(core)[1] << 12) if core else 0, extensions, stub,
                0 if stub or canonical in self.local else self.numbers.ops[canonical]))
        aliases: dict[str, list[str]] = {}
        for name in self.command_providers:
            canonical = self.reg.canonical(name)
            if canonical != name:
                aliases.setdefault(canonical, []).append(name)
        wanted = [(o.short, o.vk) for o in self.ir.ops]
        for name in policy.WORKER_COMMANDS:
            wanted += [(name[2:], n) for n in self.spellings(name)]
        for short, vk in wanted:
            level = self.level(self.reg.commands[vk])
            self.ir.vk_commands.append(HostCommand(short, vk, (vk, *sorted(aliases.get(vk, []))),
                                                   level in ("instance", "physical", "global")))
        for o in self.ir.ops:
            if o.destroy and o.level == "device" and o.destroy not in policy.POOLED and o.destroy != "VkDevice":
                self.ir.destroyers.append((o.destroy, o.short, o.destroy in policy.DESTROY_LAST))

    def c_name(self, canonical: str) -> str:
        """The name of a command in C: the same whatever the registry's age."""
        if canonical in self.local:
            return self.local[canonical]
        number = self.numbers.ops.get(canonical)
        return self.numbers.op_names[number] if number else canonical

    def add_prototypes(self, names: list[str]) -> None:
        for name in names:
            c = self.reg.commands[name]
            params = tuple(self.declare(p) for p in c.params)
            self.ir.prototypes.append(Prototype("icd_" + self.c_name(name)[2:], c.ret, params))

    def add_features_off(self) -> None:
        for key in policy.FEATURES_OFF:
            struct, member = key.split(".")
            s = self.ir.by_name.get(struct)
            if s and any(m.name == member for m in s.members):
                self.ir.features_off.append((struct, member))


def build(reg: Registry, ops_text: str) -> IR:
    return Builder(reg, Numbers(ops_text)).build()
