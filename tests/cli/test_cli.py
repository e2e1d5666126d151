#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

"""The command line of `tongs`: what it prints, what it returns, and how `tongs serve` behaves
towards files, signals and too many clients. Usage: test_cli.py PATH_TO_TONGS. Prints TAP.

No test needs Vulkan: a client here is a socket that connects and says nothing.
"""

import contextlib
import ctypes
import fcntl
import os
import re
import resource
import select
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import tap  # noqa: E402
import wire  # noqa: E402
from tap import Skip, test  # noqa: E402

TONGS = ""
PTRACE_SEIZE, WALL = 0x4206, 0x40000000
COMMANDS = ["run", "serve", "info", "dump", "worker"]

# Far above what anything here takes: reached only when something hangs.
PATIENCE = 60


def clean_environment(**changes):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("TONGS_", "VK_")) and k != "XDG_RUNTIME_DIR"}
    env.update(changes)
    return env


def tongs(*arguments, env=None):
    return subprocess.run([TONGS, *arguments], env=env or clean_environment(), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)


def expect_error(result, status, *parts):
    assert result.returncode == status, result
    assert result.stdout == "", result
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("tongs"), result
    for part in parts:
        assert part in result.stderr, (part, result)


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="tongs-cli-") as directory:
        yield directory


class Server:
    """A running `tongs serve`, ready when the constructor returns."""

    def __init__(self, *arguments, env=None, inherit=(), **keywords):
        ready, ready_end = os.pipe()
        self.log = ""
        self.process = subprocess.Popen(
            [TONGS, "serve", "--ready-fd", str(ready_end), *arguments],
            pass_fds=[ready_end, *inherit], env=env or clean_environment(),
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **keywords)
        os.close(ready_end)
        with os.fdopen(ready, "rb") as end:
            word = end.read()
        assert word == b"\n", self.text()

    def read_log(self, timeout):
        """Takes what was logged since; waits for it. False at the end of it, or of patience."""
        if not select.select([self.process.stderr], [], [], timeout)[0]:
            return False
        more = os.read(self.process.stderr.fileno(), 65536)
        self.log += more.decode()
        return bool(more)

    def text(self):
        while self.read_log(0):
            pass
        return self.log

    def wait_for(self, pattern):
        while not (found := re.search(pattern, self.log, re.DOTALL)):
            assert self.read_log(PATIENCE), f"no {pattern!r} in:\n{self.log}"
        return found

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()


def connect(path, hello=True):
    """A client, which a worker serves as soon as it has said hello."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE)
    client.connect(path)
    if hello:
        with contextlib.suppress(BrokenPipeError):  # turned away already
            client.sendall(wire.hello())
    return client


def expect_end(client):
    """The server ends the connection, whatever it has said before."""
    with contextlib.suppress(ConnectionResetError):
        while client.recv(4096):
            pass


def state_of(pid):
    """The letter of a process's state; X for one that is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"


# --- help, versions and mistakes -----------------------------------------------------------------

@test
def help_is_printed_for_the_program_and_for_each_command():
    overview = tongs("--help")
    assert overview.returncode == 0 and overview.stderr == "", overview
    assert overview.stdout == tongs("help").stdout
    for command in COMMANDS:
        result = tongs(command, "--help")
        assert result.returncode == 0 and result.stderr == "", result
        assert result.stdout.startswith(f"Usage: tongs {command}"), result
        assert result.stdout == tongs("help", command).stdout
        assert (f"\n  {command} " in overview.stdout) == (command != "worker"), overview
        assert all(len(line) <= 100 for line in result.stdout.splitlines()), result


@test
def the_version_is_printed_for_the_program_and_for_each_command():
    version = tongs("--version")
    assert version.returncode == 0 and re.fullmatch(r"tongs \d+\.\d+\S*\n", version.stdout), version
    for command in COMMANDS:
        assert tongs(command, "--version").stdout == version.stdout


@test
def mistakes_on_the_command_line_name_the_help_and_exit_with_2():
    expect_error(tongs(), 2, "command is missing", "`tongs help`")
    expect_error(tongs("frob"), 2, "unknown command 'frob'", "`tongs help`")
    expect_error(tongs("--frob"), 2, "unknown option '--frob'", "`tongs help`")
    expect_error(tongs("help", "frob"), 2, "unknown command 'frob'")
    expect_error(tongs("run"), 2, "a program to run is missing", "`tongs help run`")
    expect_error(tongs("worker"), 2, "--fd is missing", "`tongs help worker`")
    expect_error(tongs("worker", "--fd", "99"), 2, "no open descriptor")
    expect_error(tongs("dump", "a", "b"), 2, "one FILE at a time")
    for command in COMMANDS:
        expect_error(tongs(command, "--frob"), 2, "unknown option '--frob'",
                     f"`tongs help {command}`")
        expect_error(tongs(command, "-x"), 2, "unknown option '-x'", f"`tongs help {command}`")
        expect_error(tongs(command, "--version=1"), 2, "takes no value")
    for command in ["serve", "info", "worker"]:
        expect_error(tongs(command, "frob"), 2, "unexpected argument 'frob'")


