# SPDX-License-Identifier: MIT

"""Writes inputs for fuzz_virtio_gpu into a directory: what a guest does, and the same damaged."""

import os
import random
import struct
import sys

FENCE = 1
PAGE = 4096
LINK_PAGES = 17
OPEN, SEND, WAIT, RING, WAKE, CLOSE = range(1, 7)
# What happens to the machine, between commands.
PAUSE, REBOOT = 0xfffe, 0xffff


def command(kind, body=b"", context=0, flags=FENCE, fence=1):
    return struct.pack("<IIQII", kind, flags, fence, context, 0) + body


def submit(context, op, resource=0, seen=(0, 0), data=b""):
    inner = struct.pack("<IIII", op, resource, *seen) + data
    return command(0x207, struct.pack("<II", len(inner), 0) + inner, context)


def create_context(number, name=b"program", capset=0):
    return command(0x200, struct.pack("<II64s", len(name), capset, name), number)


def create_resource(number):
    return command(0x204, struct.pack("<12I", number, 0, 64, 16, 4096, 1, 1, 1, 0, 0, 0, 0))


def attach_pages(number, pages):
    entries = b"".join(struct.pack("<QII", address, size, 0) for address, size in pages)
    return command(0x106, struct.pack("<II", number, len(pages)) + entries)


def create_blob(number, pages, memory=1, context=0):
    entries = b"".join(struct.pack("<QII", address, size, 0) for address, size in pages)
    size = sum(size for _, size in pages)
    return command(0x10c, struct.pack("<IIIIQQ", number, memory, 1, len(pages), 0, size) + entries, context)


def create_host(number, size, context):
    return command(0x10c, struct.pack("<IIIIQQ", number, 2, 1, 0, 0, size), context)


def on_resource(kind, number, context=0):
    return command(kind, struct.pack("<II", number, 0), context)


def link(context, resource, first=8):
    """A context with an open link in pages that lie backwards."""
    pages = [((first + LINK_PAGES - i) * PAGE, PAGE) for i in range(LINK_PAGES)]
    return [create_context(context), create_resource(resource), attach_pages(resource, pages),
            on_resource(0x202, resource, context), submit(context, OPEN, resource)]


def sessions():
    heap = [create_resource(9), attach_pages(9, [(0x40000, 0x8000), (0x30000, 0x1000)]),
            on_resource(0x202, 9, 1)]
    yield [command(0x100), command(0x108, struct.pack("<II", 0, 0)), command(0x109, struct.pack("<II", 21, 1))]
    yield link(1, 1) + [submit(1, SEND, data=b"bytes"), submit(1, WAIT, seen=(5, 5)), submit(1, WAKE),
                        submit(1, CLOSE), submit(1, WAIT), command(0x201, context=1)]
    yield link(1, 1) + heap + [submit(1, SEND, 9, data=b"x"), submit(1, RING, 9, (64, 0)), on_resource(0x102, 9),
                               on_resource(0x102, 1), command(0x201, context=1)]
    yield link(1, 1) + heap + [submit(1, SEND, 9, data=b"x"), on_resource(0x107, 9), submit(1, SEND, 9, data=b"y"),
                               on_resource(0x203, 9, 1)]
    yield link(1, 1) + link(2, 2, 40) + [submit(2, SEND, 1, data=b"x"), submit(2, RING, 1), submit(2, OPEN, 2)]
    yield link(1, 1) + [submit(1, WAIT, seen=(5, 0))] * 20 + [submit(1, SEND, data=bytes(40000))] * 10
    yield [create_context(1), submit(1, OPEN, 1), submit(1, SEND, 1), submit(1, 99), create_resource(0),
           attach_pages(7, []), create_context(0), create_context(3, b"\xff\n%s" * 16, 63)]
    yield link(1, 1) + [create_blob(9, [(0x40000, 0x8000), (0x30000, 0x1000)]), on_resource(0x202, 9, 1),
                        submit(1, SEND, 9, data=b"x"), on_resource(0x102, 9), create_blob(9, []),
                        create_blob(1, []), create_blob(8, [(0, 1)], 2, 1)]
    yield link(1, 1) + [create_host(9, 0x8000, 1), command(0x208, struct.pack("<IIQ", 9, 0, 0x4000)),
                        on_resource(0x202, 9, 1), submit(1, SEND, 9, data=b"x"), submit(1, RING, 9),
                        attach_pages(9, [(0, PAGE)]), command(0x209, struct.pack("<II", 9, 0)),
                        command(0x208, struct.pack("<IIQ", 9, 0, 64 << 20)), on_resource(0x102, 9),
                        create_host(8, 1 << 63, 1), create_host(8, 64 << 20, 1), create_host(7, PAGE, 1)]
    lives = link(1, 1) + heap + [submit(1, SEND, 9, data=b"x"), submit(1, WAIT, seen=(5, 1)), PAUSE,
                                 submit(1, SEND, data=b"y"), on_resource(0x102, 9)]
    yield lives + [PAUSE, REBOOT] + lives
    yield link(1, 1) + [create_host(9, 0x8000, 1), command(0x208, struct.pack("<IIQ", 9, 0, 0x4000)), REBOOT,
                        create_host(9, 0x8000, 1), command(0x208, struct.pack("<IIQ", 9, 0, 0x4000)), PAUSE,
                        command(0x209, struct.pack("<II", 9, 0)), on_resource(0x102, 9)]
    yield link(1, 1, 250) + [submit(1, SEND, data=b"x")]  # out of memory


