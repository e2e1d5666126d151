# SPDX-License-Identifier: MIT

"""OpenGL on Vulkan (Mesa's zink) does through the driver what it does natively.

eglinfo needs no window system; the others make a swapchain of their window even if they draw
off-screen, so that they are skipped while the driver has no VK_KHR_xcb_surface.
"""

import re
import sys

from client import (Skip, XServer, both, diag, expect_same, client, client_environment, harness,
                    native, native_environment, need_surfaces, test, tool, zink)


def surfaceless(done):
    """What eglinfo says of the platform without windows, less the name of our devices.
    It ends with an error where any other platform is missing."""
    found = re.search(r"^Surfaceless platform:\n(.*?)(?=^\S[^\n]* platform:\n|\Z)", done.stdout,
                      re.DOTALL | re.MULTILINE)
    return re.sub(r"Tongs \((.*?\))\)", r"\1", found[1]) if found else ""


@test
def eglinfo_says_the_same_of_zink_without_windows():
    info = tool("eglinfo")
    alone = surfaceless(native([info], **zink()))
    if "EGL driver name: zink" not in alone:
        raise Skip("zink does not work natively without windows")
    expect_same(alone, surfaceless(client([info], **zink())))


def on_x11(*command, expect):
    need_surfaces()
    return both(list(command), expect, **zink(DISPLAY=XServer().display))


@test
def glxinfo_names_zink():
    alone, _ = on_x11(tool("glxinfo"), "-B", expect="zink (")
    diag(re.search(r"OpenGL version string.*", alone.stdout)[0])


def scores(*command):
    ends = on_x11(*command, "--off-screen", "-s", "64x64", "-b", "build:duration=0.5",
                  "-b", "texture:duration=0.5", "-b", "shading:duration=0.5",
                  expect="glmark2 Score")
    alone, through = [re.findall(r"FPS: (\d+)", end.stdout) for end in ends]
    diag(f"frames a second: native {alone}, tongs {through}")
    assert len(alone) == len(through), (alone, through)


@test
def glmark2_draws_off_screen():
    scores(tool("glmark2"))


@test
def glmark2_es2_draws_off_screen():
    scores(tool("glmark2-es2"))


@test
def glxgears_turn():
    gears = tool("glxgears")
    need_surfaces()
    changes = zink(DISPLAY=XServer().display)
    for env in native_environment(**changes), client_environment(foreign=True, **changes):
        turning = harness.Process([gears], env)
        diag(turning.wait_for(r"^\d+ frames in .*$")[0])
        turning.end()


if __name__ == "__main__":
    sys.exit(harness.main())
