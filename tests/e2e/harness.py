# SPDX-License-Identifier: MIT

"""What the end-to-end tests share: servers, clients, and the check that nothing is left over.

Each test file is run as `test_X.py BUILD_DIRECTORY SOURCE_DIRECTORY REGISTRY [WORD...]`; with
words, only the tests whose names hold one of them run. tap.py tells what a test is. A test never
sleeps: it waits for lines, for ends of processes, or for a state with wait_until().

The tests run on the host's software renderer. This process takes in its orphans, so that
workers, which let go of their client, are its children and can be counted and waited for.
"""

import contextlib
import ctypes
import fcntl
import glob
import os
import platform
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402
from tap import Skip, diag, test  # noqa: E402, F401

# Far above what anything here takes: reached only when something hangs.
PATIENCE = 60

# The exit status of a program of tests/programs that cannot do its work on this machine.
SKIPPED = 77

PR_SET_CHILD_SUBREAPER = 36

BUILD = SOURCE = REGISTRY = ""
TONGS = LIBRARY = MANIFEST = PROGRAMS = ""

# The private directory of the running test, and the things that its end closes.
scratch = ""
cleanup = contextlib.ExitStack()

# --- Environments --------------------------------------------------------------------------------

def native_driver():
    """The manifest of the host's software renderer; None if there is none."""
    found = sorted(glob.glob("/usr/share/vulkan/icd.d/lvp_icd*.json"))
    return found[0] if found else None


def sanitized():
    with open(LIBRARY, "rb") as file:
        return b"__asan_init" in file.read()


def _preload():
    """Programs that are not ours need the sanitizer's library before a driver that uses it."""
    if not sanitized():
        return {}
    found = re.search(r"=> (\S*(?:libasan|libclang_rt.asan)\S*)",
                      subprocess.run(["ldd", LIBRARY], text=True, capture_output=True).stdout)
    return {"LD_PRELOAD": found[1]} if found else {}


def plain_environment(foreign=False, **changes):
    """Without anything of the user's that Vulkan loaders, layers, Mesa or we would look at.
    `foreign`: for a program that this project did not build."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("TONGS_", "VK_", "XDG_", "MESA_", "LP_", "GALLIUM_"))
           and k not in ("DISPLAY", "WAYLAND_DISPLAY", "LD_PRELOAD", "DESTDIR")}
    env.update(HOME=scratch, XDG_RUNTIME_DIR=scratch, LC_ALL="C", NODEVICE_SELECT="1")
    if sanitized():
        # Drivers and loaders leave things behind, which is not ours to find.
        env["ASAN_OPTIONS"] = ":".join(filter(None, [env.get("ASAN_OPTIONS"), "detect_leaks=0"]))
        if foreign:
            env.update(_preload())
    env.update(changes)
    # The sandbox forbids the mock host driver's log, and the process in which a sanitizer looks up
    # the names of functions when the mock host driver crashes.
    if "TONGS_MOCK_LOG" in env or (sanitized() and "TONGS_MOCK_CRASH" in env):
        env.setdefault("TONGS_SANDBOX", "off")
    return env


def native_environment(**changes):
    return plain_environment(VK_DRIVER_FILES=native_driver(), VK_ICD_FILENAMES=native_driver(),
                             **changes)


def client_environment(server=None, **changes):
    """For a program that uses the driver; `server` is a Server, a URL or None for spawn."""
    url = getattr(server, "url", server) or "spawn"
    env = dict(VK_DRIVER_FILES=MANIFEST, VK_ICD_FILENAMES=MANIFEST, TONGS_BIN=TONGS,
               TONGS_SERVER=url, TONGS_HOST_DRIVER=native_driver(),
               # A busy machine with sanitizers may need longer than the driver's default.
               TONGS_TIMEOUT=str(PATIENCE))
    env.update(changes)
    return plain_environment(**env)


def program(name):
    return os.path.join(PROGRAMS, name)


def tool(name):
    path = shutil.which(name)
    if not path:
        raise Skip(f"there is no {name} here")
    return path


def need_validation_layer():
    if not glob.glob("/usr/share/vulkan/explicit_layer.d/*hronos_validation.json"):
        raise Skip("the validation layer is not installed")


def run(command, env, timeout=PATIENCE, **keywords):
    return subprocess.run(command, env=env, text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout, **keywords)


def checks_of(tap):
    """name -> "ok", "not ok" or "skip" of a program that prints TAP."""
    found = re.findall(r"^(ok|not ok) \d+ - ([^:#\n]+?)(?::.*?)?( # SKIP.*)?$", tap, re.M)
    assert len(found) == int(re.search(r"^1\.\.(\d+)$", tap, re.M)[1]), tap
    return {name: "skip" if skip else state for state, name, skip in found}


# --- Processes -----------------------------------------------------------------------------------

def parent_of(pid):
    """None for a process that is gone, or is only waited for."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[1])


