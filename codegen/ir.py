# SPDX-License-Identifier: MIT
"""The intermediate representation that the templates print: every name, count, condition and size that they need, decided by build.py."""

from __future__ import annotations

from dataclasses import dataclass, field

from registry import Format


@dataclass(frozen=True)
class Member:
    name: str                 # "pQueueFamilyIndices"
    kind: str                 # see "Kinds of member" below
    type: str                 # element type in C: "uint32_t", "VkOffset2D"
    decl: str                 # its declaration in a struct of arguments: "const uint32_t *pQueueFamilyIndices"
    wire: str = ""            # scalars: "u32", "f32", ...
    count: str = ""           # arrays: C over v, "v->queueFamilyIndexCount"
    stride: str = ""          # arrays of structs: the member that says how far apart the elements are, in bytes
    inner: str = ""           # arrays of arrays: C over v and i
    optional: bool = False    # arrays: may be NULL although the count is not zero
    slot: bool = False        # handles: a condition of codegen/bounds.py asks about the object
    required: str = ""        # handles, the handles of an array, strings, outputs: never absent, and the name to say if one is
    cond: str = ""            # C over v and e: if it is false, the member is ignored
    enum: str = ""            # scalars: the enum whose values are checked on decoding
    handle: str = ""          # handles: "VkBuffer"
    dispatchable: bool = False
    size: str = ""            # fixed arrays: the number of elements, C constant
    elem_size: int = 0        # arrays of scalars: bytes an element takes, 8 for size_t
    selector: str = ""        # unions: C over v
    fields: tuple[tuple[str, int], ...] = ()  # bitfields: (name, bits)
    count_member: str = ""    # arrays in returned structs: the member that holds the capacity
    stype: str = ""           # sType: its value
    min_size: int = 4         # the fewest bytes that it takes on the wire
    const: bool = True
    enum_first: int = 0       # of `enum`: the first run of its values
    enum_last: int = 0
    # Of the struct or union that it is or points to:
    raw_union: bool = False
    pod: bool = False
    shape: bool = False
    returned: bool = False
    forwarded: bool = False   # a struct that travels to the worker
    type_stype: str = ""      # its sType: "VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO"

    @property
    def bits(self) -> str:
        """Bitfields: C that packs them into a word."""
        shift, parts = 0, []
        for name, width in self.fields:
            parts.append(f"(uint32_t)v->{name} << {shift}" if shift else f"(uint32_t)v->{name}")
            shift += width
        return " | ".join(parts)

    @property
    def masks(self) -> tuple[tuple[str, int, int], ...]:
        """Bitfields: (name, bits, the mask of so many bits)."""
        return tuple((name, width, (1 << width) - 1) for name, width in self.fields)

    @property
    def value(self) -> str:
        """C of the value that travels: 0 if the member is ignored."""
        return f"{self.cond} ? v->{self.name} : 0" if self.cond else f"v->{self.name}"

    @property
    def pointer(self) -> str:
        """C of the array that travels: NULL if the member is ignored."""
        return f"({self.cond} ? v->{self.name} : NULL)" if self.cond else f"v->{self.name}"

    @property
    def address(self) -> str:
        """C of the address of the struct that travels: of a zeroed one if the member is ignored."""
        return f"{self.cond} ? &v->{self.name} : &({self.type}){{0}}" if self.cond else f"&v->{self.name}"

    @property
    def present(self) -> str:
        """Arrays, C: whether there is one to read."""
        return f"v->{self.name} && ({self.cond})" if self.cond else f"v->{self.name}"

    @property
    def cast(self) -> str:
        """Arrays: what makes a decoded array of constants the member's type."""
        return "" if self.const else f"({self.type} *)"

    @property
    def lacking(self) -> str:
        """C of the name that the decoder reports if the member is absent; NULL: it may be."""
        return f'"{self.required}"' if self.required else "NULL"

    @property
    def counted_by_pointer(self) -> bool:
        """Outputs: the count comes back, too."""
        return self.count.startswith("*")


# Kinds of member, and what travels:
#   stype         nothing                       chain        (u32 sType, body)*, u32 0
#   scalar        the value                     handle       u64 id
#   struct union  its members                   string       u32 length with the NUL or 0, bytes
#   strings       u32 count, strings            fixed        the bytes of a fixed array of scalars
#   fixed_struct  each element                  bitfields    one u32
#   scalars handles structs pointers            u32 count, or 0 if absent; then the elements
#   nested        u32 count, then arrays of scalars or structs
#   blob          u32 size, bytes               none         nothing (the worker sees zero)
#   room          u64 count, or 0 if absent: the host driver writes there; the contents come back with the reply
#   untyped       u64 id, or 0 if the worker has no objects of that type
# Kinds of parameter only:
#   dispatch      u64 id                        allocator    nothing
#   new           u64 ids that the client has chosen for the new objects
#   out_scalar out_struct                       the shape to the worker, the value back
#   out_count     u64 capacity to the worker, the count back
#   out_scalars out_structs out_blob            u32 present to the worker, the elements back
#   inout_blob    the bytes, in both directions


