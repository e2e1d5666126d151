# SPDX-License-Identifier: MIT

"""vulkaninfo prints the same through the driver as natively, but for what is named here.

What must differ is worked into the native output, which then has to equal the driver's:
   deviceName                 "Tongs (NATIVE)"
   driverName                 "tongs"
   driverInfo                 "NATIVE DRIVER'S NAME NATIVE INFO over TRANSPORT"
   left-out extensions        with their counts, and the structs that no other extension brings; VK_EXT_external_memory_host among
                              them where the kernel does not let the driver have it
   features that are off      false (both as `codegen/gen.py --report` lists them)
   surfaces                   what vulkaninfo derives from VK_KHR_surface and VK_KHR_swapchain
"""

import glob
import json
import os
import re
import sys
import xml.etree.ElementTree

import harness
from harness import Skip, client_environment, native_environment, run, test, tool

# Sections and blocks that hang on window-system extensions.
SURFACE_HEADINGS = ["Presentable Surfaces"]
SURFACE_BLOCKS = ["Present Capabilities"]


class LeftOut:
    """What the driver leaves out, from the generator's own report and the registry."""

    def __init__(self):
        report = run([sys.executable, os.path.join(harness.SOURCE, "codegen", "gen.py"),
                      "--registry", harness.REGISTRY,
                      "--ops", os.path.join(harness.SOURCE, "protocol", "ops.txt"), "--report"],
                     harness.plain_environment())
        assert report.returncode == 0, report.stderr
        self.extensions = set(re.findall(r"^ +(VK_\w+): ", report.stdout, re.M))
        if harness.kernel_refuses_app_pages():
            self.extensions.add("VK_EXT_external_memory_host")
        self.features_off = set(re.findall(r"^ +(\w+)\.(\w+) is always false", report.stdout, re.M))
        assert "VK_KHR_video_queue" in self.extensions, report.stdout

        carried, dropped, self.known = set(), set(), set()
        registry = xml.etree.ElementTree.parse(harness.REGISTRY).getroot()
        for feature in registry.findall("feature"):
            carried |= {t.get("name") for t in feature.iter("type")}
        for extension in registry.findall("extensions/extension"):
            self.known.add(extension.get("name"))
            into = dropped if extension.get("name") in self.extensions else carried
            into |= {t.get("name") for t in extension.iter("type")}
        self.structs = dropped - carried

    def has_extension(self, name):
        """Also those that are newer than the registry that the driver was made from."""
        return name in self.extensions or name not in self.known


def value_of(text, field):
    return re.search(rf"^\t*{field}\s*= (.*)$", text, re.M)[1]


def without_block(lines, names):
    """Drops each line that starts with one of the names, and what is indented below it."""
    kept, depth = [], None
    for line in lines:
        indent = len(line) - len(line.lstrip("\t"))
        if depth is not None and line.strip() and indent > depth:
            continue
        depth = indent if line.strip().startswith(tuple(names)) else None
        if depth is None:
            kept.append(line)
    return kept


def sections_of(text):
    """[heading, lines] for each heading, which is a line above a line of = or -."""
    sections = [["", []]]
    lines = text.splitlines()
    for i, line in enumerate(lines):
        below = lines[i + 1] if i + 1 < len(lines) else ""
        if line.strip() and re.fullmatch(r"\s*(=+|-+)", below):
            sections.append([line, []])
        elif not re.fullmatch(r"\s*(=+|-+)", line):
            sections[-1][1].append(line)
    return sections


def squeezed(lines):
    """Without what hangs on the width of columns, and without empty lines."""
    return [re.sub(r"\s+([:=])", r" \1", line) for line in lines if line.strip()]


def common_form(text, left_out):
    """The text's sections without what the driver leaves out."""
    result = []
    for heading, lines in sections_of(text):
        name = heading.strip().rstrip(":")
        if name in left_out.structs or name.startswith(tuple(SURFACE_HEADINGS)):
            continue
        lines = [x for x in lines
                 if not ((found := re.match(r"\s*(VK_\w+)\s*: extension revision", x))
                         and left_out.has_extension(found[1]))]
        for struct, member in left_out.features_off:
            if struct.startswith(name):
                lines = [re.sub(rf"({member}\s*= )true", r"\1false", x) for x in lines]
        result.append("\n".join(squeezed([heading] + without_block(lines, SURFACE_BLOCKS))))
    return re.sub(r"(Extensions: count =) (\d+)((?:\n.*extension revision.*)*)", counted,
                  "\n".join(result))


def counted(found):
    """The count of extensions of those that are left."""
    return f"{found[1]} {len(found[3].split(chr(10))) - 1}{found[3]}"


