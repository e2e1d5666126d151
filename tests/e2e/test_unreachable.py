# SPDX-License-Identifier: MIT

"""Where no worker can be had, the loader goes on to other drivers, and one line says why."""

import contextlib
import os
import re
import signal
import socket
import struct
import sys
import tempfile
import threading
import time

import harness
import wire
from harness import Client, client_environment, native_environment, run, test, tool
from proxy import Proxy

# How long the driver waits for a server in these tests, with room for everything else.
TIMEOUT = 1
SLACK_SECONDS = 5


class FakeServer:
    """Listens in place of a server, and hands each connection to the function, in a thread."""

    def __init__(self, serve):
        self.path = tempfile.mktemp(prefix="fake-", dir=harness.scratch)
        self.url = "unix:" + self.path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.connections = []
        self.serve = serve
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        harness.cleanup.callback(self.close)

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.connections.append(connection)
            self.serve(connection)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(harness.PATIENCE)
        for s in [self.listener, *self.connections]:
            s.close()


def only_until(number):
    """A change of a Proxy's replies: none of them from this one on."""
    over = threading.Event()

    def change(n, _):
        if n == number:
            over.set()
        return b"" if over.is_set() else None
    return change


def our_lines(stderr):
    return [line for line in stderr.splitlines() if line.startswith("tongs")]


def device_names(text):
    return re.findall(r"^\s*deviceName\s*= (.*)$", text, re.M)


def expect_refused(url, *reasons, limit=SLACK_SECONDS, **changes):
    """Beside lavapipe, the driver steps back; alone, the loader finds no driver. Each says why."""
    info = tool("vulkaninfo")
    native = device_names(run([info, "--summary"], native_environment()).stdout)
    both = f"{harness.MANIFEST}:{harness.native_driver()}"
    for drivers in [both, harness.MANIFEST]:
        env = client_environment(url, foreign=True, **dict(
            VK_DRIVER_FILES=drivers, VK_ICD_FILENAMES=drivers, **changes))
        start = time.monotonic()
        result = run([info, "--summary"], env)
        took = time.monotonic() - start
        lines = our_lines(result.stderr)
        assert len(lines) == 1, result.stderr
        for reason in ["no Vulkan through Tongs", *reasons]:
            assert reason in lines[0], (reason, lines[0])
        assert took < limit, f"it took {took:.1f} s"
        if drivers == both:
            assert result.returncode == 0, result
            assert device_names(result.stdout) == native, result.stdout
        else:
            assert result.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT), result
            assert "ERROR_INCOMPATIBLE_DRIVER" in result.stdout + result.stderr, result
    harness.diag(lines[0])


@test
def a_server_that_is_not_there_is_named_in_one_line():
    expect_refused("unix:/nonexistent", "unix:/nonexistent", "No such file", "tongs serve")


@test
def a_socket_that_nobody_listens_at_is_named_in_one_line():
    path = tempfile.mktemp(dir=harness.scratch)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
    expect_refused("unix:" + path, path, "Connection refused", "tongs serve")


@test
def a_server_url_that_is_wrong_is_explained_in_one_line():
    expect_refused("frob:1", "frob:1", "names no transport")
    expect_refused("tcp:localhost:7", "not supported by this build yet")


@test
def a_missing_program_for_a_private_worker_is_named_in_one_line():
    expect_refused("spawn", "/no/such/tongs", TONGS_BIN="/no/such/tongs")


@test
def a_program_that_is_no_tongs_is_refused_in_one_line():
    expect_refused("spawn", "closed the connection", TONGS_BIN=tool("true"))


@test
def a_server_of_another_protocol_version_is_refused_in_one_line():
    def serve(connection):
        connection.sendall(wire.hello(major=wire.MAJOR + 1))
    expect_refused(FakeServer(serve).url, f"version {wire.MAJOR + 1}", "update the older one")


@test
def a_server_that_refuses_is_quoted_in_one_line():
    def serve(connection):
        connection.sendall(wire.hello(reason="because of the weather"))
    expect_refused(FakeServer(serve).url, "refuses: because of the weather")


