# SPDX-License-Identifier: MIT

"""What the tests with real programs share: each program runs natively and through the driver.

They are run as the end-to-end tests are, whose harness they use: `test_X.py BUILD_DIRECTORY
SOURCE_DIRECTORY REGISTRY [WORD...]`. A program that is not installed, or that does not work
natively on this machine, makes its test a skip with a reason; none installs anything.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import harness  # noqa: E402
from harness import Skip, diag, client_environment, native_environment, test, tool  # noqa: E402

__all__ = ["Skip", "XServer", "both", "diag", "expect_same", "client", "harness", "native",
           "need_surfaces", "test", "tool", "version_of", "worked", "zink"]

INSTANCE_EXTENSIONS = """
import ctypes
vulkan = ctypes.CDLL("libvulkan.so.1")
count = ctypes.c_uint32()
vulkan.vkEnumerateInstanceExtensionProperties(None, ctypes.byref(count), None)
names = ctypes.create_string_buffer(260 * count.value)
vulkan.vkEnumerateInstanceExtensionProperties(None, ctypes.byref(count), names)
print(*(names.raw[i:i + 256].split(b"\\0")[0].decode() for i in range(0, 260 * count.value, 260)))
"""


def run(command, env):
    """As harness.run(), but for output that need not be text."""
    return subprocess.run(command, env=env, text=True, errors="backslashreplace",
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=harness.PATIENCE)


def native(command, **changes):
    return run(command, native_environment(**changes))


def client(command, **changes):
    return run(command, client_environment(foreign=True, **changes))


def worked(done, *patterns):
    """True if the program ended well and printed all of this."""
    return done.returncode == 0 and all(p in done.stdout for p in patterns)


def last_words(done):
    return f"status {done.returncode}: " + " | ".join(
        (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:])


def both(command, *patterns, **changes):
    """The program's two ends; a skip if it does not work natively."""
    alone = native(command, **changes)
    if not worked(alone, *patterns):
        raise Skip(f"{os.path.basename(command[0])} does not work natively: {last_words(alone)}")
    through = client(command, **changes)
    assert worked(through, *patterns), last_words(through) + "\n" + through.stdout
    return alone, through


def expect_same(alone, through):
    """Two texts, line by line."""
    differing = [f"   native: {a}\n   tongs:  {b}"
                 for a, b in zip(alone.splitlines(), through.splitlines()) if a != b]
    assert alone == through, "\n".join(differing[:20]) or f"{alone}\n{through}"


def version_of(command):
    """The first line of what the program says of its version, for the record."""
    done = native(command)
    diag(next(iter((done.stdout or done.stderr).strip().splitlines()), "no version"))


def zink(**changes):
    """OpenGL on the Vulkan driver of the environment, which may be a software renderer."""
    return dict(MESA_LOADER_DRIVER_OVERRIDE="zink", GALLIUM_DRIVER="zink",
                LIBGL_ALWAYS_SOFTWARE="1", **changes)


def need_surfaces(extension="VK_KHR_xcb_surface"):
    """Skips while the driver, or this machine's, has no surfaces of that kind: these programs do not start without."""
    for run_there, whose in ((native, "this machine's driver"), (client, "the driver")):
        there = run_there([sys.executable, "-c", INSTANCE_EXTENSIONS])
        assert there.returncode == 0, there.stderr
        if extension not in there.stdout.split():
            raise Skip(f"it needs {extension}, which {whose} does not have")


class XServer(harness.Process):
    """An X server of this test's own, on a display of the server's choice."""

    def __init__(self):
        super().__init__([tool("Xvfb"), "-displayfd", "1", "-screen", "0", "640x480x24",
                          "-nolisten", "tcp"], harness.plain_environment())
        self.display = ":" + self.wait_for(r"^(\d+)\n")[1]