def as_through_the_driver(native, transport):
    """The native text with our names in it."""
    device, driver = value_of(native, "deviceName"), value_of(native, "driverName")
    info = value_of(native, "driverInfo")
    text = native.replace(device, f"Tongs ({device})")
    text = re.sub(r"(\bdriverName\s*= ).*", r"\1tongs", text)
    return re.sub(r"(\bdriverInfo\s*= ).*", rf"\1{driver} {info} over {transport}", text)


def expect_same_lines(native, through):
    native, through = native.splitlines(), through.splitlines()
    differing = [f"   native: {a}\n   tongs:  {b}" for a, b in zip(native, through) if a != b]
    assert native == through, "\n".join([f"{len(native)}, {len(through)} lines", *differing[:20]])


def compare_text(*options):
    info, left_out = tool("vulkaninfo"), LeftOut()
    if options and options[0] not in run([info, "--help"], native_environment()).stdout:
        raise Skip(f"this vulkaninfo has no {options[0]}")
    native = run([info, *options], native_environment())
    assert native.returncode == 0, native.stderr
    for transport, server in harness.transports():
        through = run([info, *options], client_environment(server, foreign=True))
        assert through.returncode == 0, through.stderr
        expected = as_through_the_driver(native.stdout, transport)
        expect_same_lines(common_form(expected, left_out), common_form(through.stdout, left_out))


@test
def vulkaninfo_prints_what_it_prints_natively_but_for_the_named_fields():
    compare_text()


@test
def vulkaninfo_summary_prints_what_it_prints_natively_but_for_the_named_fields():
    compare_text("--summary")


@test
def vulkaninfo_prints_the_same_formats_as_natively():
    compare_text("--show-formats")


def json_of(env, name):
    """vulkaninfo's JSON, which goes to a file of a name of its own choice, or to stdout."""
    directory = os.path.join(harness.scratch, name)
    os.mkdir(directory)
    info = run([tool("vulkaninfo"), "--json"], env, cwd=directory)
    files = glob.glob(directory + "/*.json")
    if info.returncode != 0 or not (files or info.stdout.startswith("{")):
        raise Skip("this vulkaninfo has no --json")
    if not files:
        return json.loads(info.stdout)
    with open(files[0]) as file:
        return json.load(file)


def json_through_the_driver(value, left_out, names, path=()):
    if isinstance(value, list):
        return [json_through_the_driver(v, left_out, names, path) for v in value]
    if not isinstance(value, dict):
        if path[-1] in names:
            return names[path[-1]](value)
        if any(path[-1] == m and path[-2] in s for s, m in left_out.features_off):
            return False
        return value
    result = {}
    for key, v in value.items():
        if key in left_out.structs:
            continue
        if path and path[-1] == "extensions" and left_out.has_extension(key):
            continue
        result[key] = json_through_the_driver(v, left_out, names, (*path, key))
    return result


def without_labels(document):
    """The profile's name and label are made of the device's name, its history of the date."""
    for profile in document.get("profiles", {}).values():
        for key in ["label", "history"]:
            profile.pop(key, None)
    document["profiles"] = list(document.get("profiles", {}).values())
    return document


@test
def vulkaninfo_json_holds_what_it_holds_natively_but_for_the_named_fields():
    left_out = LeftOut()
    native = json_of(native_environment(), "native")
    through = json_of(client_environment(foreign=True), "through")
    driver = re.search(r'"driverName": "(.*?)"', json.dumps(native))
    names = {
        "deviceName": lambda name: f"Tongs ({name})",
        "driverName": lambda _: "tongs",
        "driverInfo": lambda info: f"{driver[1]} {info} over spawn",
    }
    # The report through the driver is taken as it is: it must hold nothing that was left out.
    expected = without_labels(json_through_the_driver(native, left_out, names))
    expect_same_lines(json.dumps(expected, indent=1), json.dumps(without_labels(through), indent=1))


@test
def the_devices_pretend_to_be_nothing_else():
    for transport, server in harness.transports():
        summary = run([tool("vulkaninfo"), "--summary"], client_environment(server, foreign=True))
        assert value_of(summary.stdout, "deviceName").startswith("Tongs ("), summary.stdout
        assert value_of(summary.stdout, "driverName") == "tongs", summary.stdout
        assert value_of(summary.stdout, "driverInfo").endswith(f" over {transport}"), summary.stdout
        assert summary.stdout.count("GPU0:") == 1 and "GPU1:" not in summary.stdout, summary.stdout


if __name__ == "__main__":
    sys.exit(harness.main())
