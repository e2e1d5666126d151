# SPDX-License-Identifier: MIT
"""Rules of the generator, in TAP: what it refuses, what its templates hold, and how wide its output is.

   test_generator.py --gen GEN --registry VK_XML --ops OPS --own-ops JSON
"""

import argparse
import ast
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
MINI = os.path.join(HERE, "mini.xml")
MINI_OPS = os.path.join(HERE, "mini.ops.txt")
LINE_MAX = 140


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def generate(gen, registry, ops, *rest):
    return subprocess.run([sys.executable, gen, "--registry", registry, "--ops", ops, *rest],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def without_command(scratch, name):
    """mini.ops.txt without the number of a command."""
    lines = [line for line in read(MINI_OPS).splitlines() if not line.endswith(" " + name)]
    return write(os.path.join(scratch, "ops.txt"), "\n".join(lines) + "\n")


def a_command_without_number_or_reason_is_refused(args, scratch):
    run = generate(args.gen, MINI, without_command(scratch, "vkGetLimits"))
    if run.returncode != 1 or "vkGetLimits" not in run.stderr or "Traceback" in run.stderr:
        return [f"exit status {run.returncode}: {run.stderr}"]
    return []


def a_command_of_a_newer_registry_is_left_out_with_a_warning(args, scratch):
    newer = re.sub(r"(<name>VK_HEADER_VERSION</name>) \d+", r"\1 9999", read(MINI))
    run = generate(args.gen, write(os.path.join(scratch, "newer.xml"), newer), without_command(scratch, "vkGetLimits"))
    if run.returncode or "vkGetLimits" not in run.stderr:
        return [f"exit status {run.returncode}: {run.stderr}"]
    return []


def an_empty_reason_is_refused(args, scratch):
    import build
    import context
    import numbering
    import policy
    import registry
    numbers = numbering.Numbers(read(MINI_OPS))
    policy.LEFT_OUT_COMMANDS["vkGetLimits"] = ""
    try:
        build.build(registry.read(MINI), numbers)
    except context.Unsupported as error:
        return [] if "vkGetLimits" in str(error) else [str(error)]
    finally:
        del policy.LEFT_OUT_COMMANDS["vkGetLimits"]
    return ["policy.py leaves vkGetLimits out for the reason '', and nothing fails"]


def an_extension_goes_with_what_it_depends_on(args, scratch):
    run = generate(args.gen, args.registry, args.ops, "--report")
    if run.returncode or "VK_EXT_debug_marker: needs VK_EXT_debug_report" not in run.stdout:
        return [f"exit status {run.returncode}: {run.stderr or run.stdout}"]
    return []


def dependencies_become_alternatives(args, scratch):
    import registry
    expected = {
        "A,B": [{"A"}, {"B"}],
        "A+B": [{"A", "B"}],
        "(A,VK_VERSION_1_3)+B": [{"A", "B"}, {"VK_VERSION_1_3", "B"}],
        "((A+B),C)+D,E": [{"A", "B", "D"}, {"C", "D"}, {"E"}],
        "VkFeatures::bit": [set()],
        "VKSC_VERSION_1_0": [],
    }
    found = {text: [set(names) for names in registry.alternatives(text)] for text in expected}
    return [f"{text}: {found[text]}" for text in expected if found[text] != expected[text]]


def a_newer_mako_generates_the_same(args, scratch):
    """With Mako of Debian sid, which `tools/debian-packages sid build-newer-mako python3-mako python3-markupsafe` unpacks."""
    newer = os.path.join(HERE, "../../build-newer-mako/usr/lib/python3/dist-packages")
    if not os.path.isdir(os.path.join(newer, "mako")):
        raise tap.Skip("there is no build-newer-mako")
    templates = [name for name in sorted(os.listdir(os.path.join(os.path.dirname(args.gen), "templates")))
                 if re.search(r"\.[ch]\.mako$", name)]
    outputs = []
    for name, path in ("own", ""), ("newer", newer):
        out = os.path.join(scratch, name)
        run = subprocess.run([sys.executable, args.gen, "--registry", args.registry, "--ops", args.ops, "--own-ops", args.own_ops,
                              "--out", out, *templates], env={**os.environ, "PYTHONPATH": path},
                             stderr=subprocess.PIPE, encoding="utf-8")
        if run.returncode:
            return [f"{name} Mako: {run.stderr}"]
        outputs.append({file: read(os.path.join(out, file)) for file in sorted(os.listdir(out))})
    return [file for file in outputs[0] if outputs[0][file] != outputs[1].get(file)]


# What an expression or a condition of a template may consist of.
EXPRESSION = (ast.Expression, ast.Name, ast.Load, ast.Attribute, ast.Constant, ast.Call, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp,
              ast.Not, ast.Compare, ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.Lt, ast.Tuple)
LOOP = (ast.Module, ast.For, ast.Store, ast.Pass, *EXPRESSION)
CODE = (ast.Module, ast.Assign, ast.Store, ast.Pass, ast.Raise, *EXPRESSION)


def is_call_of_template(node, defs):
    f = node.func
    if isinstance(f, ast.Name):
        return f.id in defs or f.id in ("len", "NotImplementedError")
    return isinstance(f, ast.Attribute) and (f.attr in ("destroys", "items", "values") or
                                             isinstance(f.value, ast.Name) and f.value.id in ("codec", "mock", "info"))


def faults_of(text, allowed, defs, mode="exec"):
    for node in ast.walk(ast.parse(text.strip(), mode=mode)):
        if not isinstance(node, allowed) or isinstance(node, ast.Call) and not is_call_of_template(node, defs):
            yield type(node).__name__


def faults_of_template(path):
    from mako import lexer, parsetree
    nodes = [lexer.Lexer(read(path), filename=path).parse()]
    found, defs = [], set(re.findall(r'<%def name="(\w+)', read(path)))
    while nodes:
        node = nodes.pop()
        nodes += getattr(node, "nodes", [])
        faults = []
        if isinstance(node, parsetree.Expression):
            faults = faults_of(node.text, EXPRESSION, defs, "eval")
        elif isinstance(node, parsetree.Code):
            faults = faults_of(node.text, CODE, defs)
        elif isinstance(node, parsetree.ControlLine) and not node.isend and node.keyword == "for":
            faults = faults_of(node.text.split("#")[0] + " pass", LOOP, defs)
        elif isinstance(node, parsetree.ControlLine) and not node.isend and node.keyword in ("if", "elif"):
            faults = faults_of(node.text.strip().removeprefix(node.keyword).rstrip(": "), EXPRESSION, defs, "eval")
        found += [f"{os.path.basename(path)}:{node.lineno}: {fault} in {node.text.strip()!r}" for fault in faults]
    return found


def templates_hold_loops_conditions_and_names(args, scratch):
    templates = sorted(glob.glob(os.path.join(os.path.dirname(args.gen), "templates", "*.mako")))
    return [fault for path in templates for fault in faults_of_template(path)] if templates else ["no templates"]


def no_generated_line_is_wider(args, scratch):
    templates = [name for name in sorted(os.listdir(os.path.join(os.path.dirname(args.gen), "templates")))
                 if re.search(r"\.[ch]\.mako$", name)]
    run = generate(args.gen, args.registry, args.ops, "--own-ops", args.own_ops, "--out", scratch, *templates)
    if run.returncode:
        return [run.stderr]
    files = [name.removesuffix(".mako") for name in templates]
    return [f"{name}:{number}: {len(line)} columns" for name in files
            for number, line in enumerate(read(os.path.join(scratch, name)).splitlines(), 1) if len(line) > LINE_MAX]


def comments_and_strings_stay_whole_when_a_line_is_broken(args, scratch):
    import ctext
    text = "   call(first_argument, \"" + "a, b, " * 12 + "\", second_argument, third_argument); /* one, two, three */"
    lines = ctext.wrapped(text).split("\n")
    joined = " ".join(line.strip() for line in lines)
    faults = [] if len(lines) > 1 and max(map(len, lines)) <= LINE_MAX else [f"not broken: {lines}"]
    return faults + ([] if joined == text.strip() else [f"changed: {joined}"])


TESTS = [
    a_command_without_number_or_reason_is_refused,
    a_command_of_a_newer_registry_is_left_out_with_a_warning,
    an_empty_reason_is_refused,
    an_extension_goes_with_what_it_depends_on,
    dependencies_become_alternatives,
    a_newer_mako_generates_the_same,
    templates_hold_loops_conditions_and_names,
    no_generated_line_is_wider,
    comments_and_strings_stay_whole_when_a_line_is_broken,
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gen", required=True)
    parser.add_argument("--registry", required=True)
    parser.add_argument("--ops", required=True)
    parser.add_argument("--own-ops", required=True)
    args = parser.parse_args()
    sys.path.insert(0, os.path.dirname(os.path.abspath(args.gen)))
    sys.dont_write_bytecode = True

    for test in TESTS:
        with tempfile.TemporaryDirectory() as scratch:
            skip = None
            try:
                faults = test(args, scratch)
            except tap.Skip as reason:
                faults, skip = [], reason
        tap.fact(not faults, test.__name__.replace("_", " "), "\n".join(faults[:40]), skip=skip)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
