# SPDX-License-Identifier: MIT

"""A client whose server answers nonsense ends by itself: with a status, by no signal, and in time.

A proxy stands between the client and a real worker, and changes replies on their way back. Two
tests at the end have an honest server: they are about what a client keeps to itself."""

import collections
import concurrent.futures
import os
import random
import re
import socket
import struct
import sys

import client_program
import harness
import wire
from harness import Server, client_environment, program, run, test
from proxy import BODY, TAG, Close, Proxy
from wire import OPS

AT_ONCE = 8
SEEDS = 48
NAME_SIZE = 256
# VkQueueFamilyProperties that the driver has room for.
FAMILIES = 64

STATUSES = (0, 1, 77)

PROGRAMS = [("compute",), ("many", "enumerations", "properties", "memory_types")]


# --- Changes -------------------------------------------------------------------------------------

def put(reply, at, form, *values):
    """The reply with these numbers at that byte of its members."""
    changed = bytearray(reply)
    struct.pack_into("<" + form, changed, BODY + at, *values)
    return bytes(changed)


def resize(reply, size):
    return reply[:4] + struct.pack("<I", size) + reply[8:]


def cut(reply, size):
    size = max(16, size & ~7)
    return resize(reply[:size], size)


def only(name, function):
    """A change of the replies to this op."""
    return lambda number, reply: function(reply) if number == OPS[name] else None


def once(number, function):
    """A change of the first reply to this op."""
    left = [number]

    def change(n, reply):
        if left and n == number:
            left.clear()
            return function(reply)
        return None
    return change


# --- The client -----------------------------------------------------------------------------------

def outcome(url, command, what, statuses=STATUSES):
    """Runs the program; it must end by itself."""
    # The test changes replies, so they must come by the socket.
    result = run([program(command[0]), *command[1:]], client_environment(url, TONGS_DEBUG="socket"))
    assert result.returncode in statuses, (what, command, result)
    for word in ["Sanitizer", "runtime error:", "stack smashing", "buffer overflow"]:
        assert word not in result.stderr, (what, command, result.stderr)
    return result


def try_changes(changes, programs=PROGRAMS, may_miss=False):
    """Each of the changes, as (what, change, statuses), with each of the programs. Answers how the
    programs ended."""
    server = Server()

    def one(job):
        (what, change, statuses), command = job
        with Proxy(server, change) as proxy:
            result = outcome(proxy.url, command, what, statuses)
            assert proxy.changed or may_miss, f"{what}: {command} had no such reply: {proxy.seen}"
        return result.returncode

    jobs = [(c, p) for c in changes for p in programs]
    if harness.sanitized() and len(jobs) > 24:   # each takes seconds; the plain build tries all
        jobs = jobs[::5]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        ends = collections.Counter(pool.map(one, jobs))
    harness.diag(f"{len(jobs)} runs, of which ended with status: {dict(sorted(ends.items()))}")
    return ends


REFUSED = (1, 77)


@test
def programs_work_through_the_proxy_that_changes_nothing():
    try_changes([("nothing", lambda n, r: None, (0,))], may_miss=True)


@test
def memory_types_and_heaps_that_cannot_be_are_refused():
    name = "vkGetPhysicalDeviceMemoryProperties"
    # u32 count, 32 types of 8 bytes, u32 count, 16 heaps of 12 bytes.
    types, heaps = 0, 4 + 32 * 8
    changes = []
    for what, at, value in [("memoryTypeCount", types, 0xffffffff), ("memoryTypeCount", types, 33),
                            ("memoryHeapCount", heaps, 0xffffffff), ("memoryHeapCount", heaps, 17),
                            ("memoryHeapCount", heaps, 0), ("heapIndex", types + 8, 200),
                            ("heapIndex", types + 8, 0xffffffff)]:
        changes.append((f"{what} {value}",
                        only(name, lambda r, at=at, value=value: put(r, at, "I", value)), REFUSED))
    try_changes(changes)


