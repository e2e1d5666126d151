# SPDX-License-Identifier: MIT
"""protocol/ops.txt is append-only: what has been released stays, and no number has two meanings.

   test_ops.py RELEASED OPS

At a release, RELEASED becomes a copy of OPS without its comments.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402


def read(path):
    with open(path, encoding="utf-8") as f:
        lines = [" ".join(line.split("#")[0].split()) for line in f]
    return [line for line in lines if line]


def main():
    released, now = read(sys.argv[1]), read(sys.argv[2])
    gone = sorted(set(released) - set(now))
    tap.fact(not gone, "every released line is still there", "\n".join(f"gone: {line}" for line in gone))
    order = [line for line in now if line in set(released)]
    tap.fact(order == [line for line in released if line in set(now)], "in the same order")

    numbers, names, wrong = {}, {}, []
    for line in now:
        kind, number, name = line.split()
        alias, kind = kind.endswith("-alias"), kind.removesuffix("-alias")
        if (kind, name) in names:
            wrong.append(f"{name} is there twice")
        names[kind, name] = number
        if not alias and (kind, number) in numbers:
            wrong.append(f"{kind} {number} is both {numbers[kind, number]} and {name}")
        if alias and (kind, number) not in numbers:
            wrong.append(f"{name} is an alias of {kind} {number}, which is not there yet")
        if not alias:
            numbers[kind, number] = name
    tap.fact(not wrong, "every name has one number and every number one name beside its aliases", "\n".join(wrong))
    tap.fact(all(int(n) < 256 for kind, n in numbers if kind == "type"), "types fit into the byte that ids have")
    tap.fact(all(int(n) < 65536 for kind, n in numbers if kind == "op"), "ops fit into the header's two bytes")
    own = [name for (kind, n), name in numbers.items() if kind == "op" and int(n) < 32]
    tap.fact(all(name.startswith("tongs") for name in own), "the numbers below 32 are Tongs' own")

    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