@test
def an_output_that_cannot_be_written_is_an_error():
    with open("/dev/full", "w") as full:
        result = subprocess.run([TONGS, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1 and "cannot write" in result.stderr, result


# --- servers' names ------------------------------------------------------------------------------

@test
def a_bad_server_is_refused_with_a_reason():
    for url, why in [("frob", "names no transport"), ("unix:", "lacks the socket's path"),
                     ("tcp:host", "lacks a port"), ("vsock:x:1", "context id"),
                     ("unix:" + "a" * 200, "107 is the most")]:
        for command in [["run", "--server", url, "--", "true"], ["info", "--server", url],
                        ["serve", "--listen", url]]:
            expect_error(tongs(*command), 2, why, f"`tongs help {command[0]}`")
        expect_error(tongs("info", env=clean_environment(TONGS_SERVER=url)), 2, "TONGS_SERVER", why)
    expect_error(tongs("serve", "--listen", "spawn"), 2, "write unix:PATH")
    expect_error(tongs("serve", "--listen", "vsock:/run/v.sock:1"), 2, "for drivers")
    expect_error(tongs("serve", "--listen", "virtgpu"), 2, "--vhost-user-gpu PATH")
    expect_error(tongs("serve", "--vhost-user-gpu", "/x", "--listen", "unix:/y"), 2, "does not go with")


@test
def a_transport_that_is_not_built_says_so():
    for url in ["tcp:localhost:7777"]:
        for command in [["run", "--server", url, "--", "true"], ["info", "--server", url],
                        ["serve", "--listen", url]]:
            expect_error(tongs(*command), 1, "not supported by this build yet", url)


# --- tongs run -----------------------------------------------------------------------------------

def with_manifest(directory, **changes):
    manifest = os.path.join(directory, "tongs_icd.json")
    with open(manifest, "w") as file:
        file.write('{"ICD": {"library_path": "libvulkan_tongs.so"}}')
    return manifest, clean_environment(TONGS_MANIFEST=manifest, **changes)


def environment_of(result):
    assert result.returncode == 0, result
    return dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)


@test
def run_fails_as_shells_do_for_missing_and_unusable_programs():
    with scratch() as directory:
        _, env = with_manifest(directory)
        expect_error(tongs("run", "--", "no-such-program", env=env), 127, "program not found")
        expect_error(tongs("run", directory + "/no/such", env=env), 127, "program not found")
        expect_error(tongs("run", directory, env=env), 126, "Permission denied")
        assert tongs("run", "--", "sh", "-c", "exit 7", env=env).returncode == 7


@test
def run_sets_up_the_driver_for_the_program():
    with scratch() as directory:
        manifest, env = with_manifest(directory)
        seen = environment_of(tongs("run", "env", env=env))
        assert seen["VK_DRIVER_FILES"] == seen["VK_ICD_FILENAMES"] == manifest
        assert os.path.samefile(seen["TONGS_BIN"], TONGS)
        assert not {"TONGS_SERVER", "TONGS_HOST_DRIVER", "TONGS_VALIDATE",
                    "TONGS_CAPTURE"} & seen.keys(), seen

        seen = environment_of(tongs("run", "--server", "unix:a.sock", "--validate", "--capture",
                                    "c", "--host-driver", manifest, "env", env=env))
        assert seen["TONGS_SERVER"] == f"unix:{os.getcwd()}/a.sock"
        assert seen["TONGS_CAPTURE"] == f"{os.getcwd()}/c"
        assert seen["TONGS_HOST_DRIVER"] == manifest
        assert seen["TONGS_VALIDATE"] == "1"


@test
def run_keeps_the_users_choice_of_a_host_driver_for_the_worker():
    with scratch() as directory:
        manifest, env = with_manifest(directory)
        for name in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"]:
            def kept(value, **changes):
                changed = dict(env, **{name: value}, **changes)
                seen = environment_of(tongs("run", "env", env=changed))
                assert seen["VK_DRIVER_FILES"] == seen["VK_ICD_FILENAMES"] == manifest
                return seen.get("TONGS_HOST_DRIVER")

            assert kept("/a/b.json") == "/a/b.json"
            assert kept(f"/a.json:{manifest}:/b.json") == "/a.json:/b.json"
            assert kept(manifest) is None
            assert kept("") is None
            assert kept("/a.json", TONGS_HOST_DRIVER="/mine.json") == "/mine.json"


@test
def run_names_what_is_missing():
    expect_error(tongs("run", "true", env=clean_environment(TONGS_MANIFEST="/no/such.json")), 1,
                 "TONGS_MANIFEST", "/no/such.json")
    with scratch() as directory:
        _, env = with_manifest(directory)
        expect_error(tongs("run", "--host-driver", "/no/such.json", "true", env=env), 1,
                     "--host-driver: /no/such.json")
        expect_error(tongs("info", env=dict(env, TONGS_LIBRARY="/no/such.so")), 1, "TONGS_LIBRARY")
        expect_error(tongs("info", env=dict(env, TONGS_LIBRARY="/dev/null")), 1,
                     "cannot load the driver")


@test
def dump_names_a_missing_file():
    expect_error(tongs("dump", "/no/such"), 1, "/no/such: No such file")


# --- tongs serve ---------------------------------------------------------------------------------

@test
def serve_announces_its_sockets_and_guards_them():
    with scratch() as directory:
        first, second = directory + "/a", directory + "/b"
        with Server("--listen", "unix:" + first, "--listen", "unix:" + second) as server:
            assert f"tongs: listening on unix:{first}\n" in server.text()
            assert f"tongs: listening on unix:{second}\n" in server.text()
            for path in [first, second]:
                mode = os.stat(path).st_mode
                assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600, oct(mode)
            assert server.end() == 0
            assert os.listdir(directory) == []


@test
def a_loose_or_a_tight_umask_changes_nothing():
    with scratch() as directory:
        for mask in [0, 0o777]:
            path = directory + "/a"
            with Server("--listen", "unix:" + path, preexec_fn=lambda: os.umask(mask)) as server:
                assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
                assert server.end() == 0


@test
def serve_listens_in_the_runtime_directory_by_default():
    with scratch() as directory:
        with Server(env=clean_environment(XDG_RUNTIME_DIR=directory)) as server:
            assert os.listdir(directory) == ["tongs.sock"]
            assert server.end() == 0
    expect_error(tongs("serve"), 2, "XDG_RUNTIME_DIR", "--listen unix:PATH")


@test
def a_second_server_at_a_live_socket_is_refused_and_does_no_harm():
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path) as server:
            result = tongs("serve", "--listen", f"unix:{directory}/b", "--listen", "unix:" + path)
            expect_error(result, 1, "another server answers there", path)
            assert os.listdir(directory) == ["a"]
            with connect(path):
                server.wait_for(r"worker \d+ started")
            server.wait_for(r"worker \d+ for pid \d+, uid \d+ ended")


