# SPDX-License-Identifier: MIT

"""Rows of bench/compare that are other people's programs, where they are installed."""

import glob
import os
import re
import subprocess
import time
from typing import Callable, NamedTuple


class Program(NamedTuple):
    name: str       # "vkmark-cube"
    unit: str       # "frames/s"
    better: str     # "higher"
    what: str       # "vkmark's scene cube"
    paths: tuple    # patterns of where the program may be
    arguments: list
    quick: list     # instead of `arguments`
    env: dict       # what it needs in the environment
    patience: int   # what takes longer hangs, seconds
    value: Callable  # (stdout, seconds) -> number, None where it did not do its work


def frames(text, _):
    found = re.search(r"FPS: (\d+)", text)
    return float(found[1]) if found else None


def score(text, _):
    found = re.search(r"vkmark Score: (\d+)", text)
    return float(found[1]) if found else None


def seconds(text, took):
    """The whole run's, of a test whose cases are all right: none is skipped for want of the back end."""
    return took if re.search(r"(\d+)/\1 backends passed", text) and "): OK" in text else None


VKMARK = ("/usr/bin/vkmark", "/usr/local/bin/vkmark")
GGML = ("/usr/bin/test-backend-ops", "/usr/libexec/*/llama.cpp-tests/test-backend-ops",
        "/usr/libexec/*/test-backend-ops", "/usr/lib/*/llama.cpp/test-backend-ops")


def vkmark(scenes, duration):
    return ["--winsys", "headless", *(word for scene in scenes
                                      for word in ("-b", f"{scene}:duration={duration}"))]


def scene(name):
    return Program(f"vkmark-{name}", "frames/s", "higher",
                   f"vkmark's scene {name}, headless, 800 x 600", VKMARK, vkmark([name], 3),
                   vkmark([name], 1), {}, 60, frames)


SCENES = ["vertex", "texture", "shading", "desktop", "effect2d", "cube", "clear"]
PROGRAMS = [
    Program("vkmark-score", "points", "higher",
            "vkmark, all scenes: the mean of their frames a second", VKMARK, vkmark(SCENES, 2),
            vkmark(SCENES, 0.5), {}, 120, score),
    scene("clear"),
    scene("cube"),
    Program("ggml-add-mul", "s", "lower",
            "llama.cpp's test-backend-ops, ADD and MUL: start to end", GGML,
            ["test", "-b", "Vulkan0", "-o", "ADD,MUL"], ["test", "-b", "Vulkan0", "-o", "ADD"],
            # Otherwise it takes no device that is a CPU.
            {"GGML_VK_VISIBLE_DEVICES": "0"}, 300, seconds),
]


def find(program, root):
    """Where it is in the root directory, as seen from inside; None where it is not."""
    for pattern in program.paths:
        for path in sorted(glob.glob(f"{root or ''}{pattern}")):
            return path[len(str(root)):] if root else path
    return None


def run(program, prefix, path, env, quick, limit):
    """A row as tongs-bench gives it; no end after `limit` seconds is a failure."""
    begin = time.monotonic()
    limit = min(limit, program.patience)
    try:
        done = subprocess.run([*prefix, path, *(program.quick if quick else program.arguments)],
                              env={**os.environ, **env, **program.env}, stdin=subprocess.DEVNULL, text=True,
                              errors="replace", capture_output=True, check=False, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"status": "failed", "reason": f"no end after {limit} s"}
    value = program.value(re.sub(r"\x1b\[[0-9;]*m", "", done.stdout), time.monotonic() - begin)
    if done.returncode or value is None:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()
        return {"status": "failed", "reason": f"status {done.returncode}: {(reason or [''])[-1]}"}
    return {"status": "ok", "value": value}