@dataclass(frozen=True)
class Part:
    """Adjacent members whose places are fixed, or one other member."""

    size: int                 # bytes of the fixed members together; arrays: of the count and padding, at most
    members: tuple[tuple[Member, int], ...] = ()   # (member, its offset in the part)
    array: Member | None = None   # the other member; in flat ops it is an array
    elem_size: int = 0        # arrays: bytes that an element takes on the wire
    align8: bool = False      # arrays: the elements are aligned to 8
    units: int = 1            # arrays of structs: how many numbers a struct is on the wire


def _find(members: tuple[Member, ...], *kinds: str) -> Member | None:
    return next((m for m in members if m.kind in kinds), None)


@dataclass(frozen=True)
class CountCheck:
    """A chained struct's count that must equal its parent's, because drivers walk the one array with the other's count."""

    child: str                # "VkDescriptorSetLayoutBindingFlagsCreateInfo"
    stype: str
    child_member: str         # "bindingCount"
    parent_member: str        # "bindingCount"
    may_be_zero: bool
    cond: str                 # C over v: if it is false, the chained struct is ignored


@dataclass(frozen=True)
class BoundCheck:
    """A range that must lie in an object (codegen/bounds.py)."""

    cond: str                 # C over v, of_NAME and, for arrays, i and r
    rule: str                 # "a range is not in its buffer"
    each: str = ""            # the array whose elements are checked
    type: str = ""            # ... and the struct in it; "": handles
    count: str = ""           # C
    arrays: tuple[str, ...] = ()   # the arrays of handles that it asks about


@dataclass(frozen=True)
class Struct:
    name: str                 # "VkBufferCreateInfo"
    members: tuple[Member, ...]
    parts: tuple[Part, ...] = ()   # the members that travel, in their order
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
    shape: bool = False       # outputs: something must travel to the worker first
    chained: bool = False     # occurs in chains
    standalone: bool = False  # occurs outside of chains
    arrayed: bool = False
    pointered: bool = False
    allowduplicate: bool = False
    extends: tuple[str, ...] = ()
    context: str = ""         # C that computes e->ignored for its members
    checks: tuple[str, ...] = ()  # C conditions over v (rule R5)
    limit_checks: tuple[str, ...] = ()  # the same over `limits`, the host device's VkPhysicalDeviceLimits
    count_checks: tuple[CountCheck, ...] = ()
    bounds: tuple[BoundCheck, ...] = ()
    signature: int = 0
    providers: tuple[str, ...] = ()
    index: int = 0
    returned: bool = False        # it has room, or its chain or a struct in it may have
    shape_arrays: bool = False    # outputs: the application's arrays are filled
    fact_core: str = "0"          # C of the API version that brings it, "VK_API_VERSION_1_1"; 0: none
    fact_extensions: tuple[tuple[int, str], ...] = ()  # (index, name) of the extensions that bring it, four at most

    @property
    def prefix(self) -> str:
        """The prefix of a member's name in a message: "VkBufferCreateInfo."."""
        return f"{self.name}."

    @property
    def slots(self) -> tuple[Member, ...]:
        """The handles whose slots its conditions ask about."""
        return tuple(m for m in self.members if m.slot)

    @property
    def empty(self) -> bool:
        """Nothing travels beside its chain."""
        return all(m.kind in ("stype", "chain", "none") for m in self.members)

    @property
    def only(self) -> Member:
        """Unions that travel as one member: that."""
        return next(m for _, m in self.cases if m.name == self.union_member)

    @property
    def selected(self) -> bool:
        """A union whose selector says which member travels."""
        return self.union and not self.raw_union and not self.union_member

    @property
    def body(self) -> str:
        """The suffix of its functions that leave out the chain."""
        return "_body" if self.chained else ""

    @property
    def unchained_members(self) -> tuple[Member, ...]:
        """The members that the functions for its body handle."""
        return tuple(m for m in self.members if m.kind != "chain" or not self.chained)

    @property
    def unchained_parts(self) -> tuple[Part, ...]:
        return tuple(p for p in self.parts if not p.array or p.array.kind != "chain" or not self.chained)

    @property
    def unit(self) -> int:
        """Pod: bytes of the numbers that an array of it is counted in on the wire."""
        return 8 if self.align8 else 4


