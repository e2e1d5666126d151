# SPDX-License-Identifier: MIT
"""Generates C from vk.xml.

   gen.py --registry vk.xml --ops ops.txt --own-ops own_ops.json --out DIR TEMPLATE…
                                                                writes each template's file, or files, to DIR
   gen.py --registry vk.xml --ops ops.txt --report              prints what is forwarded and what is not
   gen.py --registry vk.xml --ops ops.txt --update-ops          appends new commands and types to ops.txt

A template `a.c.mako` becomes DIR/a.c; `a.c.mako:4` becomes DIR/a_0.c to DIR/a_3.c, each with a quarter of the structs and ops.
"""

from __future__ import annotations

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import build  # noqa: E402
import ctext  # noqa: E402
import info  # noqa: E402
import ir as ir_module  # noqa: E402
import mock_tables  # noqa: E402
import numbering  # noqa: E402
import own_ops  # noqa: E402
import policy  # noqa: E402
import registry  # noqa: E402
from context import Unsupported, new_context  # noqa: E402
from selection import NEWER, select  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def update_ops(reg: registry.Registry, path: str) -> None:
    """Appends the registry's commands and handle types that ops.txt lacks. Never touches a line that is there."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    cx = new_context(reg, numbering.Numbers(text))
    lines = numbering.appended(cx.numbers, reg, [name for name in select(cx) if name not in cx.local])
    if lines:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.rstrip("\n") + "\n" + "\n".join(lines) + "\n")
    print(f"{path}: {len(lines)} lines appended", file=sys.stderr)


def report(ir: ir_module.IR, reg: registry.Registry) -> None:
    hand_entries = sum(o.entry == "hand" for o in ir.ops)
    hand_handlers = sum(o.handler == "hand" for o in ir.ops)
    commands = len(reg.commands)
    print(f"registry {ir.major}.{ir.minor}.{ir.header_version}")
    print(f"commands: {commands}, of these {len(ir.ops)} forwarded as ops "
          f"({hand_entries} with a hand-written entry point, {hand_handlers} with a hand-written handler), "
          f"{len(policy.LOCAL_COMMANDS)} answered in the client")
    print(f"structs:  {sum(not s.union for s in reg.structs.values())} and "
          f"{sum(s.union for s in reg.structs.values())} unions, of these {len(ir.structs)} forwarded")
    extensions = [x for x in ir.extensions if not x.left_out]
    print(f"extensions: {len(ir.extensions)}, of these {len(extensions)} forwarded")
    print("left out:")
    for name, why in sorted(ir.left_out):
        print(f"   {name}: {why}")
    for name, why in sorted(policy.LEFT_OUT_STRUCTS.items()):
        if name in reg.structs:
            print(f"   {name}: {why}")
    for name, why in sorted(policy.LEFT_OUT_MEMBERS.items()):
        print(f"   {name}: {why}")
    for name, why in sorted(policy.FEATURES_OFF.items()):
        print(f"   {name} is always false: {why}")


# The values that a template sees beside the IR: a function of the IR that returns a dict.
NAMES = {
    "tongs_gen_info.c.mako": info.names,
    "mock_gen_check.c.mako": mock_tables.names,
    "mock_gen_table.c.mako": mock_tables.names,
}


def render(ir: ir_module.IR, numbers: numbering.Numbers, own: own_ops.Schema, announced: own_ops.Announced,
           templates: list[str], out: str) -> None:
    from mako.lookup import TemplateLookup
    lookup = TemplateLookup(directories=[os.path.join(HERE, "templates")], strict_undefined=True, input_encoding="utf-8",
                            default_filters=["as_c"], imports=["from ctext import as_c, hexadecimal as hex, upper"])
    for spec in templates:
        name, _, parts = spec.partition(":")
        template = lookup.get_template(name)
        count = int(parts or "1")
        stem, ext = os.path.splitext(name.removesuffix(".mako"))
        names = NAMES[name](ir) if name in NAMES else {}
        for part in range(count):
            path = f"{stem}_{part}{ext}" if parts else f"{stem}{ext}"
            text = template.render(ir=ir, numbers=numbers, own=own, announced=announced, structs=ir.structs[part::count],
                                   ops=ir.ops[part::count],
                                   made_by=f"made by codegen/gen.py from {name}: do not edit", **names)
            with open(os.path.join(out, path), "w", encoding="utf-8") as f:
                f.write(ctext.wrapped(text))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--registry", required=True)
    parser.add_argument("--ops", required=True)
    parser.add_argument("--own-ops")
    parser.add_argument("--announce-ops", help="a released ops.txt: the handshake names no other ops")
    parser.add_argument("--announce-own-ops", help="the released own_ops.json, for the signatures in the handshake")
    parser.add_argument("--out")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--update-ops", action="store_true")
    parser.add_argument("templates", nargs="*")
    args = parser.parse_args()

    reg = registry.read(args.registry)
    if args.update_ops:
        update_ops(reg, args.ops)
        return 0
    try:
        with open(args.ops, encoding="utf-8") as f:
            numbers = numbering.Numbers(f.read())
        ir = build.build(reg, numbers)
        own = own_ops.read(args.own_ops, numbers) if args.own_ops else None
        announced = own_ops.announce(ir, own, args.announce_ops, args.announce_own_ops) if own else None
    except (Unsupported, numbering.BadNumbers, own_ops.Wrong) as error:
        print(f"gen.py: {args.registry}: {error}", file=sys.stderr)
        return 1
    unknown = [name for name, why in ir.left_out if why == NEWER and name.startswith("vk")]
    if unknown:
        print(f"gen.py: warning: newer than {args.ops}, and not forwarded: {', '.join(unknown)}", file=sys.stderr)
    if args.report:
        report(ir, reg)
    if args.templates:
        os.makedirs(args.out, exist_ok=True)
        if not own:
            parser.error("templates need --own-ops")
        try:
            render(ir, numbers, own, announced, args.templates, args.out)
        except ctext.TooLong as error:
            print(f"gen.py: a line of more than {ctext.LINE_MAX} columns that cannot be broken: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
