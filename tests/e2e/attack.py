# SPDX-License-Identifier: MIT

"""What tests with a hostile client share: its connection, and what a good client says, to begin with."""

import array
import contextlib
import functools
import os
import re
import socket
import struct

import harness
import wire
from harness import client_environment, program, run


class Attacker:
    """A connection to the server, on which anything can be sent."""

    told = set()

    def __init__(self, server):
        self.server = server
        self.logged = len(server.log)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(harness.PATIENCE)
        self.socket.connect(server.path)
        harness.cleanup.callback(self.socket.close)

    @functools.cached_property
    def worker(self):
        """The worker that the server started for this hello: one attacker at a time."""
        return int(self.server.wait_for_log(
            rf"(?s:.{{{self.logged}}}.*?)worker (\d+) started for pid {os.getpid()}, ")[1])

    def expect_refusal(self, reason):
        """The server ends the connection without having started a worker."""
        self.drain()
        line = self.server.wait_for_log(
            rf"(?s:.{{{self.logged}}}.*?)turned pid {os.getpid()}, uid \d+ away: (.*?)$")[1]
        assert re.search(reason, line), (reason, line)
        assert "started for pid %d," % os.getpid() not in self.server.log[self.logged:]

    def send(self, data, fds=()):
        """What the server does not take any more is not missed."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sent = self.socket.sendmsg([data], rights)
            self.socket.sendall(data[sent:])
        return self

    def receive(self, size):
        data = b""
        while len(data) < size and (more := self.socket.recv(size - len(data))):
            data += more
        return data

    def drain(self):
        """Reads to the end, which the server makes."""
        with contextlib.suppress(ConnectionResetError):
            while self.socket.recv(65536):
                pass
        return self

    def shake_hands(self):
        self.send(wire.hello())
        answer = self.receive(wire.HELLO_SIZE)
        assert struct.unpack_from("<I", answer)[0] == wire.MAGIC, answer
        return self

    def replay(self, ops):
        for whole in ops:
            self.send(whole)
        return self

    def expect_end(self, reason=None):
        """The worker ends, and gives one reason, which matches; None: the broker's line alone."""
        self.drain()
        end = self.server.wait_for_log(rf"worker {self.worker} for pid {os.getpid()}, .* ended "
                                       r"(.*) after [\d.]+ s$")
        lines = re.findall(rf"^tongs worker {self.worker}: (.*)$", self.server.log, re.M)
        if reason is None:
            assert not lines and end[1] == "with exit status 0", (lines, end[0])
            return
        assert len(lines) == 1 and re.search(reason, lines[0]), (reason, lines)
        assert end[1] == "with exit status 1", end[0]
        if lines[0] not in self.told:
            harness.diag(lines[0])
        self.told.add(lines[0])


def recorded_ops(name="compute", *arguments, **changes):
    """What a real client sends, in a mode that needs no descriptors: (number, flags, whole op)."""
    path = f"{harness.scratch}/{name}.capture"
    result = run([program(name), *arguments],
                 client_environment(TONGS_CAPTURE=path, TONGS_MEMORY="explicit",
                                   TONGS_DEBUG="socket", **changes))
    assert result.returncode == 0, result
    with open(path, "rb") as file:
        hello, ops = wire.split(file.read())
    assert struct.unpack_from("<I", hello)[0] == wire.MAGIC
    return ops