@test
def a_server_of_something_else_is_refused_in_one_line():
    def serve(connection):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" + bytes(64))
    expect_refused(FakeServer(serve).url, "does not speak Tongs' protocol")


@test
def a_server_that_closes_at_once_is_refused_in_one_line():
    def serve(connection):
        connection.shutdown(socket.SHUT_RDWR)
    expect_refused(FakeServer(serve).url, "closed the connection")


@test
def a_server_that_closes_within_its_hello_is_refused_in_one_line():
    def serve(connection):
        connection.sendall(wire.hello()[:20])
        connection.shutdown(socket.SHUT_RDWR)
    expect_refused(FakeServer(serve).url, "closed the connection")


@test
def a_server_that_closes_after_its_hello_is_refused_in_one_line():
    def serve(connection):
        connection.sendall(wire.hello())
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    expect_refused(FakeServer(serve).url, "the server did not tell what it can do")


@test
def a_hello_of_an_impossible_size_is_refused_in_one_line():
    for size in [0, 8, 47, 50, 1 << 20, 0xfffffff8]:
        def serve(connection, size=size):
            connection.sendall(wire.hello(size=size))
        expect_refused(FakeServer(serve).url, "impossible size")


@test
def a_hello_with_tables_that_it_does_not_hold_is_refused_in_one_line():
    def serve(connection):
        connection.sendall(wire.hello(digest=1, ops=0xffffffff, structs=0xffffffff))
    expect_refused(FakeServer(serve).url, "shorter than its tables")


def expect_late(serve, **changes):
    """The server has TIMEOUT seconds for everything, and the line says what to do."""
    server = FakeServer(serve)
    expect_refused(server.url, f"the server did not answer within {TIMEOUT} s", "TONGS_TIMEOUT",
                   limit=TIMEOUT + SLACK_SECONDS, TONGS_TIMEOUT=str(TIMEOUT), **changes)


def in_background(function):
    """A server's part that goes on as long as the client is there."""
    def run_it(connection):
        with contextlib.suppress(OSError):
            function(connection)

    def serve(connection):
        thread = threading.Thread(target=run_it, args=[connection], daemon=True)
        thread.start()
    return serve


def answered(connection):
    """The hello is exchanged."""
    connection.sendall(wire.hello())
    connection.recv(wire.HELLO_SIZE)


@test
def a_server_that_never_answers_is_given_up_in_time():
    """R17: the wait for the server's hello has a bound."""
    expect_late(lambda _: None)


@test
def five_seconds_are_the_time_of_a_server_by_default():
    info = tool("vulkaninfo")
    env = client_environment(FakeServer(lambda _: None).url, foreign=True)
    del env["TONGS_TIMEOUT"]
    start = time.monotonic()
    result = run([info, "--summary"], env)
    assert 5 <= time.monotonic() - start < 5 + SLACK_SECONDS
    assert "did not answer within 5 s" in result.stderr, result


@test
def a_server_that_sends_its_hello_byte_by_byte_is_given_up_in_time():
    @in_background
    def serve(connection):
        for byte in wire.hello(size=4096):
            connection.sendall(bytes([byte]))
            time.sleep(0.1)
    expect_late(serve)


@test
def a_server_that_is_silent_after_its_hello_is_given_up_in_time():
    expect_late(answered)
    expect_late(answered, TONGS_DEBUG="socket")


@test
def a_server_that_sends_events_for_ever_is_given_up_in_time():
    @in_background
    def serve(connection):
        answered(connection)
        while True:
            connection.sendall(wire.op(60000, bytes(56), flags=wire.FLAG_EVENT) * 64)
    expect_late(serve, TONGS_DEBUG="socket")