@dataclass(frozen=True)
class Range:
    """The conditions of RANGES on the structs of an argument, which the client checks itself."""

    type: str                 # "VkPushConstantRange"
    list: str                 # C of the first one, over the arguments a: "a->pCreateInfo->pPushConstantRanges"
    count: str                # C: "a->pCreateInfo->pushConstantRangeCount", "1"
    conds: tuple[str, ...]    # C over v, each


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
    pool: str = ""                 # vkAllocateCommandBuffers: "VkCommandPool", the parent of the new objects; ""
    removes: bool = False          # objects go, those that it names or all of a pool
    blocking: bool = False
    timeout: str = ""              # vkAcquireNextImage2KHR: "pAcquireInfo->timeout", C behind `a->`; ""
    waits_if: str = ""             # vkGetQueryPoolResults: "a->flags & VK_QUERY_RESULT_WAIT_BIT"; "": it may always wait
    checked: bool = False          # vkGetQueryPoolResults: a hand-written function checks the arguments before the op waits
    cached: bool = False      # a physical device keeps the answers
    cached_in_device: bool = False  # a device keeps the answers
    noted: bool = False            # the generated entry point tells icd/notes.h first
    sent_at_once: bool = False     # a post that others than this client can wait for
    also_posts: bool = False       # vkAllocateDescriptorSets: a call that the client also sends as a post
    outputs_on_failure: bool = False
    ranges: tuple[Range, ...] = ()   # of an op that creates something
    bound: str = ""           # of a call: C over v and limits that makes it a post
    failure: str = "told"     # of a post: "ignored", "told", "lost"
    role: str = "plain"       # of a recorded command: "opens", "binds", "works"
    lost: str = ""            # the VkResult when the connection is lost
    signature: int = 0
    context: str = ""
    checks: tuple[str, ...] = ()
    limit_checks: tuple[str, ...] = ()
    bounds: tuple[BoundCheck, ...] = ()
    returned: tuple[Member, ...] = ()   # input structs through which something comes back
    parts: tuple[Part, ...] = ()   # the args that travel, in their order
    flat: bool = False        # recorded, and without chains: the parts are fixed ones and arrays, written and read in place
    extra: int = 0            # how many args, behind the command's parameters, are Tongs' own

    @property
    def params(self) -> tuple[Member, ...]:
        return self.args[:len(self.args) - self.extra]

    @property
    def recorded(self) -> bool:
        """A command that is legal between vkBeginCommandBuffer and vkEndCommandBuffer only."""
        return self.kind == "record" and self.short not in ("BeginCommandBuffer", "EndCommandBuffer")

    @property
    def handle(self) -> str:
        """The name of its first parameter."""
        return self.params[0].name

    @property
    def new(self) -> Member | None:
        """The handle, or handles, that it creates."""
        return _find(self.params, "new")

    @property
    def destroyed(self) -> Member | None:
        """The handle, or handles, that it destroys."""
        return next((m for m in self.params if self.destroy and m.handle == self.destroy), None)

    @property
    def allocator(self) -> str:
        """C of the application's allocator."""
        m = _find(self.params, "allocator")
        return m.name if m else "NULL"

    @property
    def out_count(self) -> Member | None:
        return _find(self.params, "out_count")

    @property
    def out_arrays(self) -> tuple[Member, ...]:
        return tuple(m for m in self.params if m.kind in ("out_structs", "out_scalars", "out_blob"))

    @property
    def out_array(self) -> Member | None:
        """The first array that it fills."""
        return _find(self.params, "out_structs", "out_scalars", "out_blob")

    @property
    def sent(self) -> tuple[Member, ...]:
        """The parameters that an entry point copies into the arguments as they are."""
        return tuple(m for m in self.params if m.kind not in ("allocator", "new"))

    @property
    def declaration(self) -> str:
        """C of its parameters: "VkDevice device, const VkBufferCreateInfo *pCreateInfo"."""
        return ", ".join(m.decl for m in self.params)

    @property
    def names(self) -> str:
        """The names of its parameters: "device, pCreateInfo"."""
        return ", ".join(m.name for m in self.params)

    @property
    def names(self) -> str:
        """C that passes its parameters on."""
        return ", ".join(m.name for m in self.params)

    @property
    def decoded(self) -> str:
        """C that passes the arguments in `*a` to the host driver, which never sees an allocator."""
        return ", ".join("NULL" if m.kind == "allocator" else f"a->{m.name}" for m in self.params)

    @property
    def host(self) -> str:
        """Whose function it is in the worker: "device" or "instance"."""
        return "device" if self.level in ("device", "queue", "command") else "instance"

    @property
    def fixed_size(self) -> int:
        """Flat ops: bytes at most, without the elements of the arrays and with padding at the end."""
        return sum(p.size for p in self.parts) + 4

    @property
    def has_fixed(self) -> bool:
        """Flat ops: there is more than arrays."""
        return any(not p.array for p in self.parts)

    @property
    def slots(self) -> tuple[Member, ...]:
        """The handles whose slots its conditions ask about."""
        return tuple(m for m in self.args if m.slot)

    @property
    def strided(self) -> tuple[Member, ...]:
        return tuple(m for m in self.args if m.stride)

    def destroys(self, m: Member, kind: str) -> bool:
        return bool(self.destroy) and m.handle == self.destroy and m.kind == kind


