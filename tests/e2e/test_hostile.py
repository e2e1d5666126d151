# SPDX-License-Identifier: MIT

"""A client that breaks the protocol loses its own connection, with one logged reason.

The broker and the other clients go on: one of them works before and after each attack."""

import array
import contextlib
import ctypes
import fcntl
import mmap
import os
import re
import socket
import struct
import sys

import harness
import wire
from attack import Attacker, recorded_ops
from harness import Client, Server, client_environment, program, run, test
from wire import FLAG_CALL, FLAG_FD, MIB


@contextlib.contextmanager
def server_and_bystander(**changes):
    """A server, and a client on it that works before and after what happens in between."""
    server = Server(**changes)
    bystander = Client(server)
    bystander.ask("instance")
    assert bystander.ask("memory") == str(MIB)
    yield server
    assert bystander.ask("memory") == str(MIB)
    newcomer = Client(server)
    assert newcomer.ask("instance").startswith("Tongs")
    for client in [bystander, newcomer]:
        client.finish()
    assert server.end() == 0, server.output


def up_to(ops, name):
    """The ops before and with the first of the name."""
    numbers = [number for number, _, _ in ops]
    return [whole for _, _, whole in ops[:numbers.index(wire.OPS[name]) + 1]]


def one_of(ops, name):
    return next(whole for number, _, whole in ops if number == wire.OPS[name])


def device_id_in(ops):
    """A device's id is the first thing in the body of vkCreateBuffer."""
    value = struct.unpack_from("<Q", one_of(ops, "vkCreateBuffer"), 8)[0]
    assert value >> 56 == wire.TYPES["VkDevice"], hex(value)
    return value


# --- The hello -----------------------------------------------------------------------------------

@test
def a_hello_with_a_wrong_magic_is_refused():
    with server_and_bystander() as server:
        Attacker(server).send(wire.hello(magic=0x12345678)).expect_end("does not speak Tongs")
        Attacker(server).send(b"GET / HTTP/1.1\r\n\r\n" + bytes(64)).expect_end("does not speak")


@test
def a_hello_of_another_version_is_refused_with_a_reason_that_both_sides_know():
    with server_and_bystander() as server:
        attacker = Attacker(server).send(wire.hello(major=wire.MAJOR + 1))
        answer = attacker.receive(4096)
        assert b"update the older one" in answer, answer
        attacker.expect_end(f"version {wire.MAJOR + 1}")


@test
def a_hello_with_impossible_sizes_is_refused():
    with server_and_bystander() as server:
        for size in [0, 8, 47, 50, 1 << 20, 0xfffffff8]:
            Attacker(server).send(wire.hello(size=size)).expect_end("impossible size")
        Attacker(server).send(wire.hello(ops=0xffffffff, structs=0xffffffff)).expect_end(
            "shorter than its tables")


@test
def a_truncated_hello_ends_the_connection():
    with server_and_bystander() as server:
        for size in [1, 4, 20, wire.HELLO_SIZE - 1]:
            attacker = Attacker(server).send(wire.hello()[:size])
            attacker.socket.shutdown(socket.SHUT_WR)
            attacker.expect_refusal("in the middle of its hello")
        attacker = Attacker(server).send(wire.hello(size=wire.HELLO_SIZE + 8)[:wire.HELLO_SIZE])
        attacker.socket.shutdown(socket.SHUT_WR)
        attacker.expect_end("in the middle of its hello")


@test
def a_connection_without_any_byte_ends_without_ado():
    with server_and_bystander() as server:
        attacker = Attacker(server)
        attacker.socket.shutdown(socket.SHUT_WR)
        attacker.drain()
        assert server.log[attacker.logged:] == ""