@test
def a_server_that_announces_a_huge_reply_is_given_up_in_time():
    @in_background
    def serve(connection):
        answered(connection)
        connection.sendall(wire.op("tongsInstanceFacts", bytes(64), flags=wire.FLAG_REPLY,
                                   size=256 << 20))
        while True:
            connection.sendall(bytes(64))
            time.sleep(0.05)
    expect_late(serve, TONGS_DEBUG="socket")


@test
def a_server_that_accepts_nobody_is_given_up_in_time():
    path = tempfile.mktemp(dir=harness.scratch)
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(path)
        listener.listen(0)
        first.connect(path)
        expect_refused("unix:" + path, path, "the server accepts no clients",
                       limit=TIMEOUT + SLACK_SECONDS, TONGS_TIMEOUT=str(TIMEOUT))


@test
def a_server_that_falls_silent_at_the_instance_is_passed_over_in_time():
    """The loader goes on to the next driver."""
    honest = harness.Server()
    for name in ["vkCreateInstance", "tongsSnapshot"]:
        for native in [True, False]:
            with Proxy(honest, only_until(wire.OPS[name])) as proxy:
                drivers = f"{harness.MANIFEST}:{harness.native_driver()}"
                drivers = drivers if native else harness.MANIFEST
                start = time.monotonic()
                result = run([harness.program("compute")], client_environment(
                    proxy.url, TONGS_DEBUG="socket", TONGS_TIMEOUT=str(TIMEOUT),
                    VK_DRIVER_FILES=drivers, VK_ICD_FILENAMES=drivers))
                assert time.monotonic() - start < TIMEOUT + SLACK_SECONDS
                lines = our_lines(result.stderr)
                assert len(lines) == 1 and f"did not answer within {TIMEOUT} s" in lines[0], result
                assert (result.returncode == 0) == native, result


@test
def each_instance_of_a_private_worker_has_the_whole_time():
    client = Client(TONGS_TIMEOUT="2")
    start = time.monotonic()
    while time.monotonic() - start < 5:
        assert client.ask("instance").startswith("Tongs")
        client.ask("destroy")
    client.finish()


@test
def a_time_that_is_no_number_is_said_to_be_none():
    result = run([tool("vulkaninfo"), "--summary"], client_environment(foreign=True,
                                                                      TONGS_TIMEOUT="soon"))
    assert result.returncode == 0 and "TONGS_TIMEOUT=soon is no number" in result.stderr, result


@test
def replies_of_nonsense_end_the_connection_and_not_the_application():
    size = struct.Struct("<HHI")
    for nonsense in [bytes(64), b"\xff" * 64, size.pack(8, 1, 0xfffffff8), size.pack(8, 1, 7),
                     size.pack(8, 1, 16) + b"\xff" * 8, size.pack(9999, 0, 8)]:
        def serve(connection, nonsense=nonsense):
            connection.sendall(wire.hello())
            connection.recv(48)
            connection.sendall(nonsense)
        expect_refused(FakeServer(serve).url, "the server did not tell what it can do")


@test
def failed_connections_leave_no_descriptor_in_the_application():
    def serve(connection):
        connection.shutdown(socket.SHUT_RDWR)
    for url in ["unix:/nonexistent", FakeServer(serve).url]:
        client = Client(url)
        counts = []
        for _ in range(20):
            client.ask("extensions")
            counts.append(client.ask("fds"))
        assert counts[-1] == counts[0], (counts, client.ask("list-fds"))
        client.finish()
        assert len(our_lines(client.output["stderr"])) == 1, client.output


@test
def an_application_finds_the_server_that_is_started_later():
    path = os.path.join(harness.scratch, "later")
    client = Client("unix:" + path)
    client.say("instance")
    assert client.wait_for("^1: (.*)\n")[1].startswith("failed"), client.output
    server = harness.Process([harness.TONGS, "serve", "--listen", "unix:" + path, "--host-driver",
                              harness.native_driver()], harness.plain_environment())
    server.wait_for("listening on", "stderr")
    client.asked = 1
    assert client.ask("instance").startswith("Tongs"), client.output
    client.finish()


if __name__ == "__main__":
    wire.init()
    sys.exit(harness.main())