@dataclass(frozen=True)
class Bringer:
    """An extension that brings a command, and what else must be there."""

    index: int                # of the extension
    name: str                 # "VK_KHR_synchronization2"
    core: str = "0"           # C of the API version that must be there, "VK_API_VERSION_1_1"
    needs: tuple[tuple[int, str], ...] = ()   # (index, name) of the extensions that the device must have, three at most


@dataclass(frozen=True)
class EntryPoint:
    """A name that vkGet*ProcAddr may be asked for."""

    name: str                 # "vkGetPhysicalDeviceFeatures2KHR"
    short: str                # "GetPhysicalDeviceFeatures2": the name of the function without its prefix
    level: str                # "global", "instance", "physical", "device"
    core: str                 # C of the API version that brings it, "VK_API_VERSION_1_1", or "0"
    bringers: tuple[Bringer, ...]   # the extensions that bring it
    stub: bool = False        # known and not implemented
    op: str = ""              # that it needs the worker to know: "vkGetPhysicalDeviceFeatures2"
    bringers_at: int = 0      # where they are in IR.bringers


@dataclass(frozen=True)
class HostCommand:
    """A command that the worker calls."""

    short: str                # "GetPhysicalDeviceFeatures2"
    vk: str                   # its name in the registry, for the type of its pointer
    names: tuple[str, ...]    # all names to ask the host driver for, four at most
    instance: bool            # of instance or physical-device level

    @property
    def quoted(self) -> str:
        """C of its names, as strings."""
        return ", ".join(f'"{name}"' for name in self.names)


@dataclass(frozen=True)
class Prototype:
    """A function of the driver: generated or hand-written."""

    short: str                # "CreateBuffer"
    ret: str
    params: tuple[str, ...]   # declarations
    local: bool               # answered in the client: no op

    @property
    def declaration(self) -> str:
        return ", ".join(self.params) or "void"

    @property
    def names(self) -> str:
        """C that passes its parameters on."""
        return ", ".join(p.split()[-1].lstrip("*") for p in self.params)


@dataclass(frozen=True)
class Extension:
    name: str
    kind: str
    spec_version: int
    index: int
    ops: tuple[str, ...]
    structs: tuple[str, ...]
    left_out: str = ""
    ops_at: int = 0           # where they are in a list of all extensions' ops that begins at 1
    structs_at: int = 0
    needs_fds: bool = False   # offered only if the transport passes file descriptors
    needs_app_pages: bool = False   # ... if the application's own pages can be shared


@dataclass(frozen=True)
class HandleType:
    name: str                 # "VkBuffer"
    number: int
    dispatchable: bool
    objtype: str
    used_by_compilations: bool = False   # VkShaderModule


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
    """The names of an enum's values or of a flags type's bits."""

    type: str                              # "VkFormat", "VkBufferUsageFlags"
    flags: bool
    values: tuple[tuple[str, int], ...]    # distinct values, as unsigned numbers


@dataclass
class IR:
    header_version: int
    major: int = 1            # of the API version
    minor: int = 0
    extends: list[tuple[str, str]] = field(default_factory=list)   # (struct, one that its chain may hold), by index
    bringers: list[Bringer] = field(default_factory=list)   # lists, one behind the other
    properties: list[Struct] = field(default_factory=list)   # in the chain of vkGetPhysicalDeviceProperties2
    features: list[Struct] = field(default_factory=list)     # ... of vkGetPhysicalDeviceFeatures2
    type_count: int = 0       # more than the greatest number
    op_count: int = 0
    types: list[HandleType] = field(default_factory=list)
    structs: list[Struct] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    entry_points: list[EntryPoint] = field(default_factory=list)
    extensions: list[Extension] = field(default_factory=list)
    enums: list[Enum] = field(default_factory=list)
    digest: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)
    features_off: list[tuple[Struct, str]] = field(default_factory=list)   # (struct, member)
    by_name: dict[str, Struct] = field(default_factory=dict)
    prototypes: list[Prototype] = field(default_factory=list)
    vk_commands: list[HostCommand] = field(default_factory=list)
    destroyers: list[tuple[str, str, bool]] = field(default_factory=list)  # (type, short name of the op, late)
    formats: list[tuple[Format, int, tuple[int, ...]]] = field(default_factory=list)  # (format, its value, its planes' values)
    format_names: list[str] = field(default_factory=list)   # VkFormat, without VK_FORMAT_UNDEFINED
    object_types: list[tuple[str, int, str]] = field(default_factory=list)  # (VkObjectType, its value, handle type)
    names: dict[str, Names] = field(default_factory=dict)
