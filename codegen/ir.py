# SPDX-License-Identifier: MIT
"""What the templates print: every name, count, condition and size that they need, decided by build.py."""

from __future__ import annotations

from dataclasses import dataclass, field

from registry import Format


@dataclass(frozen=True)
class Member:
    name: str                 # "pQueueFamilyIndices"
    kind: str                 # see _KINDS below
    type: str                 # element type in C: "uint32_t", "VkOffset2D"
    decl: str                 # its declaration in a struct of arguments: "const uint32_t *pQueueFamilyIndices"
    wire: str = ""            # scalars: "u32", "f32", ...
    count: str = ""           # arrays: C over v, "v->queueFamilyIndexCount"
    stride: str = ""          # arrays of structs: the member that says how far apart the elements are, in bytes
    inner: str = ""           # arrays of arrays: C over v and i
    optional: bool = False    # arrays: may be absent although the count is not zero
    cond: str = ""            # C over v and e: the member is ignored unless
    enum: str = ""            # scalars: the enum whose values are checked on decoding
    handle: str = ""          # handles: "VkBuffer"
    dispatchable: bool = False
    size: str = ""            # fixed arrays: the number of elements, C constant
    elem_size: int = 0        # arrays of scalars: bytes an element takes, 8 for size_t
    selector: str = ""        # unions: C over v
    fields: tuple[tuple[str, int], ...] = ()  # bitfields: (name, bits)
    count_member: str = ""    # arrays in returned structs: the member that holds the capacity
    stype: str = ""           # sType: its value
    min_size: int = 4         # fewest bytes it can take on the wire
    const: bool = True

    @property
    def bits(self) -> str:
        """Bitfields: C that packs them into a word."""
        shift, parts = 0, []
        for name, width in self.fields:
            parts.append(f"(uint32_t)v->{name} << {shift}" if shift else f"(uint32_t)v->{name}")
            shift += width
        return " | ".join(parts)


# Kinds of member, and what travels:
#   stype         nothing                       chain        (u32 sType, body)*, u32 0
#   scalar        the value                     handle       u64 id
#   struct union  its members                   string       u32 length with the NUL or 0, bytes
#   strings       u32 count, strings            fixed        the bytes of a fixed array of scalars
#   fixed_struct  each element                  bitfields    one u32
#   scalars handles structs pointers            u32 count or 0 where absent, then the elements
#   nested        u32 count, then arrays of scalars or structs
#   blob          u32 size, bytes               none         nothing (the worker sees zero)
#   room          u64 count or 0 where absent: the host's driver writes there, and that comes back with the reply
#   untyped       u64 id, or 0 where the worker has no such objects
# Kinds of parameter only:
#   dispatch      u64 id                        allocator    nothing
#   new           u64 ids of the objects that the client has named
#   out_scalar out_struct                       the shape there, the value back
#   out_count     u32/u64 capacity there, the count back
#   out_scalars out_structs out_blob            u32 present there, the elements back
#   inout_blob    the bytes there and back


@dataclass(frozen=True)
class Part:
    """Members whose places beside each other are fixed, or one other member."""

    size: int                 # bytes of the fixed members together; of an array at most, beside its elements
    members: tuple[tuple[Member, int], ...] = ()   # (member, its offset in the part)
    array: Member | None = None   # the other member; in flat ops it is an array
    elem_size: int = 0        # arrays: bytes that an element takes on the wire
    align8: bool = False      # arrays: the elements are aligned to 8
    units: int = 1            # arrays of structs: numbers of the wire that one is


@dataclass(frozen=True)
class CountCheck:
    """A chained struct's count that must equal its parent's: drivers walk the one with the other."""

    child: str                # "VkDescriptorSetLayoutBindingFlagsCreateInfo"
    stype: str
    child_member: str         # "bindingCount"
    parent_member: str        # "bindingCount"
    may_be_zero: bool
    cond: str                 # C over v: otherwise the struct is ignored


@dataclass(frozen=True)
class Struct:
    name: str                 # "VkBufferCreateInfo"
    members: tuple[Member, ...]
    parts: tuple[Part, ...] = ()   # the members in their order, without those that do not travel
    stype: str = ""           # "VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO"
    stype_value: int = 0
    union: bool = False
    raw_union: bool = False   # travels as its bytes
    union_member: str = ""    # travels as this member
    cases: tuple[tuple[tuple[str, ...], Member], ...] = ()   # selections -> member
    selector_type: str = ""
    pod: bool = False         # memory and wire are the same bytes
    align8: bool = False      # pod: holds 8-byte values
    min_size: int = 4
    returnedonly: bool = False
    inputs: bool = False      # travels from the client
    outputs: bool = False     # travels back
    shape: bool = False       # outputs: something must go there first
    chained: bool = False     # occurs in chains
    standalone: bool = False  # occurs outside of chains
    arrayed: bool = False
    pointered: bool = False
    allowduplicate: bool = False
    extends: tuple[str, ...] = ()
    context: str = ""         # C that computes e->ignored for its members
    checks: tuple[str, ...] = ()  # C conditions, rule R5
    limit_checks: tuple[str, ...] = ()  # the same over `limits`, the host's VkPhysicalDeviceLimits
    count_checks: tuple[CountCheck, ...] = ()
    signature: int = 0
    providers: tuple[str, ...] = ()
    index: int = 0
    returned: bool = False        # has room, or a chain or a struct that may have
    shape_arrays: bool = False    # outputs: arrays of the application's come back
    fact_core: int = 0            # the API version that brings it, as VK_MAKE_API_VERSION; 0: none
    fact_extensions: tuple[int, ...] = ()  # indices of extensions that bring it, four at most