@test
def descriptors_that_are_denied_invented_or_too_many_end_the_program():
    """The proxy itself loses those that the worker sends."""
    def flagged(reply):
        return reply[:2] + struct.pack("<H", wire.FLAG_REPLY | wire.FLAG_FD) + reply[4:]

    def unflagged(reply):
        return reply[:2] + struct.pack("<H", wire.FLAG_REPLY) + reply[4:]

    leak = [("external", "--leak")]
    empty = os.memfd_create("empty")
    many = [("vkGetPhysicalDeviceProperties2", lambda r: (r, [empty] * 20)),
            ("vkGetPhysicalDeviceProperties2", lambda r: (flagged(r), [empty])),
            ("vkGetPhysicalDeviceProperties2", flagged),
            ("vkAllocateMemory", lambda r: (r, [empty] * 6)),
            ("tongsMemoryFd", unflagged),
            ("tongsMemoryFd", lambda r: (r, [empty])),
            ("tongsMemoryFd", lambda r: (put(r, 4, "Q", 1 << 63), [empty])),
            ("vkGetMemoryFdKHR", unflagged),
            ("vkGetMemoryFdKHR", lambda r: (r, [empty]))]
    changes = [(f"{i}: {name}", only(name, function), (1, 77))
               for i, (name, function) in enumerate(many)]
    try_changes(changes, leak, may_miss=True)
    os.close(empty)


def without_nul(reply):
    """Each string that speaks of the driver, without an end."""
    changed = bytearray(reply)
    for found in re.finditer(rb"llvmpipe|Mesa|LLVM", reply):
        end = min(found.start() + NAME_SIZE, len(reply))
        changed[found.start():end] = b"A" * (end - found.start())
    return bytes(changed)


@test
def names_without_an_end_are_cut():
    name = "vkGetPhysicalDeviceProperties2"

    def device_name(reply):
        at = reply.rindex(b"llvmpipe (")
        return reply[:at] + b"A" * NAME_SIZE + reply[at + NAME_SIZE:]

    def everything(reply):
        # All bytes of the properties behind the name: limits and all.
        at = reply.rindex(b"llvmpipe (")
        return reply[:at] + b"A" * (len(reply) - at)

    changes = [("deviceName", only(name, device_name), STATUSES),
               ("all names", only(name, without_nul), STATUSES),
               ("all behind the name", only(name, everything), STATUSES)]
    try_changes(changes)
    server = Server()
    for _, change, _ in changes[:1]:
        with Proxy(server, change) as proxy:
            application = harness.Client(proxy.url, TONGS_DEBUG="socket")
            answer = application.ask("instance")
            application.finish()
        assert re.fullmatch(r"Tongs \(A{240}\)", answer), answer


@test
def impossible_answers_about_the_devices_are_refused():
    strategies, count = 8, 40
    changes = [(what, only("tongsSnapshot", change), statuses) for what, change, statuses in [
        ("devices", lambda r: put(r, 0, "I", 0xffffffff), REFUSED),
        ("no devices", lambda r: put(r, 0, "I", 0), REFUSED),
        ("extensions", lambda r: put(r, count, "I", 0xffffffff), REFUSED),
        ("extensions", lambda r: put(r, count, "I", 0x10000), REFUSED),
        ("apiVersion", lambda r: put(r, 4, "I", 0xffffffff), STATUSES),
        ("apiVersion", lambda r: put(r, 4, "I", 0), STATUSES),
        ("strategies", lambda r: put(r, strategies, "32B", *[255] * 32), STATUSES),
        ("an extension's name", lambda r: re.sub(rb"(VK_KHR_maintenance1)\0", rb"\1x", r), REFUSED),
        ("length of a name", lambda r: put(r, count + 4, "I", 0xfffffffc), REFUSED)]]
    try_changes(changes)


