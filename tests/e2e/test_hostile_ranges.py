# SPDX-License-Identifier: MIT

"""R4: a range that is not in its object ends the connection, with a reason that names the command and the rule.

The host driver checks none of them: lavapipe reads and writes beyond a buffer."""

import re
import struct
import sys

import harness
import wire
from attack import Attacker, recorded_ops
from harness import Client, Server, test

FAR = 1 << 40
WHOLE = (1 << 64) - 1
QUERIES = 4
BUFFER, MEMORY, POOL = ("a range is not in its " + what for what in ("buffer", "memory", "pool"))
QUERY = "a query is not in its pool"


class Stream:
    """A good client's stream up to its recording, and a query pool."""

    def __init__(self, name="compute"):
        self.ops = recorded_ops(name)
        numbers = [number for number, _, _ in self.ops]
        self.before = [whole for _, _, whole in self.ops[:numbers.index(wire.OPS["tongsRecord"])]]
        recording = self.one("tongsRecord")
        self.target = recording[8:16]
        self.begin = recording[16:16 + struct.unpack_from("<I", recording, 20)[0]]
        self.device = self.one("vkCreateBuffer")[8:16]
        self.buffer = struct.unpack("<Q", self.one("vkCreateBuffer")[-8:])[0]
        self.memory = self.last_id(self.one("vkAllocateMemory"), "VkDeviceMemory")
        self.pool = wire.object_id("VkQueryPool", 200)
        occlusion = struct.pack("<IIIIII", 1, 0, 0, 0, QUERIES, 0)
        self.before.append(wire.op("vkCreateQueryPool", self.device + occlusion + struct.pack("<IQ", 1, self.pool)))

    def one(self, name):
        return next(whole for number, _, whole in self.ops if number == wire.OPS[name])

    @staticmethod
    def last_id(whole, type_name):
        found = [at for at in range(8, len(whole) - 7, 4)
                 if whole[at + 7] == wire.TYPES[type_name] and whole[at + 2:at + 4] == b"\0\0"]
        return struct.unpack_from("<Q", whole, found[-1])[0]

    def record(self, name, form, *values):
        return wire.op("tongsRecord", self.target + self.begin + wire.op(name, struct.pack("<" + form, *values)))


def buffer_attacks(s):
    b, copy = s.buffer, "QQIIQQQ"
    yield BUFFER, "vkCmdCopyBuffer", copy, (b, b, 1, 3, FAR, 0, 4)
    yield BUFFER, "vkCmdCopyBuffer", copy, (b, b, 1, 3, 0, FAR, 4)
    yield BUFFER, "vkCmdCopyBuffer", copy, (b, b, 1, 3, 4, 0, WHOLE)
    yield BUFFER, "vkCmdFillBuffer", "QQQI", (b, 0, FAR, 0)
    yield BUFFER, "vkCmdFillBuffer", "QQQI", (b, FAR, WHOLE, 0)
    yield BUFFER, "vkCmdUpdateBuffer", "QQQIII", (b, WHOLE - 3, 4, 4, 0, 0)
    yield BUFFER, "vkCmdDispatchIndirect", "QQ", (b, FAR)
    yield BUFFER, "vkCmdDrawIndirect", "QQII", (b, 0, 0xffffffff, 0xfffffffc)
    yield BUFFER, "vkCmdDrawIndexedIndirect", "QQII", (b, FAR, 1, 0)
    yield BUFFER, "vkCmdDrawIndirectCount", "QQQQII", (b, 0, b, FAR, 1, 0)
    yield BUFFER, "vkCmdBindIndexBuffer", "QQI", (b, FAR, 0)
    yield BUFFER, "vkCmdBindVertexBuffers", "IIIQIQ", (0, 1, 1, b, 1, FAR)
    yield BUFFER, "vkCmdCopyQueryPoolResults", "QIIQQQI", (s.pool, 0, 2, b, FAR, 4, 0)


