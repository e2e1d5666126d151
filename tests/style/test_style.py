# SPDX-License-Identifier: MIT

"""The code of the tree looks as .clang-format and CONTRIBUTING.md say. Usage: test_style.py SOURCE_DIRECTORY"""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402
from tap import Skip, test  # noqa: E402

SOURCE = os.path.abspath(sys.argv[1])

COLUMNS = 100
LINES = 800
# Files that are longer, and why.
LONG_FILES = {}
LIMITED_FOLDERS = ("icd/", "protocol/", "renderer/", "cli/", "codegen/")
# Data, not code.
TABLES = ("protocol/ops.txt",)

# Generated code that is committed to be compared with.
GOLDEN = "tests/golden/expected/"
# What the build makes of tests/programs/shaders.
SHADER_HEADER = re.compile(r"\w+_(comp|frag|vert)\.h")


def tracked(*endings):
    """The files of the repository with such an ending, but for the golden ones."""
    if not os.path.exists(os.path.join(SOURCE, ".git")):
        raise Skip("this tree is no git repository")
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", SOURCE, "ls-files", "-z"], text=True, check=True,
                          stdout=subprocess.PIPE)
    files = [name for name in done.stdout.split("\0")
             if name.endswith(endings) and not name.startswith(GOLDEN)
             and os.path.exists(os.path.join(SOURCE, name))]
    assert len(files) > 0, endings
    return files


def lines_of(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read().splitlines()


def expect_none(found):
    assert not found, "\n" + "\n".join(found)


@test
def clang_format_changes_no_file():
    program = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not program:
        raise Skip("clang-format is not installed (tools/install-deps)")
    version = subprocess.run([program, "--version"], text=True, check=True, stdout=subprocess.PIPE).stdout
    if not re.search(r"version 14\.", version):
        raise Skip(f"version 14 of clang-format decides, and this is: {version.strip()}")
    done = subprocess.run([program, "--dry-run", "-Werror", *tracked(".c", ".h")], cwd=SOURCE, text=True,
                          stderr=subprocess.PIPE)
    files = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stderr, re.M)))
    assert done.returncode == 0, f"clang-format -i {' '.join(files)}\n{done.stderr[:2000]}"


def place_of(name):
    """Where a header is, as it is named in an #include; None if it is not to be named so."""
    if "/" not in name:
        return name if "_gen_" in name or name == "mock_gen.h" or SHADER_HEADER.fullmatch(name) else None
    # include/ has what others build against, under its public name.
    for path in (name, os.path.join("include", name)):
        if os.path.exists(os.path.join(SOURCE, path)):
            return path
    return None


@test
def an_include_names_a_file_from_the_root_of_the_tree_or_a_generated_one():
    found = []
    for name in tracked(".c", ".h", ".mako"):
        for number, line in enumerate(lines_of(name), 1):
            # A template may compute a name.
            match = re.match(r'\s*#\s*include\s+"([^"$]+)"', line)
            if match and not place_of(match[1]):
                found.append(f"{name}:{number}: {match[1]}")
    expect_none(found)


@test
def a_file_includes_its_own_header_first():
    found = []
    for name in tracked(".c"):
        header = name.removesuffix(".c") + ".h"
        if not os.path.exists(os.path.join(SOURCE, header)):
            continue
        header = header.removeprefix("include/")
        first = next((m[1] for m in (re.match(r"\s*#\s*include\s+(\S+)", line) for line in lines_of(name)) if m), None)
        if first != f'"{header}"':
            found.append(f"{name} begins with {first}")
    expect_none(found)


@test
def a_file_begins_with_its_licence():
    found = [name for name in tracked(".c", ".h", ".py", "meson.build", ".sh")
             if not any("SPDX-License-Identifier: MIT" in line for line in lines_of(name)[:2])]
    expect_none(found)


@test
def a_line_of_c_has_at_most_100_columns():
    found = [f"{name}:{number}: {len(line)}" for name in tracked(".c", ".h")
             for number, line in enumerate(lines_of(name), 1)
             # clang-format does not break string literals.
             if len(line) > COLUMNS and '"' not in line]
    expect_none(found)


@test
def a_file_has_at_most_800_lines():
    files = [name for name in tracked(".c", ".h", ".py", ".mako", ".txt", ".xml")
             if name.startswith(LIMITED_FOLDERS) and name not in TABLES]
    long = {name for name in files if len(lines_of(name)) > LINES}
    for name in sorted(set(LONG_FILES) - long):
        tap.diag(f"{name} is short enough now: take it off the list")
    expect_none([f"{name}: {len(lines_of(name))} lines" for name in sorted(long - set(LONG_FILES))])


if __name__ == "__main__":
    sys.exit(tap.main(sys.argv[2:]))