@test
def a_client_that_never_says_hello_is_cut_off_after_five_seconds():
    """R17: the wait for the first bytes has a bound."""
    with server_and_bystander() as server:
        silent, slow = Attacker(server), Attacker(server).send(wire.hello()[:10])
        part = Attacker(server).send(wire.hello(size=wire.HELLO_SIZE + 8)[:wire.HELLO_SIZE])
        for attacker in [silent, slow]:
            attacker.drain()
        refusal = rf"turned pid {os.getpid()}, uid \d+ away: no hello came within 5 s"
        harness.wait_until(lambda: len(re.findall(refusal, server.log)) == 2)
        part.expect_end("no hello came within 5 s")


# --- Ops -----------------------------------------------------------------------------------------

@test
def garbage_after_the_hello_ends_the_connection():
    with server_and_bystander() as server:
        for garbage in [b"\xff" * 4096, b"\x80" * 4096, bytes(range(256)) * 16]:
            Attacker(server).shake_hands().send(garbage).expect_end(".")


@test
def an_op_of_an_impossible_size_ends_the_connection():
    with server_and_bystander() as server:
        for size in [0, 1, 7, 9, 12, 256 * MIB + 8, 0xfffffff8, 0xffffffff]:
            attack = wire.op("tongsInstanceFacts", flags=FLAG_CALL, size=size)
            Attacker(server).shake_hands().send(attack).expect_end("impossible size")


@test
def a_huge_op_that_never_comes_takes_no_memory():
    # As meson has it set, the C library writes to all memory that it gives.
    with server_and_bystander(MALLOC_PERTURB_="0") as server:
        attacker = Attacker(server).shake_hands()
        attacker.send(wire.op("tongsMemoryWrite", bytes(MIB), size=256 * MIB))
        harness.wait_until(lambda: pending_bytes(attacker.socket) == 0)
        with open(f"/proc/{attacker.worker}/status") as file:
            resident = int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) * 1024
        assert harness.sanitized() or resident < 64 * MIB, resident
        attacker.socket.shutdown(socket.SHUT_WR)
        attacker.expect_end("in the middle of an op")


def pending_bytes(connection):
    """What the other end has not read."""
    siocoutq = 0x5411
    return struct.unpack("i", fcntl.ioctl(connection, siocoutq, bytes(4)))[0]


@test
def a_handle_before_the_instance_ends_the_connection():
    # No object exists yet, so the handle must not reach the host driver.
    with server_and_bystander() as server:
        for name, flags, behind in [("vkDestroyInstance", 0, b""), ("vkDeviceWaitIdle", FLAG_CALL, b""),
                                    ("vkDestroyBuffer", 0, bytes(8)), ("vkFreeMemory", 0, bytes(8))]:
            for handle in (1, 0x7fff12345678, wire.object_id("VkInstance", 1)):
                body = struct.pack("<I", 1) * bool(flags) + struct.pack("<Q", handle) + behind
                attack = wire.op(name, body, flags=flags)
                Attacker(server).shake_hands().send(attack).expect_end("is malformed")


@test
def an_unknown_op_ends_the_connection():
    with server_and_bystander() as server:
        unused = [n for n in range(32) if n not in wire.OPS.values()]
        for number in [unused[0], unused[1], wire.OPS["tongsReserved"], 9999, 0xffff]:
            for flags in [0, FLAG_CALL]:
                attack = wire.op(number, bytes(8), flags)
                Attacker(server).shake_hands().send(attack).expect_end(f"op {number} is unknown")


@test
def a_recorded_command_outside_a_recording_ends_the_connection():
    with server_and_bystander() as server:
        for flags in [0, FLAG_CALL]:
            attack = wire.op("vkCmdDraw", bytes(32), flags)
            Attacker(server).shake_hands().send(attack).expect_end("vkCmdDraw came as another kind")


@test
def a_call_sent_as_a_post_and_a_post_sent_as_a_call_end_the_connection():
    with server_and_bystander() as server:
        for name, flags in [("vkCreateInstance", 0), ("vkCreateBufferView", FLAG_CALL)]:
            attack = wire.op(name, bytes(64), flags)
            Attacker(server).shake_hands().send(attack).expect_end(f"{name} came as another kind")
        for name in ["tongsInstanceFacts", "tongsSnapshot", "tongsMemoryRead"]:
            Attacker(server).shake_hands().send(wire.op(name, bytes(64))).expect_end("is unknown")


