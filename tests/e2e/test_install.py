# SPDX-License-Identifier: MIT

"""What the library exports, and what `meson install` puts where."""

import glob
import json
import os
import sys

import harness
from harness import Skip, plain_environment, run, test, tool

EXPORTED = {
    "vk_icdGetInstanceProcAddr",
    "vk_icdGetPhysicalDeviceProcAddr",
    "vk_icdNegotiateLoaderICDInterfaceVersion",
}


@test
def the_library_exports_what_loaders_call_and_nothing_else():
    result = run([tool("nm"), "-D", "--defined-only", harness.LIBRARY], plain_environment())
    assert result.returncode == 0, result
    names = {line.split()[-1].split("@")[0] for line in result.stdout.splitlines()
             if line.split()[-2] != "A"}  # the version's own name
    assert names == EXPORTED, names ^ EXPORTED


@test
def the_library_needs_the_c_library_only():
    if harness.sanitized():
        raise Skip("the sanitizer brings libraries of its own")
    result = run([tool("readelf"), "-d", harness.LIBRARY], plain_environment(LC_ALL="C"))
    needed = {line.split("[")[1].split("]")[0].split(".so")[0]
              for line in result.stdout.splitlines() if "(NEEDED)" in line}
    assert needed <= {"libc", "libm", "libdl", "libpthread", "ld-linux-x86-64"}, needed


def options():
    result = run([tool("meson"), "introspect", "--buildoptions", harness.BUILD],
                 plain_environment())
    assert result.returncode == 0, result
    return {o["name"]: o["value"] for o in json.loads(result.stdout)}


@test
def an_installation_has_each_file_in_its_place():
    where = options()
    prefix = where["prefix"]
    destination = os.path.join(harness.scratch, "destination")
    result = run([tool("meson"), "install", "-C", harness.BUILD, "--no-rebuild", "--destdir",
                  destination], plain_environment(), timeout=100)
    assert result.returncode == 0, result

    root = destination + prefix
    found = {os.path.relpath(os.path.join(d, f), root)
             for d, _, files in os.walk(destination) for f in files}
    manifests = glob.glob(os.path.join(root, where["datadir"], "vulkan", "icd.d", "*.json"))
    assert len(manifests) == 1, manifests
    library = os.path.join(where["libdir"], "libvulkan_tongs.so")
    wanted = {library, os.path.join(where["bindir"], "tongs"),
              os.path.join(where["mandir"], "man1", "tongs.1"),
              os.path.relpath(manifests[0], root)}
    assert wanted <= found, wanted - found
    harness.diag("installed: " + ", ".join(sorted(found)))

    with open(manifests[0]) as file:
        manifest = json.load(file)
    assert manifest["ICD"]["library_path"] == os.path.join(prefix, library), manifest
    assert os.path.basename(manifests[0]).startswith("tongs_icd."), manifests
    assert manifest["ICD"]["api_version"].startswith("1."), manifest
    assert os.access(os.path.join(root, where["bindir"], "tongs"), os.X_OK)
    assert not [f for f in found if f.endswith((".a", ".h.in", ".o"))], found


@test
def an_installed_command_runs_programs_with_the_installed_driver():
    """In a place of its own, so the manifest, whose path is absolute, is told of it."""
    where = options()
    destination = os.path.join(harness.scratch, "destination")
    result = run([tool("meson"), "install", "-C", harness.BUILD, "--no-rebuild", "--destdir",
                  destination], plain_environment(), timeout=100)
    assert result.returncode == 0, result
    root = destination + where["prefix"]
    manifest = glob.glob(os.path.join(root, where["datadir"], "vulkan", "icd.d", "*.json"))[0]
    with open(manifest) as file:
        text = file.read()
    with open(manifest, "w") as file:
        file.write(text.replace(where["prefix"] + "/", root + "/"))
    env = plain_environment(TONGS_MANIFEST=manifest, TONGS_HOST_DRIVER=harness.native_driver())
    result = run([os.path.join(root, where["bindir"], "tongs"), "run", "--",
                  harness.program("compute")], env)
    assert result.returncode == 0 and "device: Tongs (" in result.stdout, result


if __name__ == "__main__":
    sys.exit(harness.main())