def query_attacks(s):
    yield QUERY, "vkCmdResetQueryPool", "QII", (s.pool, 0, QUERIES + 1)
    yield QUERY, "vkCmdResetQueryPool", "QII", (s.pool, 0xffffffff, 2)
    yield QUERY, "vkCmdBeginQuery", "QII", (s.pool, QUERIES, 0)
    yield QUERY, "vkCmdEndQuery", "QI", (s.pool, 0xffffffff)
    yield QUERY, "vkCmdWriteTimestamp", "IQI", (1, s.pool, QUERIES)
    yield QUERY, "vkCmdCopyQueryPoolResults", "QIIQQQI", (s.pool, 1, QUERIES, s.buffer, 0, 4, 0)


def attack_each(attacks):
    stream = Stream()
    server = Server()
    for rule, name, form, values in attacks(stream):
        Attacker(server).shake_hands().replay(stream.before).send(
            stream.record(name, form, *values)).expect_end(f"a {name} is malformed: {rule}")
    bystander = Client(server)
    assert bystander.ask("instance").startswith("Tongs")
    bystander.finish()
    assert server.end() == 0, server.output


@test
def a_command_with_a_range_beyond_its_buffer_ends_the_connection():
    attack_each(buffer_attacks)


@test
def a_command_with_a_query_beyond_its_pool_ends_the_connection():
    attack_each(query_attacks)


@test
def a_binding_and_a_descriptor_beyond_their_objects_end_the_connection():
    stream, server = Stream(), Server()
    update = bytearray(stream.one("vkUpdateDescriptorSets"))
    at = update.index(struct.pack("<Q", stream.buffer))
    struct.pack_into("<Q", update, at + 8, FAR)
    for attack, reason in [
            (wire.op("vkBindBufferMemory", stream.device + struct.pack("<QQQ", stream.buffer, stream.memory, FAR)), MEMORY),
            (bytes(update), BUFFER)]:
        Attacker(server).shake_hands().replay(stream.before).send(attack).expect_end(f"malformed: {reason}")
    assert server.end() == 0, server.output


@test
def a_range_to_the_very_end_and_a_whole_size_are_carried_out():
    stream, server = Stream(), Server()
    for name, form, values in [("vkCmdFillBuffer", "QQQI", (stream.buffer, 4, WHOLE, 0)),
                               ("vkCmdResetQueryPool", "QII", (stream.pool, 1, QUERIES - 1)),
                               ("vkCmdBindVertexBuffers", "IIIQIQ", (0, 1, 1, 0, 1, 0))]:
        Attacker(server).shake_hands().replay(stream.before).send(
            stream.record(name, form, *values) + wire.op(9999)).expect_end("op 9999 is unknown")
    assert server.end() == 0, server.output


@test
def a_descriptor_of_another_size_than_the_devices_ends_the_connection():
    """lavapipe wrote 54 bytes into one."""
    if harness.run([harness.program("descriptor_buffer")], harness.client_environment()).returncode == harness.SKIPPED:
        raise harness.Skip("the host driver has no descriptors as bytes")
    ops, server = recorded_ops("descriptor_buffer"), Server()
    numbers = [number for number, _, _ in ops]
    first = numbers.index(wire.OPS["vkGetDescriptorEXT"])
    before, get = [whole for _, _, whole in ops[:first]], ops[first][2]
    sizes = [at for at in range(20, len(get) - 7, 4) if 8 <= struct.unpack_from("<Q", get, at)[0] <= 256]
    for size in (1, 1 << 20):
        attack = bytearray(get)
        struct.pack_into("<Q", attack, sizes[-1], size)
        Attacker(server).shake_hands().replay(before).send(bytes(attack)).expect_end(
            f"a vkGetDescriptorEXT asks for {size} bytes")
    assert server.end() == 0, server.output


if __name__ == "__main__":
    wire.init()
    sys.exit(harness.main())
