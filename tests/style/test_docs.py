# SPDX-License-Identifier: MIT

"""The documents say what is in the tree. Usage: test_docs.py SOURCE_DIRECTORY"""

import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402
from tap import test  # noqa: E402

SOURCE = os.path.abspath(sys.argv[1])

CODE = ("icd", "protocol", "renderer", "cli")
RULES = [f"R{number}" for number in range(1, 18)]


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def documents():
    found = [os.path.relpath(path, SOURCE)
             for path in glob.glob(os.path.join(SOURCE, "docs", "**", "*.md"), recursive=True)]
    assert found
    return sorted(found)


def files_under(*folders, endings):
    for folder in folders:
        for directory, _, names in os.walk(os.path.join(SOURCE, folder)):
            for name in names:
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(directory, name), SOURCE)


def expect_none(found):
    assert not found, "\n" + "\n".join(sorted(found))


# --- Tables ----------------------------------------------------------------------------------------

def table(path, *heads):
    """The rows of the table whose columns begin with these."""
    lines = read(path).splitlines()
    at = next(i for i, line in enumerate(lines) if re.match(r"\|\s*" + r"\s*\|\s*".join(heads) + r"\s*\|", line))
    rows = []
    for line in lines[at + 2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    assert rows, path
    return rows


# --- Locks -----------------------------------------------------------------------------------------

def without_comments(text):
    """The same text with comments and strings blanked; offsets stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def owner_of(text, at):
    """The name of the struct around an offset, or of the variable whose type is written there; None outside."""
    depth = 0
    for i in range(at, -1, -1):
        if text[i] == "}":
            depth += 1
        elif text[i] == "{":
            depth -= 1
        if depth < 0:
            name = re.search(r"struct\s+(\w+)?\s*$", text[:i])
            if not name:
                return None
            if name[1]:
                return name[1]
            end, depth = i, 0
            while True:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
                if not depth:
                    return re.match(r"\s*(\w+)", text[end:])[1]
    return None


def locks_in_the_code():
    """Each mutex: STRUCT.MEMBER or VARIABLE.MEMBER or VARIABLE, and its file."""
    found = set()
    for path in files_under(*CODE, endings=(".c", ".h")):
        text = without_comments(read(path))
        for match in re.finditer(r"\bpthread_mutex_t\s+(\w+)\s*(?:;|=)", text):
            owner = owner_of(text, match.start())
            found.add((f"{owner}.{match[1]}" if owner else match[1], path))
    return found


def locks_in_the_table():
    """Each lock: its name, and its file if the row gives one, as in `icd/instance.c pending.lock`. A row without
    backticks is no mutex: something else that threads wait for."""
    found = set()
    for name, *_ in table("docs/architecture.md", "lock", "protects", "order"):
        inside = re.fullmatch(r"`(?:(\S+) )?([\w.]+)`", name)
        assert inside or "`" not in name, f"this row does not name one lock: {name}"
        if inside:
            found.add((inside[2], inside[1]))
    return found


@test
def the_table_of_locks_has_every_mutex_and_no_other():
    code, rows = locks_in_the_code(), locks_in_the_table()
    assert len(code) > 10, code
    found = [f"docs/architecture.md names {path or ''} {name}, which does not exist" for name, path in rows
             if not any(name == n and path in (None, p) for n, p in code)]
    found += [f"{path}: {name} is missing in docs/architecture.md" for name, path in code
              if (name, None) not in rows and (name, path) not in rows]
    expect_none(found)


# --- Names of files --------------------------------------------------------------------------------

FILE_ENDINGS = (".c", ".h", ".py", ".md", ".mako", ".txt", ".xml", ".build")

# Names that a document gives as examples, or that are not this project's.
NOT_OURS = {
    "docs/codegen.md": {"a.c", "a.c.mako", "a_0.c", "a_3.c", "_enums.c", "_ops.c", "_peer.h"},
    "docs/debugging.md": {"vk_layer_settings.txt"},
}


def exists(name, document):
    """A path from the root of the tree, from the document's folder or from codegen/, or the bare name of a file that is
    anywhere."""
    if name in NOT_OURS.get(document, ()):
        return True
    for base in ("", os.path.dirname(document), "codegen"):
        if glob.glob(os.path.join(SOURCE, base, name)):
            return True
    return "/" not in name and name in bare_names()


_bare_names = set()


def bare_names():
    if not _bare_names:
        for path in files_under("codegen", *CODE, "docs", "include", "tests", "tools", "bench", endings=""):
            _bare_names.add(os.path.basename(path))
        _bare_names.update(os.listdir(SOURCE))
    return _bare_names


def is_a_path(text, folders):
    if not re.fullmatch(r"[\w./*-]+", text) or text.startswith(("/", "-", ".")):
        return False
    first = text.split("/")[0]
    # What the build makes is not in the tree.
    if "_gen_" in text or first.startswith("build"):
        return False
    if "/" in text:
        return first in folders
    return text.endswith(FILE_ENDINGS) and not text.startswith("*")


@test
def a_file_or_folder_in_backticks_exists():
    folders = {name for parent in ("", "docs", "codegen") for name in os.listdir(os.path.join(SOURCE, parent))
               if os.path.isdir(os.path.join(SOURCE, parent, name)) and not name.startswith((".", "build"))}
    found = []
    for document in documents():
        for number, line in enumerate(read(document).splitlines(), 1):
            for text in re.findall(r"`([^`]+)`", line):
                if is_a_path(text, folders) and not exists(text, document):
                    found.append(f"{document}:{number}: {text}")
    expect_none(found)


@test
def a_link_to_a_file_leads_to_one():
    found = []
    for document in documents():
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(document)):
            if "://" not in link and not os.path.exists(os.path.join(SOURCE, os.path.dirname(document), link)):
                found.append(f"{document}: {link}")
    expect_none(found)


# --- Rules -----------------------------------------------------------------------------------------

def markers():
    """{rule: the files whose tests name it}"""
    found = {}
    for path in files_under("tests", endings=(".c", ".h", ".py")):
        if path.startswith("tests/style/"):
            continue
        for rule in set(re.findall(r"\bR\d{1,2}\b", read(path))):
            found.setdefault(rule, set()).add(path)
    return found


@test
def every_rule_of_security_is_named_by_a_test():
    rows = [row[0] for row in table("docs/security.md", "#", "rule")]
    assert rows == RULES, rows
    found = markers()
    expect_none([f"{rule}: no test names it" for rule in RULES if rule not in found])


@test
def the_tests_that_security_names_for_a_rule_name_the_rule():
    found, wrong = markers(), []
    for rule, _, _, tests in table("docs/security.md", "#", "rule"):
        names = re.findall(r"`([\w./]+)`", tests)
        if not names:
            wrong.append(f"{rule}: the table names no test")
        for name in names:
            if not any(path == name or path.endswith("/" + name) for path in found.get(rule, ())):
                wrong.append(f"{rule}: {name} does not name it")
    expect_none(wrong)


if __name__ == "__main__":
    sys.exit(tap.main(sys.argv[2:]))