@test
def impossible_answers_about_the_instance_are_refused():
    count = 4
    changes = [(what, only("tongsInstanceFacts", change), statuses) for what, change, statuses in [
        ("extensions", lambda r: put(r, count, "I", 0xffffffff), REFUSED),
        ("extensions", lambda r: put(r, count, "I", 0x100), REFUSED),
        ("version", lambda r: put(r, 0, "I", 0xffffffff), STATUSES),
        ("version", lambda r: put(r, 0, "I", 0), STATUSES),
        ("length of a name", lambda r: put(r, count + 4, "I", 0xfffffffc), REFUSED)]]
    try_changes(changes)


@test
def counts_beyond_the_capacity_are_refused():
    name = "vkGetPhysicalDeviceQueueFamilyProperties"
    size = 24 # of VkQueueFamilyProperties, which is its bytes

    def full(reply, count):
        body = struct.pack("<QI", count, count * size // 4) + bytes(count * size)
        reply = reply[:BODY] + body
        reply += bytes(-len(reply) % 8)
        return resize(reply, len(reply))

    changes = [(f"count {count}", only(name, lambda r, count=count: put(r, 0, "Q", count)),
                statuses)
               for count, statuses in [(FAMILIES + 1, REFUSED), (0xffffffff, REFUSED),
                                       ((1 << 64) - 1, REFUSED), (1 << 32 | 1, STATUSES),
                                       (FAMILIES, STATUSES), (0, STATUSES)]]
    changes += [(f"{count} numbers", only(name, lambda r, count=count: put(r, 8, "I", count)),
                 statuses) for count, statuses in [(0, STATUSES), (7, REFUSED),
                                                   (FAMILIES * 6 + 6, REFUSED),
                                                   (0xffffffff, REFUSED)]]
    changes += [(f"{count} whole ones", only(name, lambda r, count=count: full(r, count)), REFUSED)
                for count in [FAMILIES + 1, 1000]]
    changes.append(("as many as there is room for", only(name, lambda r: full(r, FAMILIES)),
                    STATUSES))
    try_changes(changes)


def close_after(data):
    raise Close(data)


# Ways to answer no call properly, whatever it is.
SPOILED = {
    "an unknown tag": lambda r: r[:TAG] + struct.pack("<I", 0xdeadbeef) + r[BODY:],
    "another op's number": lambda r: struct.pack("<H", 9999) + r[2:],
    "no reply flag": lambda r: r[:2] + b"\0\0" + r[4:],
    "size 0": lambda r: resize(r, 0),
    "size 4": lambda r: resize(r, 4),
    "size 8": lambda r: resize(r, 8)[:8],
    "size 4 GiB": lambda r: resize(r, 0xfffffff8),
    "size 256 MiB and an end": lambda r: close_after(resize(r, 256 << 20)),
    "half of it and an end": lambda r: close_after(r[:max(12, len(r) // 2)]),
    "the header and an end": lambda r: close_after(r[:8]),
    "an end": lambda r: close_after(b""),
    "it twice": lambda r: r + r,
    "a tail": lambda r: resize(r + bytes(64), len(r) + 64),
}


def numbers_of(command):
    """The ops that the program has replies to."""
    with Proxy(Server()) as proxy:
        outcome(proxy.url, command, "nothing", (0,))
    numbers = sorted(set(proxy.seen))
    assert {OPS["tongsSnapshot"], OPS["vkCreateInstance"]} <= set(numbers), numbers
    return numbers


@test
def replies_that_break_the_protocol_end_the_program_at_each_call():
    names = {v: k for k, v in OPS.items()}
    # A second reply may come when nobody looks any more, and a tail of Tongs' own is passed over. So is an
    # event that is not known: a server that does not tell of completions is waited for.
    try_changes([(f"{what} for {names[number]}", once(number, change),
                  STATUSES if what in ("it twice", "a tail") else REFUSED)
                 for number in numbers_of(PROGRAMS[0]) for what, change in SPOILED.items()
                 if (what, names[number]) != ("another op's number", "tongsCompletion")],
                PROGRAMS[:1])


@test
def replies_that_are_shorter_than_their_members_end_the_program_at_each_call():
    names = {v: k for k, v in OPS.items()}
    for command in PROGRAMS:
        changes = []
        for number in numbers_of(command):
            for what, size in [("an empty", lambda r: 16), ("half a", lambda r: len(r) // 2),
                               ("a short", lambda r: len(r) - 8)]:
                changes.append((f"{what} reply to {names[number]}",
                                once(number, lambda r, size=size: cut(r, size(r))), STATUSES))
        # One that holds no more than a number cannot be cut.
        try_changes(changes, [command], may_miss=True)


def random_change(seed):
    """Spoils one reply, which one being random too."""
    chance = random.Random(seed)
    left = [chance.randrange(40 if seed % 2 else 12)]

    def change(number, reply):
        left[0] -= 1
        if left[0] != -1:
            return None
        kind = seed % 3
        if kind == 0: # Bytes of any kind. What looks like a long op has its end here.
            raise Close(chance.randbytes(chance.choice([4, 8, 16, len(reply), 4096])))
        if kind == 1: # A proper header before any members.
            return reply[:BODY] + chance.randbytes(len(reply) - BODY)
        changed = bytearray(reply)
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(BODY, len(reply))] = chance.choice([0, 1, 0x7f, 0x80, 0xff])
        return bytes(changed)
    return change


@test
def random_bytes_in_place_of_a_reply_end_nothing_but_the_program():
    ends = collections.Counter()
    for command in PROGRAMS:
        ends += try_changes([(f"seed {seed}", random_change(seed), STATUSES)
                             for seed in range(SEEDS)], [command], may_miss=True)
    assert ends[1] + ends[77] > sum(ends.values()) // 4, ends


# --- With an honest server -----------------------------------------------------------------------

WORDS = 256
PRIVATE_DATA_FEATURES = 1000295000
PRIVATE_DATA_SLOT = 1000295002
OBJECT_TYPE_BUFFER = 9


def run_client(mode, url):
    result = run([sys.executable, os.path.abspath(__file__), "--client", mode],
                 client_environment(url, foreign=True))
    assert result.returncode in (0, 77), result
    assert "Sanitizer" not in result.stderr, result.stderr
    if result.returncode == 77:
        raise harness.Skip(result.stdout.strip())
    return result.stdout


@test
def a_fork_that_destroys_everything_leaves_its_parent_the_device():
    for _, server in harness.transports():
        assert run_client("fork", server) == "child 0, sums right right right\n"


@test
def private_data_of_an_object_is_not_that_of_the_one_that_was_there_before():
    assert run_client("private", None) == "42 0 43 0\n"


class Driver:
    """Calls of Vulkan with structs made of numbers."""

    def __init__(self, private_data=False):
        c = client_program.ctypes
        app = client_program.ApplicationInfo(type=0, api_version=1 << 22 | 3 << 12)
        info = client_program.InstanceCreateInfo(type=1, app=c.pointer(app))
        self.instance, self.device, self.queue = c.c_void_p(), c.c_void_p(), c.c_void_p()
        client_program.call("vkCreateInstance", c.byref(info), None, c.byref(self.instance))
        count, self.physical = c.c_uint32(1), c.c_void_p()
        client_program.call("vkEnumeratePhysicalDevices", self.instance, c.byref(count),
                   c.byref(self.physical))
        priority = c.c_float(1)
        queue = client_program.QueueCreateInfo(type=2, count=1, priorities=c.pointer(priority))
        features = self.info("iPI", PRIVATE_DATA_FEATURES, 0, 1)
        device = client_program.DeviceCreateInfo(type=3, queue_count=1, queues=c.pointer(queue))
        if private_data:
            device.next = c.addressof(features)
        client_program.call("vkCreateDevice", self.physical, c.byref(device), None, c.byref(self.device))
        client_program.vk.vkGetDeviceQueue(self.device, 0, 0, c.byref(self.queue))

    @staticmethod
    def info(form, *values):
        data = struct.pack(form, *values)
        return client_program.ctypes.create_string_buffer(data, len(data) + 8)

    def make(self, name, form, *values, allocator=None):
        made = client_program.c_uint64()
        client_program.call(name, self.device, self.info(form, *values), allocator, client_program.byref(made))
        return made

    def make_buffer(self, allocator=None):
        return self.make("vkCreateBuffer", "iPIQIiIP", 12, 0, 0, WORDS * 4, 2, 0, 0, 0,
                         allocator=allocator)

    def fill(self, value):
        """The device fills a buffer with the number, and is waited for; answers whether it did."""
        c, vk = client_program.ctypes, client_program.vk
        properties = client_program.MemoryProperties()
        vk.vkGetPhysicalDeviceMemoryProperties(self.physical, c.byref(properties))
        index = next(i for i in range(properties.type_count)
                     if properties.types[i].flags & client_program.HOST_VISIBLE_COHERENT
                     == client_program.HOST_VISIBLE_COHERENT)
        buffer = self.make_buffer()
        memory = self.make("vkAllocateMemory", "iPQI", 5, 0, 65536, index)
        client_program.call("vkBindBufferMemory", self.device, buffer, memory, c.c_uint64(0))
        data = c.c_void_p()
        client_program.call("vkMapMemory", self.device, memory, c.c_uint64(0), c.c_uint64(65536),
                   c.c_uint32(0), c.byref(data))
        pool = self.make("vkCreateCommandPool", "iPII", 39, 0, 0, 0)
        commands = c.c_void_p()
        client_program.call("vkAllocateCommandBuffers", self.device,
                   self.info("iPQiI", 40, 0, pool.value, 0, 1), c.byref(commands))
        client_program.call("vkBeginCommandBuffer", commands, self.info("iPIP", 42, 0, 1, 0))
        vk.vkCmdFillBuffer(commands, buffer, c.c_uint64(0), c.c_uint64(WORDS * 4),
                           c.c_uint32(value))
        client_program.call("vkEndCommandBuffer", commands)
        client_program.call("vkQueueSubmit", self.queue, c.c_uint32(1),
                   self.info("iPIPPIPIP", 4, 0, 0, 0, 0, 1, c.addressof(commands), 0, 0),
                   c.c_uint64(0))
        client_program.call("vkQueueWaitIdle", self.queue)
        words = struct.unpack(f"{WORDS}I", c.string_at(data, WORDS * 4))
        vk.vkDestroyCommandPool(self.device, pool, None)
        vk.vkDestroyBuffer(self.device, buffer, None)
        vk.vkFreeMemory(self.device, memory, None)
        return "right" if set(words) == {value} else f"wrong ({words[:4]})"

    def destroy(self):
        client_program.vk.vkDestroyDevice(self.device, None)
        client_program.vk.vkDestroyInstance(self.instance, None)


def client_forks():
    driver = Driver()
    sums = [driver.fill(1)]
    pid = os.fork()
    if pid == 0:
        driver.destroy()
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sums += [driver.fill(2), driver.fill(3)]
    driver.destroy()
    print(f"child {status}, sums {' '.join(sums)}")
    return 0


def client_keeps_private_data():
    """Its allocator has one place for all objects that are buffers."""
    c, vk = client_program.ctypes, client_program.vk
    if not hasattr(vk, "vkGetPrivateData"):
        print("the loader knows no vkGetPrivateData")
        return 77
    driver = Driver(private_data=True)
    place = c.create_string_buffer(8192)
    at = (c.addressof(place) + 63) & ~63
    allocate = c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_size_t, c.c_size_t, c.c_int)(
        lambda user, size, alignment, scope: at if size <= 4096 else None)
    resize_ = c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_void_p, c.c_size_t, c.c_size_t, c.c_int)(
        lambda user, old, size, alignment, scope: None)
    free = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p)(lambda user, old: None)
    allocator = driver.info("PPPPPP", 0, *(c.cast(f, c.c_void_p).value
                                           for f in (allocate, resize_, free)), 0, 0)
    slot = driver.make("vkCreatePrivateDataSlot", "iPI", PRIVATE_DATA_SLOT, 0, 0)

    def get(buffer):
        value = c.c_uint64(99)
        vk.vkGetPrivateData(driver.device, OBJECT_TYPE_BUFFER, buffer, slot, c.byref(value))
        return value.value

    def put_value(buffer, value):
        client_program.call("vkSetPrivateData", driver.device, OBJECT_TYPE_BUFFER, buffer, slot,
                   c.c_uint64(value))

    seen, handles = [], set()
    for value in [42, 43]:
        buffer = driver.make_buffer(allocator)
        handles.add(buffer.value)
        if value == 43:
            seen.append(get(buffer))
        put_value(buffer, value)
        seen.append(get(buffer))
        vk.vkDestroyBuffer(driver.device, buffer, allocator)
    buffer = driver.make_buffer(allocator)
    handles.add(buffer.value)
    seen.append(get(buffer))
    vk.vkDestroyBuffer(driver.device, buffer, allocator)
    vk.vkDestroyPrivateDataSlot(driver.device, slot, None)
    driver.destroy()
    if len(handles) != 1:
        print(f"the buffers are at different places: {handles}")
        return 1
    print(*seen)
    return 0


# --- What a server says unasked ----------------------------------------------------------------

ERROR, VALIDATION = 0x1000, 2


def string(text):
    data = text.encode() + b"\0" if isinstance(text, str) else text
    return struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)


