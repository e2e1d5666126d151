# SPDX-License-Identifier: MIT
"""Compares what gen.py makes of mini.xml with what is committed beside this file.

   golden.py --gen GEN                   the test, in TAP
   golden.py --gen GEN --regenerate      writes the files anew: review the difference, then commit it
"""

import argparse
import difflib
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
EXPECTED = os.path.join(HERE, "expected")
TEMPLATES = [
    "tongs_gen_args.c.mako",
    "tongs_gen_args.h.mako",
    "tongs_gen_chains.c.mako",
    "tongs_gen_decode.c.mako",
    "tongs_gen_encode.c.mako",
    "tongs_gen_enums.c.mako",
    "tongs_gen_ops.c.mako",
    "tongs_gen_output.c.mako",
    "tongs_gen_own.c.mako",
    "tongs_gen_own.h.mako",
    "tongs_gen_own_info.c.mako",
    "tongs_gen_record.h.mako",
    "tongs_gen_structs.h.mako",
    "tongs_gen_types.h.mako",
    "tongs_gen_wire.h.mako",
]


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read().splitlines(keepends=True)
    except FileNotFoundError:
        return []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gen", required=True)
    parser.add_argument("--regenerate", action="store_true")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        out = EXPECTED if args.regenerate else scratch
        subprocess.run([sys.executable, args.gen, "--registry", os.path.join(HERE, "mini.xml"),
                        "--ops", os.path.join(HERE, "mini.ops.txt"),
                        "--own-ops", os.path.join(HERE, "mini.own_ops.json"), "--out", out, *TEMPLATES], check=True)
        if args.regenerate:
            print(f"{len(TEMPLATES)} files written to {EXPECTED}")
            return 0
        for template in TEMPLATES:
            name = template.removesuffix(".mako")
            diff = difflib.unified_diff(read(os.path.join(EXPECTED, name)), read(os.path.join(out, name)),
                                        "committed/" + name, "generated/" + name)
            text = "".join(line for line, _ in zip(diff, range(80)))
            tap.fact(not text, f"{name} is what is committed",
                     text + "\nmeson compile regenerate-golden writes it anew")
        return tap.end()


if __name__ == "__main__":
    sys.exit(main())