@test
def a_truncated_body_ends_the_connection():
    ops = recorded_ops()
    before = up_to(ops, "vkCreateDevice")
    whole = one_of(ops, "vkCreateBuffer")
    with server_and_bystander() as server:
        for size in range(8, len(whole), 8):
            cut = whole[:4] + struct.pack("<I", size) + whole[8:size]
            Attacker(server).shake_hands().replay(before).send(cut).expect_end(
                "vkCreateBuffer is malformed")


@test
def anything_but_commands_in_a_recording_ends_the_connection():
    ops = recorded_ops()
    before = up_to(ops, "vkAllocateCommandBuffers")
    recording = one_of(ops, "tongsRecord")
    with server_and_bystander() as server:
        target = recording[8:16]
        for inner in [wire.op("vkCreateBuffer", bytes(64)), wire.op("tongsRecord", target),
                      wire.op("vkCmdDispatch", bytes(16), size=0),
                      wire.op("vkCmdDispatch", bytes(16), size=4096), wire.op(9999), bytes(8)]:
            attack = wire.op("tongsRecord", target + inner)
            Attacker(server).shake_hands().replay(before).send(attack).expect_end(
                "tongsRecord holds something else than commands")


@test
def a_record_within_a_record_ends_the_connection():
    """R13: the dispatch of ops never enters itself, however right the inner op is."""
    ops = recorded_ops()
    before = up_to(ops, "vkAllocateCommandBuffers")
    recording = one_of(ops, "tongsRecord")
    target, commands = recording[8:16], recording[16:]
    with server_and_bystander() as server:
        for depth in (1, 2, 5000):
            attack = wire.op("tongsRecord", target + commands)
            for _ in range(depth):
                attack = wire.op("tongsRecord", target + attack)
            Attacker(server).shake_hands().replay(before).send(attack).expect_end(
                "tongsRecord holds something else than commands")


@test
def an_absent_handle_or_output_that_the_api_requires_ends_the_connection_and_is_named():
    """R6: no driver checks them."""
    ops = recorded_ops()
    before = up_to(ops, "vkAllocateCommandBuffers")
    target = one_of(ops, "tongsRecord")[8:16]
    device = struct.pack("<Q", device_id_in(ops))
    buffer = one_of(ops, "vkCreateBuffer")[-8:]

    def recorded(name, body):
        return wire.op("tongsRecord", target + wire.op(name, body))

    with server_and_bystander() as server:
        for attack, member in [
                (recorded("vkCmdCopyBuffer", bytes(24)), "vkCmdCopyBuffer.srcBuffer"),
                (recorded("vkCmdCopyBuffer", buffer + bytes(16)), "vkCmdCopyBuffer.dstBuffer"),
                (recorded("vkCmdBindPipeline", bytes(16)), "vkCmdBindPipeline.pipeline"),
                (recorded("vkCmdDispatchIndirect", bytes(16)), "vkCmdDispatchIndirect.buffer"),
                (recorded("vkCmdWaitEvents", struct.pack("<II", 1, 1) + bytes(32)),
                 "vkCmdWaitEvents.pEvents"),
                (wire.op("vkBindBufferMemory", device + buffer + bytes(16)), "vkBindBufferMemory.memory"),
                (wire.op("vkGetBufferMemoryRequirements", struct.pack("<I", 1) + device + bytes(12), FLAG_CALL),
                 "vkGetBufferMemoryRequirements.buffer"),
                (wire.op("vkGetBufferMemoryRequirements", struct.pack("<I", 1) + device + buffer + bytes(4), FLAG_CALL),
                 "vkGetBufferMemoryRequirements.pMemoryRequirements")]:
            Attacker(server).shake_hands().replay(before).send(attack).expect_end(
                f"malformed: {member} is absent, which the API requires")


