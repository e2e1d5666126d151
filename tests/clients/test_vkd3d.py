# SPDX-License-Identifier: MIT

"""vkd3d's demos, which are Direct3D 12 programs, draw through the driver where they do natively.

They run until their window is closed: one that still runs after a while has drawn.
"""

import subprocess
import sys

from client import Skip, XServer, client_environment, harness, native_environment, need_surfaces, \
    test, tool

# Seconds; a demo that cannot start has ended long before.
WHILE = 3


def ends_early(path, env):
    """What the demo said before it ended of itself; None if it ran on."""
    try:
        done = subprocess.run([path], env=env, text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=WHILE)
    except subprocess.TimeoutExpired:
        return None
    return f"status {done.returncode}: {done.stderr}"


def runs(name):
    path = tool(name)
    need_surfaces()
    display = XServer().display
    alone = ends_early(path, native_environment(DISPLAY=display))
    if alone:
        raise Skip(f"{name} does not run natively: {alone}")
    through = ends_early(path, client_environment(foreign=True, DISPLAY=display))
    assert not through, through


@test
def the_gears_turn():
    runs("vkd3d-gears")


@test
def the_triangle_is_drawn():
    runs("vkd3d-triangle")


if __name__ == "__main__":
    sys.exit(harness.main())
