# SPDX-License-Identifier: MIT
"""The schema of Tongs' own ops, protocol/own_ops.json -> frozen dataclasses for the templates and for docs/wire.md.

   own_ops.py --schema own_ops.json --ops ops.txt --page wire.md           exit status 1 if the page's tables are stale
   own_ops.py --schema own_ops.json --ops ops.txt --page wire.md --write   writes the tables anew

The file has four lists:

   constants   named numbers that both sides use, in groups
   layouts     structs in shared memory, with the place of each member
   records     structs that occur in ops, alone or in lists
   ops         numbers are in ops.txt; `kind` is post, call or event; `fd`: a descriptor comes with the op (in a virtual
               machine: pages); `reply_fd`: one may come with the reply; `without`: what the client does if the op is
               not common, "refuse": it refuses the connection; `uses`: groups of constants and layouts that
               the op's meaning depends on

Types of members:

   u32 u64 i32          the number
   zero                 a u32 that is 0 and that the receiver passes over
   target TYPE          the id of the op's first handle; the receiver looks it up
   handle TYPE          an id, or 0; the receiver looks it up
   id TYPE              an id as it is: of a new object, or one that the handler looks up
   string               u32 length with the NUL or 0, bytes
   blob                 u32 size, bytes
   ids TYPE [MAX]       u32 count, ids
   bytes COUNT          so many bytes
   record RECORD        the record's members
   list RECORD          u32 count, records
   ops                  ops to the end
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
import textwrap
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import numbering  # noqa: E402

WIDTH = 92          # of comments in generated C
OWN_MAX = 32        # numbers below are Tongs' own


class Wrong(Exception):
    """The schema says something that it cannot mean."""


def comment(doc: str) -> list[str]:
    """The lines of a comment in C."""
    first, *rest = textwrap.wrap(doc, WIDTH)
    lines = ["/* " + first, *(" * " + line for line in rest)]
    return [*lines[:-1], lines[-1] + " */"]


@dataclass(frozen=True)
class Constant:
    name: str                 # "TONGS_MEMORY_SHARED"
    value: int
    doc: str

    @property
    def comment(self) -> list[str]:
        return comment(self.doc)


@dataclass(frozen=True)
class Group:
    name: str                 # "memory strategies"
    enum: str                 # "tongs_memory_strategy", or "" for #defines
    doc: str
    constants: tuple[Constant, ...]


@dataclass(frozen=True)
class Place:
    """A member of a struct in shared memory."""

    at: int                   # bytes from the struct's start
    type: str                 # "u32", or the name of a layout
    ctype: str                # "_Atomic uint32_t", "struct tongs_status_queue"
    name: str
    count: str                # arrays: "TONGS_STATUS_QUEUES + 1", else ""
    size: int                 # of all of it
    line: bool                # begins a cache line
    doc: str

    @property
    def declaration(self) -> str:
        array = f"[{self.count}]" if self.count else ""
        return f"{'_Alignas(64) ' if self.line else ''}{self.ctype} {self.name}{array}"


@dataclass(frozen=True)
class Layout:
    name: str                 # "ring_words"
    size: int
    doc: str
    members: tuple[Place, ...]


@dataclass(frozen=True)
class Member:
    name: str                 # "extensions"; "" of a zero
    kind: str                 # the first word of its type
    doc: str
    handle: str = ""          # "VkDevice", of ids
    limit: str = "UINT32_MAX"  # ids: the most there may be, a C constant
    record: str = ""          # lists: "extension"
    record_size: int = 0      # lists: fewest bytes that a record takes on the wire
    size: str = ""            # bytes: the number, a C constant
    cond: str = ""            # C over v: the member travels only if
    min_size: int = 4         # fewest bytes that it takes on the wire
    text: str = ""            # its type, its limit and its condition for docs/wire.md

    @property
    def comment(self) -> list[str]:
        return comment(self.doc)

    @property
    def in_struct(self) -> bool:
        return self.kind not in ("zero", "ops")


@dataclass(frozen=True)
class Record:
    name: str                 # "extension"
    doc: str
    members: tuple[Member, ...]
    min_size: int

    @property
    def ctype(self) -> str:
        return f"struct tongs_own_{self.name}"


@dataclass(frozen=True)
class Op:
    number: int
    name: str                 # "tongsHeapCreate"
    kind: str                 # "post", "call", "event"
    fd: str                   # "pages": a descriptor, or pages of a virtual machine, come with it; ""
    reply_fd: str             # "maybe": one may come with the reply; ""
    doc: str
    without: str
    members: tuple[Member, ...]
    reply: tuple[Member, ...]
    signature: int            # 32 bits of a hash over all but the sentences

    @property
    def comment(self) -> list[str]:
        return comment(self.doc)

    @property
    def args_type(self) -> str:
        return f"struct tongs_args_{self.name}"

    @property
    def reply_type(self) -> str:
        return f"struct tongs_reply_{self.name}"

    @property
    def required(self) -> bool:
        return self.without == "refuse"

    @property
    def has_args(self) -> bool:
        return any(m.in_struct for m in self.members)

    @property
    def has_reply(self) -> bool:
        return any(m.in_struct for m in self.reply)


@dataclass(frozen=True)
class Schema:
    groups: tuple[Group, ...]
    layouts: tuple[Layout, ...]
    records: tuple[Record, ...]
    ops: tuple[Op, ...]       # by number
    text: str                 # all that a peer must have alike, for the digest


def _hash(text: str, bits: int = 32) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:bits // 8], "little")


# --- Reading ---------------------------------------------------------------------------------------------------


class Reader:
    SIZES = {"u32": 4, "u64": 8}
    MIN_SIZES = {"u64": 8, "target": 8, "handle": 8, "id": 8, "ops": 0}

    def __init__(self, data: dict, numbers: numbering.Numbers):
        self.data = data
        self.numbers = numbers
        self.values: dict[str, int] = {}       # of constants, by the name that members use: "MEMORY_TYPES"
        self.records: dict[str, Record] = {}
        self.texts: dict[str, str] = {}        # what enters signatures, of groups, layouts and records

    def read(self) -> Schema:
        groups = tuple(self.group(g) for g in self.data["constants"])
        layouts: dict[str, Layout] = {}
        for item in self.data["layouts"]:
            layouts[item["name"]] = self.layout(item, layouts)
        for item in self.data["records"]:
            self.records[item["name"]] = self.record(item)
        ops = tuple(sorted((self.op(o) for o in self.data["ops"]), key=lambda o: o.number))
        if len({o.number for o in ops}) != len(ops):
            raise Wrong("an op is there twice")
        own = {n for number, n in self.numbers.op_names.items() if number < OWN_MAX and n != "tongsReserved"}
        if own != {o.name for o in ops}:
            raise Wrong(f"ops.txt and the schema differ in {', '.join(sorted(own ^ {o.name for o in ops}))}")
        text = "|".join([f"{o.number}:{o.signature}" for o in ops] + sorted(self.texts.values()))
        return Schema(groups, tuple(layouts.values()), tuple(self.records.values()), ops, text)

    def group(self, item: dict) -> Group:
        constants = []
        for name, value, doc in item["values"]:
            self.values[name] = value
            constants.append(Constant(item["prefix"] + name, value, doc))
        self.texts[item["name"]] = f"{item['name']}:" + ",".join(f"{c.name}={c.value}" for c in constants)
        return Group(item["name"], item["enum"] or "", item["doc"], tuple(constants))

    def layout(self, item: dict, known: dict[str, Layout]) -> Layout:
        places, end = [], 0
        for m in item["members"]:
            where = f"{item['name']}.{m['name']}"
            size = known[m["type"]].size if m["type"] in known else self.SIZES.get(m["type"], 0)
            count = m.get("count", "")
            size *= self.number(count) if count else 1
            if not size or m["at"] < end:
                raise Wrong(f"{where}: it has no type, or its place is taken")
            end = m["at"] + size
            ctype = f"struct tongs_{m['type']}" if m["type"] in known else f"_Atomic uint{8 * self.SIZES[m['type']]}_t"
            places.append(Place(m["at"], m["type"], ctype, m["name"], self.constant(count), size,
                                m["at"] % 64 == 0, m["doc"]))
        if end > item["size"]:
            raise Wrong(f"{item['name']}: its members are larger than it")
        self.texts[item["name"]] = f"{item['name']}:{item['size']}:" + \
            ",".join(f"{p.at} {p.type} {p.name} {p.size}" for p in places)
        return Layout(item["name"], item["size"], item["doc"], tuple(places))

    def number(self, text: str) -> int:
        return sum(self.values[t] if t in self.values else int(t) for t in text.split(" + "))

    @staticmethod
    def constant(text: str) -> str:
        return re.sub(r"[A-Z][A-Z_]+", lambda m: "TONGS_" + m[0], text)

    def record(self, item: dict) -> Record:
        members = tuple(self.member(item["name"], m) for m in item["members"])
        self.texts[item["name"]] = f"{item['name']}{{{self.text(members)}}}"
        return Record(item["name"], item["doc"], members, sum(m.min_size for m in members))

    def member(self, owner: str, item: dict) -> Member:
        kind, *rest = item["type"].split()
        where = f"{owner}.{item.get('name', kind)}"
        cond = item.get("if", "")
        if cond and kind in ("list", "record", "ops"):
            raise Wrong(f"{where}: such a member has no condition")
        base = dict(name=item.get("name", ""), kind=kind, doc=item.get("doc", ""),
                    cond=re.sub(r"^(\w+)", r"v->\1", cond), min_size=0 if cond else self.MIN_SIZES.get(kind, 4))
        text = {"zero": "`u32` 0", "string": "string", "blob": "blob", "ops": "ops to the end"}.get(kind, f"`{kind}`")
        if kind in ("target", "handle", "id", "ids"):
            if not rest or rest[0] not in self.numbers.types:
                raise Wrong(f"{where}: ids of no type")
            base["handle"] = rest[0]
            text = f"`u64` id, {rest[0]}"
        if kind == "ids":
            text = f"`u32` count, `u64` ids, {rest[0]}"
            if len(rest) > 1:
                base["limit"] = self.constant(rest[1])
                text += f", {self.values[rest[1]]} at most"
        elif kind == "bytes":
            base.update(size=self.constant(rest[0]), min_size=(self.number(rest[0]) + 3) & ~3)
            text = f"{self.number(rest[0])} bytes"
        elif kind in ("list", "record"):
            if rest[0] not in self.records:
                raise Wrong(f"{where}: {rest[0]} is no record")
            base.update(record=rest[0], record_size=self.records[rest[0]].min_size)
            text = f"`u32` count, records *{rest[0]}*"
            if kind == "record":
                base["min_size"] = self.records[rest[0]].min_size
                text = f"record *{rest[0]}*"
        elif kind not in ("u32", "u64", "i32", "zero", "string", "blob", "ops", "target", "handle", "id"):
            raise Wrong(f"{where}: {item['type']!r} is no type")
        return Member(**base, text=text + (f", if `{cond}`" if cond else ""))

    def text(self, members: tuple[Member, ...]) -> str:
        """The parts of the schema that a signature covers: all but the sentences."""
        return ";".join(f"{m.name}:{m.kind}:{self.numbers.types.get(m.handle, '')}:{m.limit}:{m.size}:{m.cond}"
                        f"{{{self.texts.get(m.record, '')}}}" for m in members)

    def op(self, item: dict) -> Op:
        name, kind = item["name"], item["kind"]
        if name not in self.numbers.ops:
            raise Wrong(f"{name}: not in ops.txt")
        if kind not in ("post", "call", "event") or (kind == "call") != ("reply" in item):
            raise Wrong(f"{name}: calls have a reply, posts and events have none")
        members = tuple(self.member(name, m) for m in item["members"])
        reply = tuple(self.member(name, m) for m in item.get("reply", ()))
        for m in (*members[:-1], *reply[:-1]):
            if m.kind == "ops":
                raise Wrong(f"{name}.{m.name}: nothing can follow ops")
        for used in item.get("uses", ()):
            if used not in self.texts:
                raise Wrong(f"{name}: uses {used}, which is nothing")
        fd, reply_fd = item.get("fd", ""), item.get("reply_fd", "")
        parts = [str(self.numbers.ops[name]), kind, fd, reply_fd, self.text(members), self.text(reply),
                 *(self.texts[used] for used in item.get("uses", ()))]
        return Op(self.numbers.ops[name], name, kind, fd, reply_fd, item["doc"], item["without"], members, reply,
                  _hash("|".join(parts)))


def read(path: str, numbers: numbering.Numbers) -> Schema:
    with open(path, encoding="utf-8") as f:
        return Reader(json.load(f), numbers).read()


# --- The handshake -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Announced:
    """The ops that this build tells a peer it knows."""

    digest: int
    signatures: tuple[tuple[int, int, str], ...]   # (number, signature, name) of ops, by number


def announce(ir, own: Schema, ops_path: str | None, own_path: str | None) -> Announced:
    """Of this build, or of one that was made from the released files."""
    numbers = None
    if ops_path:
        with open(ops_path, encoding="utf-8") as f:
            numbers = numbering.Numbers(f.read())
        own = read(own_path, numbers) if own_path else own
    ops = [(o.number, o.signature, o.name) for o in (*own.ops, *ir.ops) if not numbers or o.number in numbers.op_names]
    text = "|".join([str(ir.digest), own.text, "released" if numbers else ""])
    return Announced(_hash(text, 64), tuple(ops))


# --- docs/wire.md ------------------------------------------------------------------------------------------------


def member_table(members: tuple[Member, ...]) -> list[str]:
    rows = [f"| {m.name or '–'} | {m.text} | {m.doc or '–'} |" for m in members]
    return ["| member | on the wire | meaning |", "| --- | --- | --- |", *rows, ""]


def op_section(o: Op) -> list[str]:
    fds = {"": "", "pages": ", with a descriptor"}[o.fd] + {"": "", "maybe": ", whose reply may bring a descriptor"}[o.reply_fd]
    lines = [f"### {o.number} {o.name}: {o.kind}{fds}", "", *textwrap.wrap(o.doc, 120), ""]
    if o.members:
        lines += member_table(o.members)
    if o.reply:
        lines += ["Reply:", "", *member_table(o.reply)]
    elif o.kind == "call":
        lines += ["The reply has no members.", ""]
    without = "The client refuses the connection." if o.required else o.without
    return lines + textwrap.wrap(f"If it is not common: {without[0].lower() + without[1:] if without.startswith(('The ', 'As ')) else without}",
                                 120) + [""]


def ops_text(schema: Schema) -> list[str]:
    lines: list[str] = []
    for o in schema.ops:
        if o.kind != "event":
            lines += op_section(o)
    for r in schema.records:
        lines += [f"### Record *{r.name}*", "", r.doc, "", *member_table(r.members)]
    return lines


def events_text(schema: Schema) -> list[str]:
    return [line for o in schema.ops if o.kind == "event" for line in op_section(o)]


def constants_text(schema: Schema) -> list[str]:
    lines: list[str] = []
    for g in schema.groups:
        rows = [f"| {c.name} | {c.value} | {c.doc} |" for c in g.constants]
        lines += [f"**{g.name[0].upper() + g.name[1:]}.** {g.doc}", "", "| name | value | meaning |", "| --- | --- | --- |",
                  *rows, ""]
    return lines


def layouts_text(schema: Schema) -> list[str]:
    lines: list[str] = []
    for item in schema.layouts:
        rows = []
        for p in item.members:
            kind = p.type if p.count else f"`{p.type}`"
            rows.append(f"| {p.at} | {kind} | {p.name}{f', {p.size // 64} of 64 bytes' if p.count else ''} | {p.doc} |")
        lines += [f"**{item.name}**, {item.size} bytes. {item.doc}", "", "| at | type | member | meaning |",
                  "| --- | --- | --- | --- |", *rows, ""]
    return lines


SECTIONS = {"ops": ops_text, "events": events_text, "constants": constants_text, "layouts": layouts_text}


def fill_page(page: str, schema: Schema) -> str:
    """The page with its tables made anew, between markers."""
    for name, make in SECTIONS.items():
        begin = f"<!-- {name}: made by codegen/own_ops.py from protocol/own_ops.json -->"
        end = f"<!-- end of {name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise Wrong(f"the page has no place for {name}: {begin} ... {end}")
        head, rest = page.split(begin)
        tail = rest.split(end)[1]
        page = head + begin + "\n\n" + "\n".join(make(schema)) + end + tail
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--ops", required=True)
    parser.add_argument("--page", required=True)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()

    with open(args.ops, encoding="utf-8") as f:
        numbers = numbering.Numbers(f.read())
    with open(args.page, encoding="utf-8") as f:
        page = f.read()
    try:
        filled = fill_page(page, read(args.schema, numbers))
    except Wrong as error:
        print(f"own_ops.py: {error}", file=sys.stderr)
        return 1
    if args.write and filled != page:
        with open(args.page, "w", encoding="utf-8") as f:
            f.write(filled)
        return 0
    if filled != page:
        print(f"own_ops.py: the tables of {args.page} are stale: meson compile write-wire-page", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