def as_commands(session):
    return b"\1" + b"".join(struct.pack("<H", c) if isinstance(c, int) else struct.pack("<H", len(c)) + c
                            for c in session)


def as_memory(session):
    """Descriptors, the ring of what is available, and the commands with room for their answers."""
    descriptors, available, data, at = b"", b"", b"", 0x80000
    session = [c for c in session if not isinstance(c, int)]
    for number, one in enumerate(session[:32]):
        descriptors += struct.pack("<QIHH", at + len(data), len(one), 1, 2 * number + 1)
        data += one + bytes(-len(one) % 16)
        descriptors += struct.pack("<QIHH", at + len(data), 512, 2, 0)
        data += bytes(512)
        available += struct.pack("<H", 2 * number)
    memory = descriptors.ljust(1024, b"\0")
    memory += (struct.pack("<HH", 0, len(session[:32])) + available).ljust(1024, b"\0")
    return b"\0" + memory.ljust(at, b"\0") + data


def damaged(text, chance):
    text = bytearray(text)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(1, len(text))
        kind = chance.randrange(3)
        if kind == 0:
            text[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            text[at:at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x80"])
        else:
            del text[at:at + chance.randint(1, 40)]
    return bytes(text)


def damaged_memory(text, chance):
    """Without changing its size: where the queue and the commands are."""
    text = bytearray(text)
    places = [range(1, 1025), range(1025, 1200), range(0x80001, len(text))]
    for _ in range(chance.randint(1, 6)):
        at = chance.choice(chance.choice(places))
        text[at] = chance.choice([0, 1, 2, 4, 6, 0x80, 0xff, text[at] ^ 1 << chance.randrange(8)])
    return bytes(text)


def main():
    directory, count = sys.argv[1], int(sys.argv[2])
    os.makedirs(directory, exist_ok=True)
    chance = random.Random(1)
    inputs = [form(s) for s in sessions() for form in (as_commands, as_memory)]
    for _ in range(count):
        session = chance.choice(list(sessions()))
        inputs.append(damaged(as_commands(session), chance))
        inputs.append(damaged_memory(as_memory(session), chance))
    for number, text in enumerate(inputs):
        with open(os.path.join(directory, f"{number:04}"), "wb") as file:
            file.write(text)


main()
