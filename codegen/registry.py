# SPDX-License-Identifier: MIT
"""vk.xml -> dataclasses.

This module only reads: it knows how the registry is written and nothing about how Tongs encodes it.
The newest registry (1.4.x) and that of Debian 12 (1.3.239) are both understood; what differs between
them (vulkansc variants, internal features, latexmath lengths) is levelled out here.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Member:
    """A member of a struct or a parameter of a command."""

    name: str                      # "pQueueFamilyIndices"
    type: str                      # "uint32_t"
    decl: str                      # "const uint32_t* pQueueFamilyIndices"
    pointers: int                  # 1
    const: bool                    # True
    dims: tuple[str, ...]          # ("VK_MAX_MEMORY_TYPES",) for a fixed array
    len: tuple[str, ...]           # ("queueFamilyIndexCount",), ("geometryCount", "1"), ("null-terminated",)
    optional: tuple[bool, ...]     # (True,)
    bits: int | None               # 24 for a bitfield member
    values: str | None             # "VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO"
    selector: str | None           # "geometryType" on a union member
    selection: tuple[str, ...]     # ("VK_GEOMETRY_TYPE_AABBS_KHR",) on a member of such a union
    noautovalidity: bool
    externsync: bool
    stride: str | None             # "stride": the sibling that says how far apart an array's elements are, in bytes


@dataclass(frozen=True)
class Struct:
    name: str                      # "VkBufferCreateInfo"
    union: bool
    members: tuple[Member, ...]
    returnedonly: bool
    extends: tuple[str, ...]       # names of the structs whose pNext chain may hold this one
    allowduplicate: bool


@dataclass(frozen=True)
class Handle:
    name: str                      # "VkBuffer"
    dispatchable: bool
    parent: str | None             # "VkDevice"
    objtype: str | None            # "VK_OBJECT_TYPE_BUFFER"


@dataclass(frozen=True)
class Enum:
    name: str                      # "VkFormat"
    bitmask: bool
    width: int                     # 32 or 64
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Command:
    name: str                      # "vkCreateBuffer"
    ret: str                       # "VkResult"
    params: tuple[Member, ...]
    success: tuple[str, ...]
    errors: tuple[str, ...]


Needs = dict[str, tuple[frozenset[str], ...]]


@dataclass(frozen=True)
class Provider:
    """A core version or an extension, with all that it requires."""

    name: str                      # "VK_VERSION_1_1", "VK_KHR_swapchain"
    version: tuple[int, int] | None  # (1, 1) for a core version
    kind: str                      # "core", "instance", "device"
    platform: str | None           # "xlib"
    provisional: bool
    number: int
    spec_version: str | None       # the name of the SPEC_VERSION constant's value
    types: tuple[str, ...]
    commands: tuple[str, ...]
    always: frozenset[str]           # those of both that it brings whatever else is there
    # The conditions of each command beside its provider: alternatives of names, of extensions and core versions.
    needs: Needs = field(default_factory=dict)
    depends: tuple[frozenset[str], ...] = (frozenset(),)   # what an extension depends on as a whole, the same


@dataclass(frozen=True)
class Format:
    """How much memory a format's texels take."""

    name: str                     # "VK_FORMAT_BC1_RGB_UNORM_BLOCK"
    block_size: int               # bytes
    extent: tuple[int, int, int]  # texels in a block
    planes: tuple[str, ...]       # the formats that the planes are compatible with


@dataclass
class Registry:
    header_version: int = 0
    formats: list[Format] = field(default_factory=list)
    structs: dict[str, Struct] = field(default_factory=dict)
    handles: dict[str, Handle] = field(default_factory=dict)
    enums: dict[str, Enum] = field(default_factory=dict)
    flags: dict[str, tuple[int, str | None]] = field(default_factory=dict)  # name -> (width, bits enum)
    basetypes: dict[str, str] = field(default_factory=dict)                 # "VkDeviceSize" -> "uint64_t"
    funcpointers: set[str] = field(default_factory=set)
    platform_types: set[str] = field(default_factory=set)
    constants: dict[str, int] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)                   # types and commands
    providers: list[Provider] = field(default_factory=list)

    def canonical(self, name: str) -> str:
        while name in self.aliases:
            name = self.aliases[name]
        return name


def _for_vulkan(elem: ET.Element) -> bool:
    api = elem.get("api")
    return api is None or "vulkan" in api.split(",")


def _bools(text: str | None) -> tuple[bool, ...]:
    return tuple(t == "true" for t in text.split(",")) if text else ()


def _text(elem: ET.Element) -> str:
    """The C text of a member or parameter, without its comments."""
    out = elem.text or ""
    for child in elem:
        if child.tag != "comment":
            out += "".join(child.itertext())
        out += child.tail or ""
    return re.sub(r"\s+", " ", out).strip()