@test
def a_stale_socket_is_replaced_and_a_file_is_not():
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path) as server:
            server.end(signal.SIGKILL)
        assert stat.S_ISSOCK(os.stat(path).st_mode)
        with Server("--listen", "unix:" + path) as server:
            connect(path).close()
            assert server.end() == 0

        with open(path, "w") as file:
            file.write("precious")
        expect_error(tongs("serve", "--listen", "unix:" + path), 1, "a file that is no socket")
        with open(path) as file:
            assert file.read() == "precious"
    expect_error(tongs("serve", "--listen", "unix:/no/such/a"), 1, "No such file or directory")


@test
def a_socket_file_that_is_no_longer_ours_stays():
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path) as old:
            os.unlink(path)
            with Server("--listen", "unix:" + path) as new:
                assert old.end() == 0
                connect(path).close()
                assert new.end() == 0


@test
def each_signal_that_ends_the_server_cleans_up_and_ends_the_workers():
    with scratch() as directory:
        for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]:
            path = directory + "/a"
            with Server("--listen", "unix:" + path) as server:
                with connect(path):
                    worker = int(server.wait_for(r"worker (\d+) started")[1])
                    assert server.end(number) == 0, server.text()
                    assert "killing them" not in server.text()
                    assert not os.path.exists(path)
                    assert state_of(worker) in "ZX", server.text()


@test
def each_client_has_a_worker_that_ends_with_it():
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path) as server:
            with connect(path), connect(path):
                server.wait_for(r"worker \d+ started.*worker \d+ started")
            ends = r"worker \d+ for pid \d+, uid \d+ ended with exit status \d+ after .*" * 2
            server.wait_for(ends)
            assert server.end() == 0