# --- Ids -----------------------------------------------------------------------------------------

@test
def an_id_of_another_connection_ends_the_connection():
    ops = recorded_ops()
    with server_and_bystander() as server:
        # The instance is there; the device and all that follows is the other connection's.
        before = up_to(ops, "vkCreateInstance")
        for name in ["vkCreateDevice", "vkCreateBuffer", "vkCreateComputePipelines", "tongsRecord",
                     "vkQueueSubmit"]:
            Attacker(server).shake_hands().replay(before).send(one_of(ops, name)).expect_end(".")


@test
def a_stale_id_ends_the_connection():
    ops = recorded_ops()
    before = up_to(ops, "vkCreateBuffer")
    create = one_of(ops, "vkCreateBuffer")
    # The new id is the last thing in the op.
    device, buffer = struct.unpack_from("<Q", create, 8)[0], struct.unpack("<Q", create[-8:])[0]
    assert buffer >> 56 == wire.TYPES["VkBuffer"], hex(buffer)
    destroy = wire.op("vkDestroyBuffer", struct.pack("<QQ", device, buffer))
    with server_and_bystander() as server:
        Attacker(server).shake_hands().replay(before).send(destroy + destroy).expect_end(
            "vkDestroyBuffer is malformed")


@test
def a_wrong_generation_a_wrong_type_and_a_slot_beyond_the_table_end_the_connection():
    ops = recorded_ops()
    before = up_to(ops, "vkCreateBuffer")
    create = one_of(ops, "vkCreateBuffer")
    device, buffer = struct.unpack_from("<Q", create, 8)[0], struct.unpack("<Q", create[-8:])[0]
    with server_and_bystander() as server:
        for wrong in [buffer ^ 1 << 32, buffer ^ 3 << 56, buffer & ~0xffffffff | 0xfffffffe,
                      buffer & ~0xffffffff, device, 1 << 63]:
            destroy = wire.op("vkDestroyBuffer", struct.pack("<QQ", device, wrong))
            Attacker(server).shake_hands().replay(before).send(destroy).expect_end(
                "vkDestroyBuffer is malformed")
        again = create[:-8] + struct.pack("<Q", buffer)
        Attacker(server).shake_hands().replay(before).send(again).expect_end(".")


@test
def a_second_instance_on_one_connection_ends_it():
    ops = recorded_ops()
    before = up_to(ops, "vkCreateInstance")
    create = one_of(ops, "vkCreateInstance")
    with server_and_bystander() as server:
        Attacker(server).shake_hands().replay(before).send(create).expect_end(".")


# --- Shared memory -------------------------------------------------------------------------------
# R14: what a worker maps is memory that is sealed and has the size that the client says.

SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


@contextlib.contextmanager
def memfd(size, seals=SEALS):
    fd = os.memfd_create("attack", os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, size)
        if seals:
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        yield fd
    finally:
        os.close(fd)


def heap_create(device, size, number=1):
    return wire.op("tongsHeapCreate", struct.pack("<IIQQ", number, 0, device, size), FLAG_FD)


def attack_with_heap(reason, size, fds, number=1):
    ops = recorded_ops()
    before = up_to(ops, "vkCreateDevice")
    attack = heap_create(device_id_in(ops), size, number)
    with server_and_bystander() as server:
        Attacker(server).shake_hands().replay(before).send(attack, fds).expect_end(reason)


@test
def a_heap_without_its_descriptor_is_refused():
    attack_with_heap("without its file descriptor", MIB, [])


@test
def a_heap_that_could_shrink_is_refused():
    with memfd(MIB, seals=0) as fd:
        attack_with_heap("no sealed memory of that size", MIB, [fd])
    with memfd(MIB, seals=fcntl.F_SEAL_GROW) as fd:
        attack_with_heap("no sealed memory of that size", MIB, [fd])


