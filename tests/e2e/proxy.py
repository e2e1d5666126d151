# SPDX-License-Identifier: MIT

"""A proxy between a client and a real server, which changes replies on their way back."""

import contextlib
import os
import socket
import struct
import tempfile
import threading

import harness

# The tag follows the header, the members of a reply follow the tag.
TAG, BODY = 8, 12


class Close(Exception):
    """From a change: these bytes are the last that the client gets."""

    def __init__(self, last=b""):
        super().__init__()
        self.last = last


class Proxy:
    """Stands for the server. `change` is given each reply (number, bytes), and gives what the client
    gets instead; None for no change."""

    def __init__(self, server, change=lambda number, reply: None):
        self.server = server
        self.change = change
        self.changed = 0
        self.seen = []
        self.path = tempfile.mktemp(prefix="proxy-", dir=harness.scratch)
        self.url = "unix:" + self.path
        self.sockets = []
        self.threads = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.start(self.accept)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(self.listener)
        self.threads[0].join(harness.PATIENCE)
        self.end(*self.sockets)
        for thread in self.threads:
            thread.join(harness.PATIENCE)
        for s in [self.listener, *self.sockets]:
            s.close()

    def start(self, function, *arguments):
        self.threads.append(threading.Thread(target=function, args=arguments, daemon=True))
        self.threads[-1].start()

    @staticmethod
    def end(*sockets):
        for s in sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.server.path)
            self.sockets += [near, far]
            self.start(self.forward, near, far)
            self.start(self.answer, far, near)

    def forward(self, near, far):
        """From the client to the worker: all bytes, and descriptors with the bytes they came with."""
        with contextlib.suppress(OSError):
            while True:
                data, fds, _, _ = socket.recv_fds(near, 65536, 16)
                if not data:
                    break
                try:
                    sent = socket.send_fds(far, [data], fds) if fds else 0
                finally:
                    for fd in fds:
                        os.close(fd)
                far.sendall(data[sent:])
        self.end(near, far)

    def answer(self, far, near):
        try:
            with far.makefile("rb") as stream:
                start = stream.read(BODY)
                size = struct.unpack_from("<I", start, 8)[0]
                near.sendall(start + stream.read(size - len(start)))
                while header := stream.read(8):
                    number, _, size = struct.unpack("<HHI", header)
                    self.pass_on(near, number, header + stream.read(size - 8))
        except Close as close:
            with contextlib.suppress(OSError):
                near.sendall(close.last)
        except (OSError, struct.error):
            pass
        self.end(near, far)

    def pass_on(self, near, number, reply):
        self.seen.append(number)
        try:
            other = self.change(number, reply)
        except Close:
            self.changed += 1
            raise
        fds = []
        if isinstance(other, tuple):
            other, fds = other
        if other is not None and (fds or other != reply):
            self.changed += 1
        if fds:
            socket.send_fds(near, [other], fds)
        else:
            near.sendall(reply if other is None else other)
