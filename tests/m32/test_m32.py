# SPDX-License-Identifier: MIT

"""The driver's sources compile for 32 bits, with their static assertions: test_m32.py BUILD_DIRECTORY. Nothing is linked, so
that only the C library's headers for 32 bits are needed (in Debian: gcc-multilib)."""

import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402
from tap import Skip, test  # noqa: E402

# What a build with -Dtests=disabled makes on a machine of 32 bits.
TARGETS = ("icd/libvulkan_tongs.so.p/", "protocol/libtongs-protocol.a.p/")


def commands(build):
    """(file, command) of each source of the driver."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            if entry["output"].startswith(TARGETS):
                words = [w for w in shlex.split(entry["command"]) if w not in ("ccache", "-MD", "-c")]
                for option in "-MQ", "-MF", "-o":
                    at = words.index(option)
                    del words[at:at + 2]
                words = [w for w in words if not w.startswith(("-O", "-g", "-fsanitize"))]
                yield entry["file"], [words[0], "-m32", "-fsyntax-only", "-Werror", *words[1:]]


def compile_one(job):
    done = subprocess.run(job[1], cwd=sys.argv[1], text=True, capture_output=True)
    return "" if done.returncode == 0 else f"{job[0]}:\n{done.stderr}"


@test
def the_driver_compiles_for_32_bits():
    jobs = list(commands(sys.argv[1]))
    assert jobs
    probe = subprocess.run([jobs[0][1][0], "-m32", "-fsyntax-only", "-xc", "-"], input="#include <stdio.h>\n", text=True,
                           capture_output=True)
    if probe.returncode:
        raise Skip("the compiler has no headers for 32 bits")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = list(filter(None, pool.map(compile_one, jobs)))
    assert not failures, "\n".join(failures)[:4000]


if __name__ == "__main__":
    sys.exit(tap.main())