@test
def a_heap_of_another_size_than_its_memory_is_refused():
    with memfd(MIB) as fd:
        for size in [MIB - 4096, MIB + 4096, 1 << 40]:
            attack_with_heap("no sealed memory of that size", size, [fd])
        for size in [0, 1 << 63]:
            attack_with_heap("of an impossible size", size, [fd])


@test
def a_heap_that_is_no_memory_is_refused():
    ends = os.pipe()
    with open("/dev/zero", "rb") as zero, socket.socket(socket.AF_UNIX) as unconnected:
        for fd in [ends[0], zero.fileno(), unconnected.fileno()]:
            attack_with_heap("no sealed memory of that size", MIB, [fd])
    for fd in ends:
        os.close(fd)


@test
def a_heap_with_the_number_of_another_is_refused():
    ops = recorded_ops()
    before = up_to(ops, "vkCreateDevice")
    attack = heap_create(device_id_in(ops), MIB)
    with memfd(MIB) as fd, server_and_bystander() as server:
        Attacker(server).shake_hands().replay(before).send(attack, [fd]).send(
            attack, [fd]).expect_end("its number is taken")


@test
def descriptors_that_no_op_takes_end_the_connection():
    with memfd(MIB) as fd, server_and_bystander() as server:
        facts = wire.op("tongsInstanceFacts", bytes(8), FLAG_CALL)
        Attacker(server).shake_hands().send(facts, [fd] * 100).expect_end("file descriptors came")
        attacker = Attacker(server).shake_hands()
        for _ in range(20):
            attacker.send(facts, [fd])
        attacker.expect_end("file descriptors came")
        Attacker(server).send(wire.hello(), [fd] * 100).expect_end("file descriptors came")


@test
def an_op_that_takes_no_descriptor_must_not_announce_one():
    with memfd(MIB) as fd, server_and_bystander() as server:
        facts = wire.op("tongsInstanceFacts", bytes(8), FLAG_CALL | FLAG_FD)
        Attacker(server).shake_hands().send(facts, [fd]).expect_end("and takes none")
        Attacker(server).shake_hands().send(facts).expect_end("and takes none")


def memory_import(ops, fd_number):
    """A vkAllocateMemory with VkImportMemoryFdInfoKHR, made of a recorded one without a chain."""
    plain = one_of(ops, "vkAllocateMemory")
    tag, device, count, chain = struct.unpack_from("<IQII", plain, 8)
    assert count == 1 and chain == 0, plain
    opaque_fd = 1
    imports = struct.pack("<IIiI", 1000074000, opaque_fd, fd_number, 0)
    head = plain[8:24]
    return head, imports, plain[28:]


@test
def an_import_of_a_descriptor_that_did_not_come_ends_the_connection():
    ops = recorded_ops()
    before = up_to(ops, "vkCreateDevice")
    head, imports, rest = memory_import(ops, 5)
    call = wire.op("vkAllocateMemory", head + imports + rest, FLAG_CALL)
    denied = wire.op("vkAllocateMemory", one_of(ops, "vkAllocateMemory")[8:], FLAG_CALL | FLAG_FD)
    with memfd(MIB) as fd, server_and_bystander() as server:
        def attacker():
            return Attacker(server).shake_hands().replay(before)
        attacker().send(call).expect_end("without its file descriptor")
        attacker().send(denied, [fd]).expect_end("one that it denies")
        attacker().send(denied).expect_end("without its file descriptor")
        semaphore = wire.op("vkImportSemaphoreFdKHR", bytes(64), FLAG_CALL | FLAG_FD)
        attacker().send(semaphore).expect_end("without its file descriptor")


# --- Shared rings ----------------------------------------------------------------------------------

RING_SIZE = 64 << 10
CHANNEL_SIZE = (32 << 10) + 2 * RING_SIZE
CONSUMER_SLEEPS = 128


