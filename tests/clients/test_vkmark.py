# SPDX-License-Identifier: MIT

"""Every scene of vkmark that runs natively runs through the driver; the scores are printed."""

import re
import sys

from client import Skip, diag, client, harness, native, need_surfaces, test, tool

SCENES = ["vertex", "texture", "shading", "desktop", "effect2d", "cube", "clear"]


def arguments(scene):
    return [tool("vkmark"), "--winsys", "headless", "-s", "128x128",
            "-b", f"{scene}:duration=0.5"]


def score(done):
    """None if the scene did not run."""
    found = re.search(r"FPS: (\d+)", done.stdout)
    return int(found[1]) if done.returncode == 0 and found else None


@test
def the_scenes_that_run_natively_run_through_the_driver():
    tool("vkmark")
    # The headless window system of vkmark is a VK_EXT_headless_surface.
    need_surfaces("VK_EXT_headless_surface")
    alone = {scene: native(arguments(scene)) for scene in SCENES}
    scores = {scene: score(done) for scene, done in alone.items() if score(done) is not None}
    if not scores:
        raise Skip("no scene of vkmark runs natively: " + alone[SCENES[0]].stderr.strip())
    worse = {}
    for scene, fps in scores.items():
        done = client(arguments(scene))
        diag(f"{scene}: native {fps}, tongs {score(done)} frames a second, "
             f"{(score(done) or 0) / fps:.2f} of it")
        if score(done) is None:
            worse[scene] = done.stderr or done.stdout
    assert not worse, worse


if __name__ == "__main__":
    sys.exit(harness.main())
