#!/usr/bin/python3
# SPDX-License-Identifier: MIT

"""The built driver and program are hardened. Usage: test_hardening.py FILE... Prints TAP."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402

ENDBR64 = b"\xf3\x0f\x1e\xfa"


def readelf(path, *options):
    return subprocess.run(["readelf", "--wide", *options, path], capture_output=True, text=True, check=True).stdout


def imports(path):
    return set(re.findall(r"UND (\w+)", readelf(path, "--dyn-syms")))


def check(path):
    name = os.path.basename(path)
    segments, dynamic = readelf(path, "--segments"), readelf(path, "--dynamic")
    tap.fact("GNU_RELRO" in segments, f"{name}: relocated data becomes read-only", segments)
    tap.fact(re.search(r"BIND_NOW|FLAGS_1.*NOW", dynamic), f"{name}: all symbols are bound at the start", dynamic)
    tap.fact(re.search(r"GNU_STACK.* RW ", segments), f"{name}: the stack is not executable", segments)
    tap.fact("__stack_chk_fail" in imports(path), f"{name}: frames are guarded", str(imports(path)))
    if "X86-64" in readelf(path, "--file-header"):
        with open(path, "rb") as file:
            marks = file.read().count(ENDBR64)
        tap.fact(marks > 100, f"{name}: the targets of indirect jumps are marked", f"{marks} marks")
    checked = {symbol for symbol in imports(path) if symbol.endswith("_chk") and "stack" not in symbol}
    tap.fact(len(checked) > 3, f"{name}: the C library checks sizes", str(checked))


def main():
    for path in sys.argv[1:]:
        check(path)
    return tap.end()


sys.exit(main())
