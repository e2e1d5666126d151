# SPDX-License-Identifier: MIT

"""llama.cpp's Vulkan back end: what is right natively is right through the driver."""

import glob
import re
import shutil
import sys

from client import Skip, diag, client, harness, native, test

# Some packages put it in these places, outside of the PATH.
PLACES = ["/usr/lib/*/llama.cpp/test-backend-ops", "/usr/libexec/*/test-backend-ops",
          "/usr/libexec/*/*/test-backend-ops"]

# It takes no device that is a CPU unless it is told to.
ENVIRONMENT = {"GGML_VK_VISIBLE_DEVICES": "0"}

# A few that differ in their shaders; the whole takes hours on a software renderer.
OPERATIONS = ["ADD", "SOFT_MAX", "ROPE", "GET_ROWS"]


def program():
    found = [shutil.which("test-backend-ops"), *(f for p in PLACES for f in sorted(glob.glob(p)))]
    path = next(filter(None, found), None)
    if not path:
        raise Skip("there is no test-backend-ops here (llama.cpp, in Debian sid)")
    return path


def results(done):
    """What each case came to, by its description."""
    text = re.sub(r"\\x1b\[[0-9;]*m|\x1b\[[0-9;]*m", "", done.stdout)
    return dict(re.findall(r"^\s+(\w+\(.*\)): .*?(OK|FAIL|not supported)", text, re.M))


def compare(operation):
    command = [program(), "test", "-b", "Vulkan0", "-o", operation]
    alone = results(native(command, **ENVIRONMENT))
    if "OK" not in alone.values():
        raise Skip(f"no case of {operation} is right natively")
    done = client(command, **ENVIRONMENT)
    through = results(done)
    diag(f"{operation}: native {list(alone.values()).count('OK')} right, "
         f"tongs {list(through.values()).count('OK')}, of {len(alone)}")
    worse = [case for case, end in alone.items() if end == "OK" and through.get(case) != "OK"]
    assert not worse, (worse[:20], done.returncode, done.stderr[-2000:])


def declare(operation):
    def function():
        compare(operation)
    function.__name__ = f"llama.cpp's_{operation}_is_right_where_it_is_natively"
    test(function)


for each in OPERATIONS:
    declare(each)


if __name__ == "__main__":
    sys.exit(harness.main())
