# SPDX-License-Identifier: MIT
"""`tongs dump` prints every op, and what is damaged with its place.

   test_dump.py TONGS CAPTURE
"""

import os
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402
from tap import test  # noqa: E402

TONGS, CAPTURE = sys.argv[1:3]
HELLO = 48

def dump(data):
    result = subprocess.run([TONGS, "dump", "-"], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return result.returncode, result.stdout.decode().splitlines(), result.stderr.decode()


def ops(data):
    """(offset, op, size) of each op behind the hello."""
    at, out = HELLO, []
    while at < len(data):
        op, _, size = struct.unpack_from("<HHI", data, at)
        out.append((at, op, size))
        at += size
    return out


with open(CAPTURE, "rb") as f:
    capture = f.read()


@test
def a_whole_capture_is_printed_line_by_line():
    code, lines, err = dump(capture)
    assert code == 0 and not err, (code, err, lines[-1])
    assert lines[0].startswith("00000000  hello, 48 bytes: Vulkan "), lines[0]
    top = [line for line in lines[1:] if not line.startswith(" ", 9 + 1)]
    assert [int(line.split()[0], 16) for line in top] == [at for at, _, _ in ops(capture)]


@test
def a_call_reads_as_in_c():
    _, lines, _ = dump(capture)
    line = next(line for line in lines if " vkCreateBuffer(" in line)
    assert "device=VkDevice#3.1, pCreateInfo={sType=VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, pNext=" in line, line
    assert "sharingMode=VK_SHARING_MODE_" in line and re.search(r"pBuffer=new \[VkBuffer#8\.1\]\) -> reply \d+$", line), line


@test
def the_commands_of_a_record_are_indented_below_it():
    _, lines, _ = dump(capture)
    at = next(i for i, line in enumerate(lines) if "tongsRecord(commandBuffer=VkCommandBuffer#5.1" in line)
    assert all(line[8:12] == "    " and line[12:].startswith("vkCmd") or "vkBegin" in line or "vkEnd" in line
               for line in lines[at + 1:at + 20]), lines[at + 1:at + 20]


@test
def a_capture_that_breaks_off_says_where():
    at, _, size = ops(capture)[5]
    for cut in (at + 4, at + size - 1, 7, 0):
        code, lines, err = dump(capture[:cut])
        assert code == 1 and "breaks off" in lines[-1] and "damaged where the last line says" in err, (cut, lines[-1], err)


@test
def what_is_no_capture_is_refused():
    code, lines, _ = dump(b"GET / HTTP/1.1\r\n" * 8)
    assert code == 1 and "does not speak Tongs' protocol" in lines[-1], lines


@test
def a_malformed_op_is_named_and_skipped():
    at, _, size = ops(capture)[0]
    damaged = bytearray(capture)
    damaged[at + 12:at + size] = b"\xff" * (size - 12)
    code, lines, _ = dump(bytes(damaged))
    assert code == 1 and f"{at:08x}  " in lines[1] and "is malformed: " in lines[1], lines[1]
    assert len([line for line in lines if "is malformed" in line]) == 1 and len(lines) > 100
    assert lines[-1].endswith(f"1 ops could not be decoded, the first at {at:08x}"), lines[-1]


@test
def an_unknown_op_is_skipped():
    extra = struct.pack("<HHIQ", 60000, 0, 16, 7)
    code, lines, _ = dump(capture[:HELLO] + extra + capture[HELLO:])
    assert code == 1 and "op 60000" in lines[1] and "vkCreateInstance" in lines[2], lines[:3]


@test
def an_op_of_our_own_is_named():
    _, lines, _ = dump(capture)
    for name in ("tongsHeapCreate(number=", "tongsMemoryWrite(device=VkDevice#3.1, memory=", "tongsSync() -> reply 7",
                 "tongsSnapshot(instance=VkInstance#1.1, ids=["):
        assert any(f"  {name}" in line for line in lines), name


@test
def the_members_of_an_op_of_our_own_are_printed():
    own = struct.pack("<HHIQQIIIII", 9, 0, 48, 3 << 56 | 1 << 32 | 3, 0, 1, 2, 3, 4, 5)
    code, lines, _ = dump(capture[:HELLO] + own + bytes(4))
    assert code == 0, lines
    assert lines[1].endswith("tongsGetQueue(device=VkDevice#3.1, queue=VK_NULL_HANDLE, flags=1, family=2, index=3, "
                             "slot=4, epoch=5)"), lines


@test
def an_op_of_our_own_that_is_too_short_is_malformed():
    own = struct.pack("<HHIQQ", 9, 0, 24, 1, 2)
    code, lines, _ = dump(capture[:HELLO] + own)
    assert code == 1 and "tongsGetQueue, 24 bytes, is malformed: it ends before" in lines[1], lines


@test
def an_impossible_size_ends_it():
    for size in (0, 4, 12, 0xfffffff8):
        code, lines, _ = dump(capture[:HELLO] + struct.pack("<HHIQ", 32, 0, size, 0))
        assert code == 1 and "impossible size" in lines[-1], lines


sys.exit(tap.main())