def message(text, severity=ERROR, name="VUID-made-up"):
    return wire.op("tongsMessage", struct.pack("<IIi", severity, VALIDATION, 1) + string(name) +
                   string(text), wire.FLAG_EVENT)


def with_events(events, command=("compute",)):
    """A client whose server says these between two replies."""
    with Proxy(Server(), once(OPS["tongsSnapshot"], lambda reply: events + reply)) as proxy:
        return outcome(proxy.url, command, "events")


@test
def an_event_that_is_not_known_is_passed_over():
    result = with_events(wire.op(30, b"whatever", wire.FLAG_EVENT))
    assert result.returncode == 0, result


@test
def a_servers_text_is_one_line_of_plain_characters():
    result = with_events(message("a\x1b[2Jb\ntongs: c\x9bd"))
    assert "VUID-made-up: a\\x1b[2Jb\\ntongs: c\\xc2\\x9bd\n" in result.stderr, result.stderr


@test
def a_server_that_never_stops_talking_is_heard_for_a_while():
    result = with_events(b"".join(message(f"number {i} " + "x" * 900) for i in range(20000)))
    assert result.returncode == 0, result
    assert 1 < result.stderr.count("\n") < 3000, result.stderr.count("\n")


@test
def an_event_that_is_malformed_ends_the_connection():
    for bad in (wire.op("tongsMessage", b"", wire.FLAG_EVENT), wire.op("tongsLost", b"", wire.FLAG_EVENT),
                wire.op("tongsMessage", struct.pack("<IIiI", 1, 1, 1, 1 << 31), wire.FLAG_EVENT),
                message(b"without an end"),
                message("x" * (1 << 20))):
        result = with_events(bad)
        assert "connection to the server is lost" in result.stderr, (bad[:64], result)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--client"]:
        sys.exit({"fork": client_forks, "private": client_keeps_private_data}[sys.argv[2]]())
    wire.init()
    sys.exit(harness.main())