def channel_call(ops_size=RING_SIZE, replies_size=RING_SIZE):
    return wire.op("tongsChannel", struct.pack("<III", 1, ops_size, replies_size), FLAG_CALL | FLAG_FD)


@contextlib.contextmanager
def channel(server):
    """An attacker that has shared rings with its worker, and their memory."""
    with memfd(CHANNEL_SIZE) as fd, mmap.mmap(fd, CHANNEL_SIZE) as memory:
        attacker = Attacker(server).shake_hands().send(channel_call(), [fd])
        number, _, size = struct.unpack("<HHI", attacker.receive(16)[:8])
        assert (number, size) == (wire.OPS["tongsChannel"], 16), (number, size)
        yield attacker, memory


FUTEX = {"x86_64": 202, "aarch64": 98}.get(os.uname().machine)
FUTEX_WAKE = 1


def set_head(memory, value):
    """Says how many bytes there are, and wakes the worker, which may sleep."""
    if FUTEX is None:
        raise harness.Skip("the number of the futex system call is not known here")
    struct.pack_into("<I", memory, 0, value)
    word = ctypes.c_uint32.from_buffer(memory, CONSUMER_SLEEPS)
    word.value = 0
    ctypes.CDLL(None).syscall(FUTEX, ctypes.byref(word), FUTEX_WAKE, 1, None, None, 0)
    del word


@test
def rings_without_memory_that_cannot_shrink_are_refused():
    with server_and_bystander() as server:
        def attacker():
            return Attacker(server).shake_hands()
        attacker().send(channel_call()).expect_end("without its file descriptor")
        with memfd(CHANNEL_SIZE, seals=0) as fd:
            attacker().send(channel_call(), [fd]).expect_end("tongsChannel was refused")
        with memfd(CHANNEL_SIZE) as fd:
            for sizes in [(RING_SIZE, 2 * RING_SIZE), (RING_SIZE + 8, RING_SIZE - 8), (0, 0),
                          (1 << 31, 1 << 31), (0xffffffff, 1)]:
                attacker().send(channel_call(*sizes), [fd]).expect_end("tongsChannel was refused")
        with open("/dev/null", "rb") as null:
            attacker().send(channel_call(), [null.fileno()]).expect_end("tongsChannel was refused")


@test
def counters_of_a_ring_that_say_the_impossible_end_the_connection():
    with server_and_bystander() as server:
        for head in [RING_SIZE + 1, 1 << 31, 0xffffffff]:
            with channel(server) as (attacker, memory):
                set_head(memory, head)
                attacker.expect_end("more ops than there is room for")


@test
def nonsense_in_a_ring_ends_the_connection():
    with server_and_bystander() as server:
        for nonsense in [b"\xff" * 64, wire.op(9999), wire.op("tongsChannel", bytes(16), FLAG_CALL)]:
            with channel(server) as (attacker, memory):
                memory[32 << 10:(32 << 10) + len(nonsense)] = nonsense
                set_head(memory, len(nonsense))
                attacker.expect_end("")


@test
def a_client_that_leaves_its_rings_full_of_nothing_leaves_no_worker():
    with server_and_bystander() as server:
        with channel(server) as (attacker, memory):
            memory[:] = b"\xa5" * CHANNEL_SIZE
            attacker.socket.close()


@test
def many_attackers_at_once_are_ended_and_the_broker_goes_on():
    rounds = 4 if harness.sanitized() else 20   # of ten; a worker takes a second to start there
    with server_and_bystander() as server:
        for _ in range(rounds):
            attackers = [Attacker(server) for _ in range(10)]
            for attacker in attackers:
                attacker.send(b"\xff" * 64)
            for attacker in attackers:
                attacker.drain()
        harness.wait_until(lambda: server.log.count("does not speak Tongs") == 10 * rounds)


if __name__ == "__main__":
    wire.init()
    sys.exit(harness.main())