@dataclass(frozen=True)
class Op:
    name: str                 # "vkCreateBuffer", from ops.txt: the same whatever the registry's age
    vk: str                   # its name in the registry, which may still have a vendor's suffix
    short: str                # "CreateBuffer"
    number: int
    ret: str                  # "VkResult"
    args: tuple[Member, ...]
    level: str                # "instance", "physical", "device", "queue", "command"
    kind: str                 # "post", "call", "record"
    create: str = ""          # the handle type it creates
    destroy: str = ""         # the handle type it destroys
    entry: str = "generated"  # "generated", "hand"
    handler: str = "generated"     # "generated", "hand", "decodes" (by hand, and reads the body itself)
    takes_fd: bool = False         # vkAllocateMemory: a descriptor may come with it
    compiled: bool = False         # vkCreateGraphicsPipelines: as a post, on a thread of the worker
    after_compilations: bool = False  # vkGetPipelineCacheData: the worker finishes all compilations first
    blocking: bool = False
    cached: bool = False      # a physical device keeps the answers
    also_posts: bool = False       # vkAllocateDescriptorSets: a call that comes as a post, too
    outputs_on_failure: bool = False
    lost: str = ""            # the VkResult when the connection is lost
    signature: int = 0
    context: str = ""
    checks: tuple[str, ...] = ()
    limit_checks: tuple[str, ...] = ()
    returned: tuple[Member, ...] = ()   # args through which something comes back beside the outputs
    parts: tuple[Part, ...] = ()   # the args in their order, without those that do not travel
    flat: bool = False        # recorded, and without chains: the parts are fixed ones and arrays, written and read in place
    extra: int = 0            # how many args are Tongs' own, behind the command's parameters

    @property
    def params(self) -> tuple[Member, ...]:
        return self.args[:len(self.args) - self.extra]


@dataclass(frozen=True)
class EntryPoint:
    """A name that vkGet*ProcAddr may be asked for."""

    name: str                 # "vkGetPhysicalDeviceFeatures2KHR"
    function: str             # "icd_GetPhysicalDeviceFeatures2" or "icd_stub_..."
    level: str                # "global", "instance", "physical", "device"
    core: int                 # 0 or the API version that brings it, as VK_MAKE_API_VERSION value
    extensions: tuple[int, ...]   # indices of the extensions that bring it
    stub: bool = False
    op: int = 0                   # that it needs the worker to know, 0: none


@dataclass(frozen=True)
class HostCommand:
    """A command that the worker calls."""

    short: str                # "GetPhysicalDeviceFeatures2"
    vk: str                   # its name in the registry, for the type of its pointer
    names: tuple[str, ...]    # all names to ask the host's driver for
    instance: bool            # of instance or physical-device level


@dataclass(frozen=True)
class Prototype:
    """A function of the driver: generated or hand-written."""

    name: str                 # "icd_CreateBuffer"
    ret: str
    params: tuple[str, ...]   # declarations


@dataclass(frozen=True)
class Extension:
    name: str
    kind: str
    spec_version: int
    index: int
    ops: tuple[int, ...]
    structs: tuple[int, ...]  # struct indices
    left_out: str = ""
    needs_fds: bool = False   # of use only where file descriptors cross
    needs_host_pages: bool = False   # ... where the application's own pages can be shared


@dataclass(frozen=True)
class HandleType:
    name: str                 # "VkBuffer"
    number: int
    dispatchable: bool
    objtype: str


@dataclass(frozen=True)
class Enum:
    name: str
    values: tuple[tuple[str, int], ...]    # distinct values, sorted
    first: int                             # the first run of values
    last: int
    sparse: tuple[tuple[int, int], ...]    # the other runs
    index: int


@dataclass(frozen=True)
class Names:
    """What the values of an enum or the bits of a flags type are called."""

    type: str                              # "VkFormat", "VkBufferUsageFlags"
    flags: bool
    values: tuple[tuple[str, int], ...]    # distinct values, as unsigned numbers


@dataclass
class IR:
    header_version: int
    api_version: int
    types: list[HandleType] = field(default_factory=list)
    structs: list[Struct] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    entry_points: list[EntryPoint] = field(default_factory=list)
    extensions: list[Extension] = field(default_factory=list)
    enums: list[Enum] = field(default_factory=list)
    digest: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)
    features_off: list[tuple[str, str]] = field(default_factory=list)
    by_name: dict[str, Struct] = field(default_factory=dict)
    prototypes: list[Prototype] = field(default_factory=list)
    vk_commands: list[HostCommand] = field(default_factory=list)
    destroyers: list[tuple[str, str, bool]] = field(default_factory=list)  # (type, short name of the op, late)
    formats: list[tuple[Format, int, tuple[int, ...]]] = field(default_factory=list)  # (format, its value, its planes' values)
    object_types: list[tuple[str, int, str]] = field(default_factory=list)  # (VkObjectType, its value, handle type)
    names: dict[str, Names] = field(default_factory=dict)
