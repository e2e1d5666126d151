#!/usr/bin/python3
# SPDX-License-Identifier: MIT

"""The generator gives the same code with Debian sid's Python and Mako as with those of this machine.

Usage: test_newest_python.py SOURCE_DIRECTORY REGISTRY. Prints TAP. tools/debian-packages unpacks sid's
packages into ~/.cache/tongs once; they run here with their own C library.
"""

import filecmp
import glob
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tongs", "python")


def unpack(source):
    """Sid's Python, as the first words of a command, and the environment that it needs; instead of
    the command None and the reason."""
    tool = os.path.join(source, "tools", "debian-packages")
    done = subprocess.run([tool, "--with-dependencies", "sid", CACHE, "python3", "python3-mako"],
                          capture_output=True, text=True, check=False)
    loaders = glob.glob(f"{CACHE}/usr/lib*/ld-linux-*.so.*") + glob.glob(f"{CACHE}/usr/lib/ld-linux-*.so.*")
    pythons = glob.glob(f"{CACHE}/usr/bin/python3.[0-9]*")
    if done.returncode or not loaders or not pythons:
        return None, f"sid's Python cannot be had: {done.stderr.strip()[-200:]}"
    libraries = ":".join(glob.glob(f"{CACHE}/usr/lib/*-linux-gnu*"))
    env = {"PATH": os.environ["PATH"], "PYTHONHOME": f"{CACHE}/usr", "LC_ALL": "C.UTF-8",
           "PYTHONPATH": f"{CACHE}/usr/lib/python3/dist-packages"}
    return [loaders[0], "--library-path", libraries, pythons[0]], env


def generate(python, env, source, registry, out):
    templates = [os.path.basename(path) for kind in "ch"
                 for path in glob.glob(os.path.join(source, "codegen", "templates", f"*.{kind}.mako"))]
    os.mkdir(out)
    return subprocess.run(
        [*python, os.path.join(source, "codegen", "gen.py"), "--registry", registry,
         "--ops", os.path.join(source, "protocol", "ops.txt"),
         "--own-ops", os.path.join(source, "protocol", "own_ops.json"), "--out", out, *sorted(templates)],
        env=env, capture_output=True, text=True, check=False)


def main():
    source, registry = map(os.path.abspath, sys.argv[1:])
    python, env = unpack(source)
    if not python:
        return tap.skip_all(" ".join(env.split()))
    version = subprocess.run([*python, "-c", "import mako, sys; print(sys.version.split()[0], mako.__version__)"],
                             env=env, capture_output=True, text=True, check=False).stdout.strip()
    with tempfile.TemporaryDirectory(prefix="tongs-python-") as scratch:
        here, there = os.path.join(scratch, "here"), os.path.join(scratch, "there")
        ours = generate([sys.executable], None, source, registry, here)
        theirs = generate(python, env, source, registry, there)
        tap.fact(ours.returncode == theirs.returncode == 0,
                 f"sid's Python and Mako ({version}) generate", ours.stderr + theirs.stderr)
        names = sorted(os.listdir(here))
        differ = [n for n in names if not os.path.exists(os.path.join(there, n)) or
                  not filecmp.cmp(os.path.join(here, n), os.path.join(there, n), shallow=False)]
        tap.fact(len(names) > 20 and not differ, "each file is the same", f"{len(names)} files, different: {differ}")
    return tap.end()


sys.exit(main())