def children_of(pid):
    return {int(p) for p in os.listdir("/proc") if p.isdigit() and parent_of(p) == pid}


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read().split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().rstrip("\n")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_worker(pid):
    """With a client: one that was started to wait, or forked, takes the name when it has one."""
    command = command_of(pid)
    return command[1:2] == ["worker"] and (not {"--wait", "--zygote"} & set(command) or
                                           name_of(pid) == "tongs-worker")


def workers_of(server):
    """The workers that have a client, of a Server, or for None the private ones."""
    parent = server.process.pid if server else os.getpid()
    return {p for p in children_of(parent) if is_worker(p)}


def ready_of(server):
    """The workers of a Server that have the driver at hand and wait for a client."""
    return {p for p in children_of(server.process.pid) if name_of(p) == "tongs-ready"}


def wait_for_ready(server, count):
    wait_until(lambda: len(ready_of(server)) == count)
    return ready_of(server)


def only_worker_of(server):
    workers = workers_of(server)
    assert len(workers) == 1, f"the one worker is expected, not {workers}"
    return workers.pop()


# The number of userfaultfd.
USERFAULTFD = {"x86_64": 323, "aarch64": 282}.get(platform.machine())
UFFDIO_API = 0xc018aa3f
USERFAULTFD_IOC_NEW = 0xaa00
# Write protection, of shared memory, too.
UFFD_FEATURES = 1 << 0 | 1 << 12


def kernel_refuses_app_pages():
    """Whether the driver cannot have what VK_EXT_external_memory_host takes; behind a filter of
    system calls it does not try."""
    with open("/proc/self/status", encoding="ascii") as status:
        if re.search(r"^Seccomp:\s*[12]", status.read(), re.M) or not USERFAULTFD:
            return True
    fd = ctypes.CDLL(None).syscall(USERFAULTFD, os.O_CLOEXEC)
    try:
        if fd < 0:
            with open("/dev/userfaultfd", "rb+", buffering=0) as device:
                fd = fcntl.ioctl(device, USERFAULTFD_IOC_NEW, os.O_CLOEXEC)
        api = fcntl.ioctl(fd, UFFDIO_API, struct.pack("QQQ", 0xaa, 0, 0))
        for name in ("mem", "pagemap"):
            with open(f"/proc/self/{name}", "rb"):
                pass
    except OSError:
        return True
    finally:
        if fd >= 0:
            os.close(fd)
    return struct.unpack("QQQ", api)[1] & UFFD_FEATURES != UFFD_FEATURES


def mapped_files(pid):
    with open(f"/proc/{pid}/maps") as file:
        return {line.split(None, 5)[5].strip() for line in file if len(line.split(None, 5)) == 6}


def kill_worker(pid):
    assert is_worker(pid), f"{pid} is {command_of(pid)}"
    os.kill(pid, signal.SIGKILL)


def wait_until(condition, patience=PATIENCE):
    """For states that nobody tells of."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited too long"
        select.select([], [], [], 0.005)
    return value


def wait_for_end(pid, patience=PATIENCE):
    """Waits for any process; True if it ended. One that is our child is reaped."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with os.fdopen(fd):
        ended = bool(select.select([fd], [], [], patience)[0])
    if ended:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return ended


def expect_nothing_left(patience=10):
    """No process that this one started, or took in, is still there."""
    left = [p for p in children_of(os.getpid()) if not wait_for_end(p, patience)]
    names = {p: command_of(p) for p in left}
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_for_end(pid)
    assert not left, f"left over: {names}"


class Process:
    """A running program. What it prints is gathered; wait_for() waits for a line of it."""

    def __init__(self, command, env, **keywords):
        self.output = {"stdout": "", "stderr": ""}
        self.changed = threading.Condition()
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords)
        self.readers = [threading.Thread(target=self.read, args=[name], daemon=True)
                        for name in self.output]
        self.open = len(self.readers)
        for reader in self.readers:
            reader.start()
        cleanup.callback(self.close)

    def read(self, name):
        stream = getattr(self.process, name)
        while data := stream.read1(65536):
            with self.changed:
                self.output[name] += data.decode(errors="replace")
                self.changed.notify_all()
        with self.changed:
            self.open -= 1
            self.changed.notify_all()

    def wait_for(self, pattern, stream="stdout", patience=PATIENCE):
        """The match of the regular expression in what was printed."""
        def found():
            return re.search(pattern, self.output[stream], re.DOTALL | re.MULTILINE)
        with self.changed:
            self.changed.wait_for(lambda: found() or not self.open, patience)
        assert found(), f"no {pattern!r} in {self.output}"
        return found()

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def wait(self, patience=PATIENCE):
        status = self.process.wait(patience)
        for reader in self.readers:
            reader.join(PATIENCE)
        return status

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        for reader in self.readers:
            reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()


