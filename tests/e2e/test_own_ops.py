# SPDX-License-Identifier: MIT

"""A client does not send an op of Tongs' own that its worker has with another signature: it does without, or refuses the
connection and names the versions.

A proxy stands between the client and a real worker. It makes both sides see another digest, so that the worker
sends its tables, and changes one op's signature in them. The schema says what the client does then
(protocol/own_ops.json, "without").
"""

import contextlib
import json
import os
import re
import socket
import struct
import sys
import tempfile
import threading

import harness
import wire
from harness import Server, client_environment, program, run, test
from mock_host import mock_driver
from wire import OPS

DIGEST = slice(16, 24)


def with_other_signature(hello, number):
    """The worker's hello, with another digest and another signature of the op."""
    changed = bytearray(hello)
    changed[DIGEST] = b"released"
    found = False
    for i in range(struct.unpack_from("<I", hello, 32)[0]):
        at = wire.HELLO_SIZE + 8 * i
        if struct.unpack_from("<I", hello, at)[0] == number:
            changed[at + 4] ^= 1
            found = True
    assert found or number is None, f"op {number} is not in the worker's table"
    return bytes(changed)


class Skew:
    """A server whose op `name` has another signature; None: only its digest is another one. Keeps what the client sends."""

    def __init__(self, server, name):
        self.server = server
        self.number = OPS[name] if name else None
        self.sent = b""
        self.sockets, self.threads = [], []
        path = tempfile.mktemp(prefix="skew-", dir=harness.scratch)
        self.url = "unix:" + path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.start(self.accept)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in (self.listener, *self.sockets):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(harness.PATIENCE)
        for s in (self.listener, *self.sockets):
            s.close()

    def start(self, function, *arguments):
        self.threads.append(threading.Thread(target=function, args=arguments, daemon=True))
        self.threads[-1].start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.server.path)
                self.sockets += [near, far]
                self.start(self.forward, near, far, self.from_client())
                self.start(self.forward, far, near, self.from_worker())

    def from_client(self):
        data = yield
        self.sent = b""
        hello = bytearray(data[:wire.HELLO_SIZE])
        hello[DIGEST] = b"stranger"
        self.sent += data
        data = yield bytes(hello) + data[wire.HELLO_SIZE:]
        while True:
            self.sent += data
            data = yield data

    def from_worker(self):
        """The whole hello is changed at once."""
        hello = yield
        while len(hello) < 12 or len(hello) < struct.unpack_from("<I", hello, 8)[0]:
            hello += yield b""
        size = struct.unpack_from("<I", hello, 8)[0]
        data = yield with_other_signature(hello[:size], self.number) + hello[size:]
        while True:
            data = yield data

    @staticmethod
    def forward(source, target, change):
        next(change)
        with contextlib.suppress(OSError):
            while True:
                data, fds, _, _ = socket.recv_fds(source, 65536, 16)
                if not data:
                    break
                out = change.send(data)
                try:
                    done = socket.send_fds(target, [out], fds) if fds else 0
                finally:
                    for fd in fds:
                        os.close(fd)
                target.sendall(out[done:])
        for s in (source, target):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def ops(self):
        """The names of the ops that the last client sent, if it used the socket alone; none if it did not connect."""
        if not self.sent:
            return []
        names = {number: name for name, number in reversed(OPS.items())}
        return [names[number] for number, _, _ in wire.split(self.sent)[1]]


def through(name, command, host=None, debug="socket", **changes):
    """Runs the command over a worker whose op `name` has another signature; its result, and what it sent."""
    server = Server("--host-driver", host or mock_driver())
    with Skew(server, name) as skew:
        done = run(command, client_environment(skew, TONGS_DEBUG=debug, **changes))
        sent = skew.sent
        ops = skew.ops() if "socket" in debug else []
    assert server.end() == 0, server.output
    assert "malformed" not in server.log, server.log
    return done, ops, sent


def frames(name, debug="socket"):
    return through(name, [program("swapchain"), "frames"], debug=debug)


def compute(name, debug="socket", **changes):
    return through(name, [program("compute")], harness.native_driver(), debug, **changes)


@test
def another_digest_alone_changes_nothing():
    done, ops, _ = frames(None)
    assert done.returncode == 0 and "SKIP" not in done.stdout, (done.stdout, done.stderr)
    assert {"tongsAcquireAhead", "tongsTakeImage", "tongsSnapshot"} <= set(ops), set(ops)


@test
def an_op_that_the_client_cannot_work_without_makes_it_refuse_the_worker_and_name_the_versions():
    with open(os.path.join(harness.SOURCE, "protocol", "own_ops.json")) as file:
        required = [op["name"] for op in json.load(file)["ops"] if op["without"] == "refuse"]
    assert "tongsSnapshot" in required, required
    for name in required:
        done, ops, _ = frames(name)
        assert done.returncode != 0, (name, done.stdout)
        assert re.search(rf"another version of Tongs, which has not the same {name}: it has protocol 1\.\d+ and Vulkan "
                         r"1\.\d+\.\d+, this side protocol 1\.\d+ and Vulkan 1\.\d+\.\d+; update the older one",
                         done.stderr), (name, done.stderr)
        assert not ops, (name, ops)