@test
def a_client_beyond_the_limit_is_turned_away_and_one_in_its_place_is_not():
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path, "--max-workers", "1") as server:
            with connect(path):
                server.wait_for(r"worker \d+ started")
                with connect(path) as second:
                    expect_end(second)
                server.wait_for(r"turned pid \d+, uid \d+ away: 1 workers run already")
            server.wait_for(r"worker \d+ for pid \d+, uid \d+ ended")
            with connect(path):
                server.wait_for(r"worker \d+ started.*worker \d+ started")
            assert server.end() == 0


@test
def a_killed_worker_is_reported_and_the_server_goes_on():
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path) as server:
            with connect(path) as client:
                worker = int(server.wait_for(r"worker (\d+) started")[1])
                os.kill(worker, signal.SIGKILL)
                with contextlib.suppress(ConnectionResetError):
                    while client.recv(4096):
                        pass
                server.wait_for(rf"worker {worker} for .* ended by signal 9 \(Killed\)")
            with connect(path):
                server.wait_for(r"worker \d+ started.*worker \d+ started")
            assert server.end() == 0


@test
def a_worker_that_does_not_end_by_itself_is_killed():
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path) as server:
            with connect(path):
                worker = int(server.wait_for(r"worker (\d+) started")[1])
                os.kill(worker, signal.SIGSTOP)
                wait_until(lambda: state_of(worker) == "T")
                assert server.end() == 0
                server.wait_for(rf"worker {worker} for .* ended by signal 9")