def _member(elem: ET.Element) -> Member:
    decl = _text(elem)
    name = elem.find("name").text
    type_name = elem.find("type").text
    after = decl[decl.rindex(name) + len(name):]
    bits = re.search(r":\s*(\d+)", after)
    length = elem.get("altlen") or elem.get("len") or ""
    selection = elem.get("selection")
    return Member(
        name=name,
        type=type_name,
        decl=decl,
        pointers=decl[:decl.rindex(name)].count("*"),
        const=decl.startswith("const "),
        dims=tuple(re.findall(r"\[(\w+)\]", after)),
        len=tuple(t.strip() for t in length.split(",")) if length else (),
        optional=_bools(elem.get("optional")),
        bits=int(bits.group(1)) if bits else None,
        values=elem.get("values"),
        selector=elem.get("selector"),
        selection=tuple(selection.split(",")) if selection else (),
        noautovalidity=elem.get("noautovalidity") == "true",
        externsync=elem.get("externsync") is not None,
        stride=elem.get("stride"),
    )


def _members(elem: ET.Element, tag: str) -> tuple[Member, ...]:
    return tuple(_member(m) for m in elem.findall(tag) if _for_vulkan(m))


def _int(text: str) -> int | None:
    """The value of a constant: 32, 0x1F, (~0U), (~0ULL), 1000.0F; None for what is no integer."""
    text = text.strip().strip("()").replace("U", "").replace("L", "")
    inverted = text.startswith("~")
    try:
        value = int(text.lstrip("~"), 0)
    except ValueError:
        return None
    return (~value) & 0xFFFFFFFF if inverted else value


def _read_types(reg: Registry, root: ET.Element) -> None:
    for t in root.findall("types/type"):
        if not _for_vulkan(t):
            continue
        category = t.get("category")
        name = t.get("name") or (t.find("name").text if t.find("name") is not None else None)
        if t.get("alias"):
            reg.aliases[name] = t.get("alias")
        elif category == "basetype":
            base = t.find("type")
            reg.basetypes[name] = base.text if base is not None and "*" not in _text(t) else ""
        elif category == "bitmask":
            width = 64 if t.find("type").text == "VkFlags64" else 32
            reg.flags[name] = (width, t.get("requires") or t.get("bitvalues"))
        elif category == "handle":
            reg.handles[name] = Handle(name, t.find("type").text == "VK_DEFINE_HANDLE", t.get("parent"),
                                       t.get("objtypeenum"))
        elif category in ("struct", "union"):
            extends = t.get("structextends")
            reg.structs[name] = Struct(name, category == "union", _members(t, "member"),
                                       t.get("returnedonly") == "true",
                                       tuple(extends.split(",")) if extends else (),
                                       t.get("allowduplicate") == "true")
        elif category == "funcpointer":
            proto = t.find("proto/name")
            reg.funcpointers.add(proto.text if proto is not None else name)
        elif category == "define" and name == "VK_HEADER_VERSION":
            reg.header_version = int(re.search(r"VK_HEADER_VERSION\s+(\d+)", _text(t)).group(1))
        elif category is None and name not in ("int", "char", "float", "double", "void") \
                and t.get("requires") != "vk_platform":
            reg.platform_types.add(name)


def _enum_value(elem: ET.Element, ext_number: int | None) -> int | None:
    if elem.get("bitpos"):
        return 1 << int(elem.get("bitpos"))
    if elem.get("value"):
        return _int(elem.get("value"))
    if elem.get("offset"):
        number = int(elem.get("extnumber") or ext_number)
        value = 1000000000 + (number - 1) * 1000 + int(elem.get("offset"))
        return -value if elem.get("dir") == "-" else value
    return None


def _read_enums(reg: Registry, root: ET.Element) -> dict[str, dict[str, int]]:
    values: dict[str, dict[str, int]] = {}
    for group in root.findall("enums"):
        name, kind = group.get("name"), group.get("type")
        if kind not in ("enum", "bitmask"):
            for e in group.findall("enum"):
                value = _int(e.get("value")) if e.get("value") else None
                if value is not None:
                    reg.constants[e.get("name")] = value
            continue
        reg.enums[name] = Enum(name, kind == "bitmask", int(group.get("bitwidth") or 32), ())
        values[name] = {e.get("name"): _enum_value(e, None) for e in group.findall("enum")
                        if not e.get("alias") and _for_vulkan(e)}
    return values


def _read_formats(reg: Registry, root: ET.Element) -> None:
    for f in root.findall("formats/format"):
        width, height, depth = (int(n) for n in f.get("blockExtent", "1,1,1").split(","))
        reg.formats.append(Format(f.get("name"), int(f.get("blockSize")), (width, height, depth),
                                  tuple(p.get("compatible") for p in f.findall("plane"))))


def _read_commands(reg: Registry, root: ET.Element) -> None:
    for c in root.findall("commands/command"):
        if not _for_vulkan(c):
            continue
        if c.get("alias"):
            reg.aliases[c.get("name")] = c.get("alias")
            continue
        name = c.find("proto/name").text
        success, errors = c.get("successcodes") or "", c.get("errorcodes") or ""
        reg.commands[name] = Command(name, c.find("proto/type").text, _members(c, "param"),
                                     tuple(filter(None, success.split(","))),
                                     tuple(filter(None, errors.split(","))))