@test
def a_command_of_vulkan_1_0_that_differs_makes_the_client_refuse_the_worker():
    for name in ("vkQueueSubmit", "vkCmdDispatch", "vkCreateBuffer"):
        done, ops, _ = compute(name)
        assert done.returncode == harness.SKIPPED, (name, done)
        assert f"another version of Tongs, which has not the same {name}:" in done.stderr, (name, done.stderr)
        assert done.stderr.count("update the older one") == 1 and not ops, (name, ops, done.stderr)


@test
def a_command_of_a_later_version_that_differs_lowers_the_version_and_a_line_says_so():
    for name, minor in (("vkTrimCommandPool", 0), ("vkCmdDrawIndirectCount", 1), ("vkCmdSetCullMode", 2)):
        done, _, _ = through(name, [harness.tool("vulkaninfo"), "--summary"], harness.native_driver(),
                             foreign=True)
        assert done.returncode == 0, (name, done)
        assert re.search(rf"^\s*apiVersion\s*= 1\.{minor}\.", done.stdout, re.M), (name, done.stdout)
        assert f"no more than Vulkan 1.{minor} is offered: the server is another version of Tongs" in done.stderr, done.stderr
        assert done.stderr.count("is offered") == 1, done.stderr


@test
def without_tongsAcquireAhead_or_tongsTakeImage_each_image_is_acquired_when_it_is_asked_for():
    for name in ("tongsAcquireAhead", "tongsTakeImage"):
        done, ops, _ = frames(name)
        assert done.returncode == 0 and "SKIP" not in done.stdout, (name, done.stdout, done.stderr)
        assert not {"tongsAcquireAhead", "tongsTakeImage"} & set(ops), (name, set(ops))
        assert ops.count("vkAcquireNextImageKHR") >= ops.count("vkQueuePresentKHR") > 1, name


@test
def without_tongsSwapchainImages_there_are_no_swapchains():
    done, ops, _ = frames("tongsSwapchainImages")
    assert done.returncode == harness.SKIPPED or "SKIP" in done.stdout, (done.returncode, done.stdout, done.stderr)
    assert "tongsSwapchainImages" not in ops and "vkCreateSwapchainKHR" not in ops, set(ops)


@test
def without_heaps_memory_is_copied():
    for name in ("tongsHeapCreate", "tongsHeapDestroy"):
        done, ops, _ = compute(name)
        assert done.returncode == 0, (name, done.stdout, done.stderr)
        assert "tongsHeapCreate" not in ops and "tongsHeapDestroy" not in ops, (name, set(ops))
        assert "tongsMemoryWrite" in ops and "tongsMemoryRead" in ops, (name, set(ops))


@test
def without_tongsChannel_the_socket_carries_all():
    done, _, sent = compute("tongsChannel", debug="")
    assert done.returncode == 0, (done.stdout, done.stderr)
    numbers = [number for number, _, _ in wire.split(sent)[1]]
    assert OPS["tongsChannel"] not in numbers and OPS["vkQueueSubmit"] in numbers, numbers


@test
def without_tongsCompletion_a_connection_without_a_channel_is_refused():
    done, ops, _ = compute("tongsCompletion")
    assert done.returncode != 0 and "has not the same tongsCompletion" in done.stderr, (done.stdout, done.stderr)
    assert not ops, ops
    # With a channel; this program sends no descriptor after it, which the proxy might pass on too late.
    done, _, _ = through("tongsCompletion", [harness.TONGS, "info"], harness.native_driver(), debug="")
    assert done.returncode == 0, (done.stdout, done.stderr)


@test
def without_tongsSync_posts_are_not_checked():
    done, ops, _ = compute("tongsSync", debug="sync,socket")
    assert done.returncode == 0 and "tongsSync" not in ops, (done.stdout, done.stderr, set(ops))
    assert "tongsSync" in compute(None, debug="sync,socket")[1]


@test
def without_host_image_copies_their_extension_is_not_offered():
    for name in ("tongsCopyMemoryToImage", "tongsCopyImageToMemory"):
        done, ops, _ = through(name, [program("host_copy")], harness.native_driver())
        assert done.returncode in (0, harness.SKIPPED), (done.returncode, done.stdout, done.stderr)
        assert not {"tongsCopyMemoryToImage", "tongsCopyImageToMemory"} & set(ops), set(ops)


@test
def without_tongsMemoryFd_memory_that_is_exported_cannot_be_mapped():
    done, ops, _ = through("tongsMemoryFd", [program("external")], harness.native_driver())
    assert done.returncode in (0, 1, harness.SKIPPED), (done.returncode, done.stdout, done.stderr)
    assert "tongsMemoryFd" not in ops, set(ops)


if __name__ == "__main__":
    wire.init()
    sys.exit(harness.main())