class Server(Process):
    """A `tongs serve` on a private socket, ready when the constructor returns."""

    def __init__(self, *arguments, **changes):
        self.path = tempfile.mktemp(prefix="socket-", dir=scratch)
        self.url = "unix:" + self.path
        # A test waits for lines that it causes by the hundred.
        super().__init__([TONGS, "serve", "--listen", self.url, "--host-driver", native_driver(),
                          "--log-lines", "0", *arguments], plain_environment(**changes))
        self.wait_for(re.escape(f"tongs: listening on {self.url}\n"), "stderr")

    @property
    def log(self):
        return self.output["stderr"]

    def wait_for_log(self, pattern):
        return self.wait_for(pattern, "stderr")


class Client(Process):
    """client_program.py, which does what it is told line by line; ask() gives its answer."""

    def __init__(self, server=None, env=None, **changes):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client_program.py")
        super().__init__([sys.executable, script],
                         env or client_environment(server, foreign=True, **changes))
        self.asked = 0

    def ask(self, line):
        self.asked += 1
        self.say(line)
        answer = self.wait_for(rf"^{self.asked}: (.*)\n")[1]
        assert not answer.startswith("failed"), f"{line}: {answer} {self.output['stderr']}"
        return answer

    def finish(self):
        self.process.stdin.close()
        status = self.wait()
        assert status == 0, (status, self.output)


class Victim(Process):
    """The program `lost`, which has made its objects and waits when the constructor returns."""

    def __init__(self, mode, server=None):
        self.mode = mode
        self.file = f"{scratch}/killed-{mode}"
        # A process that was killed holds its sockets until the kernel has run its end: on a busy machine that takes as long as
        # it takes, and is in the time. An idle one needs 5 to 20 ms for all of it.
        super().__init__([program("lost"), mode, "--limit", "4", self.file],
                         client_environment(server))
        self.wait_for("^ready$")

    def tell_the_time(self):
        """Tells the program that its worker is killed now."""
        with open(self.file + ".new", "w") as file:
            file.write(f"{time.monotonic_ns()}\n")
        os.rename(self.file + ".new", self.file)

    def expect_loss(self):
        status = self.wait()
        assert status == 0, (self.mode, status, self.output)
        diag(self.output["stdout"].splitlines()[1])


def transports():
    """Each way to reach a worker: its name, and a Server or None."""
    return [("spawn", None), ("unix", Server())]


# --- The whole -----------------------------------------------------------------------------------

@contextlib.contextmanager
def _around_a_test():
    """Gives a test its private directory. What it left open is closed, also if it failed or was skipped."""
    global scratch, cleanup
    with tempfile.TemporaryDirectory(prefix="tongs-e2e-") as directory:
        scratch = directory
        cleanup = contextlib.ExitStack()
        skip = None
        try:
            with cleanup:
                yield
        except Skip as reason:
            skip = reason
        expect_nothing_left()
        if skip:
            raise skip


def main():
    global BUILD, SOURCE, REGISTRY, TONGS, LIBRARY, MANIFEST, PROGRAMS
    if len(sys.argv) < 4:
        sys.exit(f"usage: {sys.argv[0]} BUILD_DIRECTORY SOURCE_DIRECTORY REGISTRY [WORD...]")
    BUILD, SOURCE, REGISTRY = (os.path.abspath(a) for a in sys.argv[1:4])
    TONGS = os.path.join(BUILD, "cli", "tongs")
    LIBRARY = os.path.join(BUILD, "icd", "libvulkan_tongs.so")
    MANIFEST = next(iter(glob.glob(os.path.join(BUILD, "icd", "tongs_devenv_icd.*.json"))), "")
    PROGRAMS = os.path.join(BUILD, "tests", "programs")
    if not native_driver():
        return tap.skip_all("no lavapipe in /usr/share/vulkan/icd.d")
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return tap.main(sys.argv[4:], _around_a_test)