def core_version(name: str) -> tuple[int, int] | None:
    """(1, 3) of "VK_VERSION_1_3" and of "VK_GRAPHICS_VERSION_1_3"; None of an extension."""
    found = re.fullmatch(r"VK_(?:[A-Z]+_)?VERSION_(\d+)_(\d+)", name)
    return (int(found[1]), int(found[2])) if found else None


def alternatives(text: str) -> tuple[frozenset[str], ...]:
    """A `depends` attribute as alternatives: "(A,B)+C" is A and C, or B and C. A feature bit ("Struct::member") is
    no condition here, because commands have addresses whatever features are enabled; Vulkan SC never is there."""
    tokens = re.findall(r"[+,()]|[\w:]+", text)

    def term() -> list[frozenset[str]]:
        token = tokens.pop(0)
        if token == "(":
            inner = expression()
            tokens.pop(0)
            return inner
        if token.startswith("VKSC_"):
            return []
        return [frozenset() if "::" in token else frozenset([token])]

    def expression() -> list[frozenset[str]]:
        left = term()
        while tokens and tokens[0] != ")":
            operator, right = tokens.pop(0), term()
            left = left + right if operator == "," else [a | b for a in left for b in right]
        return left

    return tuple(dict.fromkeys(expression()))


def _needs_of(req: ET.Element) -> tuple[frozenset[str], ...]:
    """The condition of a <require> element. Old registries say it in two attributes."""
    text = "+".join(f"({req.get(a)})" for a in ("depends", "extension", "feature") if req.get(a))
    return alternatives(text) if text else (frozenset(),)


def _depends_of(extension: ET.Element) -> tuple[frozenset[str], ...]:
    """The condition of an extension. Old registries name extensions in `requires`, and all of them are needed."""
    text = extension.get("depends") or (extension.get("requires") or "").replace(",", "+")
    return alternatives(text) if text else (frozenset(),)


def _read_provider(elem: ET.Element, enums: dict[str, dict[str, int]], reg: Registry,
                   number: int | None) -> tuple[list[str], list[str], set[str], str | None, Needs]:
    types: list[str] = []
    commands: list[str] = []
    always: set[str] = set()
    needs: Needs = {}
    spec_version = None
    for req in elem.findall("require"):
        if not _for_vulkan(req):
            continue
        types += [t.get("name") for t in req.findall("type")]
        commands += [c.get("name") for c in req.findall("command")]
        for c in req.findall("command"):
            needs[c.get("name")] = needs.get(c.get("name"), ()) + _needs_of(req)
        if not any(req.get(a) for a in ("depends", "extension", "feature")):
            always |= {e.get("name") for tag in ("type", "command") for e in req.findall(tag)}
        for e in req.findall("enum"):
            if not _for_vulkan(e):
                continue
            if (e.get("name") or "").endswith("_SPEC_VERSION"):
                spec_version = e.get("value")
            if e.get("extends") and not e.get("alias") and e.get("extends") in enums:
                value = _enum_value(e, number)
                if value is not None:
                    enums[e.get("extends")][e.get("name")] = value
    return types, commands, always, spec_version, needs


def _read_providers(reg: Registry, root: ET.Element, enums: dict[str, dict[str, int]]) -> None:
    core: dict[tuple[int, int], tuple[list[str], list[str]]] = {}
    for f in root.findall("feature"):
        apis = f.get("api").split(",")
        if "vulkan" not in apis and "vulkanbase" not in apis:
            continue
        # The newest registries split a version into base, compute and graphics parts.
        version = tuple(int(n) for n in f.get("number").split("."))
        types, commands, *_ = _read_provider(f, enums, reg, None)
        have = core.setdefault(version, ([], []))
        have[0].extend(types)
        have[1].extend(commands)
    for version, (types, commands) in sorted(core.items()):
        reg.providers.append(Provider(f"VK_VERSION_{version[0]}_{version[1]}", version, "core", None, False, 0,
                                      None, tuple(types), tuple(commands), frozenset(types + commands)))
    for x in root.findall("extensions/extension"):
        if "vulkan" not in (x.get("supported") or "").split(","):
            continue
        number = int(x.get("number"))
        types, commands, always, spec_version, needs = _read_provider(x, enums, reg, number)
        reg.providers.append(Provider(x.get("name"), None, x.get("type"), x.get("platform"),
                                      x.get("provisional") == "true", number, spec_version,
                                      tuple(types), tuple(commands), frozenset(always), needs, _depends_of(x)))


def read(path: str) -> Registry:
    """Reads a registry. Raises OSError and xml.etree.ElementTree.ParseError."""
    root = ET.parse(path).getroot()
    reg = Registry()
    _read_types(reg, root)
    enums = _read_enums(reg, root)
    _read_formats(reg, root)
    _read_commands(reg, root)
    _read_providers(reg, root, enums)
    for name, values in enums.items():
        old = reg.enums[name]
        reg.enums[name] = Enum(name, old.bitmask, old.width, tuple(values.items()))
    return reg