@test
def a_killed_worker_that_takes_long_to_go_is_waited_for():
    """On a busy machine the kernel takes long to free a process. Here a tracer holds one back."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path) as server, connect(path):
            worker = int(server.wait_for(r"worker (\d+) started")[1])
            if libc.ptrace(PTRACE_SEIZE, worker, None, None) < 0:
                raise Skip("this process may not trace the worker")
            os.kill(worker, signal.SIGSTOP)
            server.process.send_signal(signal.SIGTERM)
            server.wait_for("did not end in time: killing")
            assert not select.select([server.process.stderr], [], [], 3)[0], server.text()
            with contextlib.suppress(ChildProcessError):
                while not os.WIFSIGNALED(os.waitpid(worker, WALL)[1]):
                    pass
            assert server.process.wait(PATIENCE) == 0
            assert "cannot be killed" not in server.text(), server.text()


@test
def refusals_beyond_a_few_are_counted_and_not_logged():
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path, "--max-workers", "1") as server, connect(path):
            server.wait_for(r"worker \d+ started")
            for _ in range(200):
                with connect(path) as client:
                    expect_end(client)
            assert server.end() == 0
            assert server.text().count("turned pid") < 31, server.text()
            left_out = re.findall(r"pid \d+, uid \d+: left out (\d+) more lines", server.text())
            assert 170 <= sum(map(int, left_out)) <= 172, server.text()


@test
def workers_inherit_nothing_but_their_client():
    with scratch() as directory:
        path = directory + "/a"
        low, other = os.pipe()
        leak = fcntl.fcntl(low, fcntl.F_DUPFD, 50)  # a low one would make way for the client's
        with Server("--listen", "unix:" + path, inherit=[leak]) as server, connect(path):
            worker = int(server.wait_for(r"worker (\d+) started")[1])
            # Until then it is a copy of the server, which has that descriptor.
            wait_until(lambda: "worker" in open(f"/proc/{worker}/cmdline").read().split("\0"))
            names = {os.readlink(fd.path) for fd in os.scandir(f"/proc/{worker}/fd")}
            assert not {os.readlink(f"/proc/self/fd/{leak}")} & names, names
        for fd in [low, other, leak]:
            os.close(fd)


@test
def a_server_out_of_descriptors_waits_and_goes_on():
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path, "--warm", "0") as server:
            # 0 to 2, the executable, the signals, the listener: no room for a client.
            hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[1]
            used = [int(fd) for fd in os.listdir(f"/proc/{server.process.pid}/fd")]
            free = min(set(range(100)) - set(used))
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (free, hard))
            with connect(path):
                server.wait_for(r"cannot accept on .*Too many open files")
                resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (256, hard))
                server.wait_for(r"worker \d+ started")
            assert server.end() == 0


@test
def a_server_of_many_clients_raises_its_own_limit_of_descriptors_and_no_other():
    with scratch() as directory:
        path = directory + "/a"

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard < 2000:
            raise Skip("the limit of descriptors is too low")
        for warm in ["0", "1"]:
            with Server("--listen", "unix:" + path, "--max-workers", "500", "--warm", warm,
                        "--limit", "descriptors=300", preexec_fn=limit) as server, connect(path):
                worker = int(server.wait_for(r"worker (\d+) started")[1])
                assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0] >= 1500
                wait_until(lambda: resource.prlimit(worker, resource.RLIMIT_NOFILE)[0] in (256, 300))
                assert server.end() == 0


@test
def only_the_users_that_are_named_may_connect():
    if os.geteuid() != 0:
        raise Skip("only root can become another user")
    nobody = 65534
    with scratch() as directory:
        os.chmod(directory, 0o755)
        path = directory + "/a"
        script = ("import os, socket, sys; os.setuid(%d); s = socket.socket(socket.AF_UNIX)\n"
                  "try: s.connect(sys.argv[1])\n"
                  "except PermissionError: sys.exit(13)\n"
                  "s.settimeout(%d)\n"
                  "try: s.sendall(bytes.fromhex('%s')); sys.exit(0 if s.recv(1) == b'' else 1)\n"
                  "except (BrokenPipeError, ConnectionResetError): sys.exit(0)"
                  % (nobody, PATIENCE, wire.hello().hex()))
        client = [sys.executable, "-c", script, path]

        def as_nobody():
            os.setuid(nobody)

        with Server("--listen", "unix:" + path) as server:
            assert subprocess.run(client).returncode == 13
            assert server.end() == 0
        with Server("--listen", "unix:" + path, "--allow-uid", "12345") as server:
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o666
            assert subprocess.run(client).returncode == 0
            server.wait_for(rf"turned pid \d+ away: uid {nobody} is not allowed")
            assert "started" not in server.text()
            assert server.end() == 0
        with Server("--listen", "unix:" + path, "--allow-uid", "12345", "--allow-uid",
                    str(nobody)) as server:
            child = subprocess.Popen(client)
            server.wait_for(rf"worker \d+ started for pid \d+, uid {nobody}")
            child.kill()
            child.wait()
            assert server.end() == 0


@test
def bad_numbers_are_refused():
    for option, value in [("--max-workers", "0"), ("--max-workers", "x"), ("--max-workers", "-1"),
                          ("--warm", "-1"), ("--warm", "many"),
                          ("--allow-uid", "root"), ("--idle-exit", "0"), ("--idle-exit", "1.5"),
                          ("--limit", "objects"), ("--limit", "objects=0"), ("--limit", "x=1"),
                          ("--ready-fd", "99"), ("--ready-fd", "x")]:
        expect_error(tongs("serve", "--listen", "unix:/no/such/a", option, value), 2, option, value)


@test
def an_idle_server_ends_when_it_was_asked_to():
    with scratch() as directory:
        path = directory + "/a"
        with Server("--listen", "unix:" + path, "--idle-exit", "1") as server:
            assert server.process.wait(PATIENCE) == 0
            assert "no client for 1 s" in server.text()
            assert os.listdir(directory) == []


@test
def a_replaced_program_file_does_not_matter():
    with scratch() as directory:
        global TONGS
        path, copy, original = directory + "/a", directory + "/tongs", TONGS
        subprocess.run(["cp", original, copy], check=True)
        TONGS = copy
        try:
            with Server("--listen", "unix:" + path) as server:
                os.unlink(copy)
                with open(copy, "w") as file:
                    file.write("not a program")
                with connect(path):
                    worker = int(server.wait_for(r"worker (\d+) started")[1])
                server.wait_for(rf"worker {worker} for .* ended with exit status [01] ")
                assert "cannot run a worker" not in server.text()
                assert server.end() == 0
        finally:
            TONGS = original


# --- tongs worker --------------------------------------------------------------------------------

@test
def a_worker_holds_nothing_of_its_parent_and_ends_with_its_client():
    ours, theirs = socket.socketpair()
    end, leak = os.pipe()
    with ours, theirs:
        worker = subprocess.Popen([TONGS, "worker", "--fd", str(theirs.fileno())],
                                  env=clean_environment(), pass_fds=[theirs.fileno(), leak],
                                  stdin=subprocess.DEVNULL, stdout=leak, stderr=subprocess.DEVNULL)
        os.close(leak)
        assert select.select([end], [], [], PATIENCE)[0], "the worker holds its parent's pipe"
        os.close(end)
        assert worker.poll() is None, "the worker ended before its client"
        theirs.close()
        ours.shutdown(socket.SHUT_WR)
        ours.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionResetError):
            while ours.recv(4096):
                pass
        worker.wait(PATIENCE)


def main():
    global TONGS
    TONGS = os.path.abspath(sys.argv[1])
    here = os.path.dirname(os.path.abspath(__file__))
    wire.init([None, os.path.dirname(os.path.dirname(TONGS)), os.path.join(here, "..", "..")])
    return tap.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
