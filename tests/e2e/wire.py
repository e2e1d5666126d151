# SPDX-License-Identifier: MIT

"""Just enough of the wire format (docs/wire.md) to speak it wrongly."""

import os
import re
import struct
import sys

MAGIC = 0x53474e54
MAJOR = 1
HELLO_SIZE = 48

FLAG_REPLY, FLAG_CALL, FLAG_FD, FLAG_EVENT = 1, 2, 4, 8
MIB = 1 << 20

# The fields of the hello of the build under test.
_digest = 0
_header_version = 0
_api_version = 0

# The numbers of protocol/ops.txt, by name.
OPS = {}
TYPES = {}


def init(arguments=None):
    """Reads the numbers of the build and source directories of the command line."""
    global _digest, _header_version, _api_version
    arguments = arguments or sys.argv
    if len(arguments) < 3:
        return
    with open(os.path.join(arguments[1], "protocol", "tongs_gen_types.h")) as file:
        text = file.read()
    _digest = int(re.search(r"TONGS_DIGEST\s+UINT64_C\((\w+)\)", text)[1], 0)
    _header_version = int(re.search(r"TONGS_HEADER_VERSION\s+(\d+)", text)[1])
    _api_version = 1 << 22 | 3 << 12
    with open(os.path.join(arguments[2], "protocol", "ops.txt")) as file:
        for kind, number, name in re.findall(r"^(op|type)(?:-alias)? (\d+) (\w+)", file.read(),
                                             re.M):
            (OPS if kind == "op" else TYPES)[name] = int(number)


def hello(magic=MAGIC, major=MAJOR, minor=0, size=None, reason="", digest=None, ops=0, structs=0):
    text = reason.encode() + b"\0" if reason else b""
    padding = bytes(-len(text) % 8)
    if size is None:
        size = HELLO_SIZE + len(text) + len(padding)
    return struct.pack("<IHHIIQIIIIQ", magic, major, minor, size, len(text),
                       _digest if digest is None else digest, _header_version, _api_version, ops,
                       structs, 0) + text + padding


def op(number, body=b"", flags=0, size=None):
    body += bytes(-len(body) % 8)
    number = OPS.get(number, number)
    return struct.pack("<HHI", number, flags, 8 + len(body) if size is None else size) + body


def object_id(type_name, slot, generation=0):
    return TYPES[type_name] << 56 | generation << 32 | slot


def split(stream):
    """(hello, [(number, flags, bytes of the whole op)]) of what a client sent."""
    size = struct.unpack_from("<I", stream, 8)[0]
    first, at, ops = stream[:size], size, []
    while at < len(stream):
        number, flags, length = struct.unpack_from("<HHI", stream, at)
        ops.append((number, flags, stream[at:at + length]))
        at += length
    return first, ops
