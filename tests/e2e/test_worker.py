# SPDX-License-Identifier: MIT

"""What a worker loads: the host driver that was chosen, never ours, and none of the layers."""

import glob
import json
import os
import re
import shutil
import sys

import harness
from harness import Client, Process, Skip, client_environment, mapped_files, native_driver
from harness import only_worker_of, plain_environment, program, run, test, tool

KHRONOS = "VK_LAYER_KHRONOS_validation"


def names_of(pid):
    return {os.path.basename(f) for f in mapped_files(pid)}


def install_manifests(directory, *manifests):
    """A private data directory, as distributions have /usr/share, with these drivers installed."""
    icd = os.path.join(directory, "vulkan", "icd.d")
    os.makedirs(icd)
    for manifest in manifests:
        shutil.copy(manifest, icd)
    return directory


def installed_environment(**changes):
    """Both drivers are installed in the only data directory; nothing chooses between them."""
    data = install_manifests(os.path.join(harness.scratch, "data"), harness.MANIFEST,
                             native_driver())
    # Both name their libraries in ways that do not hang on the manifest's place.
    return plain_environment(XDG_DATA_DIRS=data, XDG_CONFIG_DIRS=data, TONGS_BIN=harness.TONGS,
                             foreign=True, **changes)


def devices_of(env):
    client = Client(env=env)
    names = client.ask("instance").split("), ")
    workers = list(harness.workers_of(None))
    loaded = [names_of(w) for w in workers]
    client.finish()
    return names, loaded


def expect_tongs_once(env):
    names, loaded = devices_of(env)
    assert sum(n.startswith("Tongs (llvmpipe") for n in names) == 1, names
    assert not any("Tongs (Tongs" in n for n in names), names
    assert len(loaded) == 1, loaded
    assert any(n.startswith("libvulkan_lvp") for n in loaded[0]), loaded
    return names


@test
def a_worker_never_serves_the_driver_that_started_it():
    names = expect_tongs_once(installed_environment())
    assert sum(n.startswith("llvmpipe") for n in names) == 1, names


@test
def a_driver_that_is_added_to_the_search_is_not_added_to_the_workers():
    env = installed_environment(VK_ADD_DRIVER_FILES=harness.MANIFEST)
    os.unlink(os.path.join(env["XDG_DATA_DIRS"], "vulkan", "icd.d",
                           os.path.basename(harness.MANIFEST)))
    expect_tongs_once(env)


@test
def a_choice_of_drivers_that_is_made_for_the_application_is_not_made_for_the_worker():
    names = expect_tongs_once(installed_environment(VK_LOADER_DRIVERS_SELECT="*tongs*"))
    assert len(names) == 1, names
    shutil.rmtree(os.path.join(harness.scratch, "data"))
    expect_tongs_once(installed_environment(VK_LOADER_DRIVERS_DISABLE="*lvp*"))


@test
def our_own_driver_as_the_host_driver_is_an_error_that_says_so():
    result = run([program("compute")], client_environment(TONGS_HOST_DRIVER=harness.MANIFEST))
    assert result.returncode == 77, result
    expect_no_driver_line(result.stderr)


def expect_no_driver_line(log):
    lines = [x for x in log.splitlines() if x.startswith("tongs worker")]
    assert len(lines) == 1 and "no driver" in lines[0] and harness.MANIFEST in lines[0], log
    harness.diag(lines[0])


@test
def our_own_driver_as_a_servers_host_driver_is_an_error_that_says_so():
    url = f"unix:{harness.scratch}/own"
    server = Process([harness.TONGS, "serve", "--listen", url, "--host-driver", harness.MANIFEST],
                     plain_environment())
    server.wait_for("listening on", "stderr")
    result = run([program("compute")], client_environment(url))
    assert result.returncode == 77, result
    server.wait_for("ended with exit status", "stderr")
    expect_no_driver_line(server.output["stderr"])


@test
def a_host_driver_that_is_not_there_is_an_error_that_says_so():
    result = run([program("compute")], client_environment(TONGS_HOST_DRIVER="/no/such.json"))
    assert result.returncode == 77, result
    lines = [x for x in result.stderr.splitlines() if x.startswith("tongs worker")]
    assert len(lines) == 1 and "/no/such.json" in lines[0], result.stderr


@test
def layers_of_the_application_are_not_loaded_in_the_worker():
    if not glob.glob("/usr/share/vulkan/explicit_layer.d/*khronos_validation*"):
        raise Skip("the validation layer is not installed")
    for variable in ["VK_INSTANCE_LAYERS", "VK_LOADER_LAYERS_ENABLE"]:
        for _, server in harness.transports():
            client = Client(server, **{variable: KHRONOS})
            client.ask("instance")
            loaded = names_of(only_worker_of(server))
            layered = any("validation" in n for n in names_of(client.process.pid))
            assert layered or variable != "VK_INSTANCE_LAYERS", "the layer is not in the client"
            assert not any("VkLayer" in n for n in loaded), loaded
            client.finish()


@test
def implicit_layers_are_not_loaded_in_the_worker():
    if not glob.glob("/usr/share/vulkan/implicit_layer.d/*.json"):
        raise Skip("no implicit layer is installed")
    for changes in [{}, {"VK_LOADER_LAYERS_ALLOW": "*"}]:
        env = client_environment(foreign=True, **changes)
        del env["NODEVICE_SELECT"]
        client = Client(env=env)
        client.ask("instance")
        layers = [n for n in names_of(only_worker_of(None)) if "VkLayer" in n]
        assert not layers, layers
        client.finish()


def own_host_driver():
    """A manifest of lavapipe under a file name of its own, by which it is known in a worker."""
    with open(native_driver()) as file:
        manifest = json.load(file)
    library = manifest["ICD"]["library_path"]
    if "/" not in library:
        found = re.search(rf"{re.escape(library)} .*=> (\S+)", run(
            ["/sbin/ldconfig", "-p"], plain_environment()).stdout)
        library = found[1]
    copy = os.path.join(harness.scratch, "libchosen.so")
    shutil.copy(library, copy)
    manifest["ICD"]["library_path"] = copy
    path = os.path.join(harness.scratch, "chosen.json")
    with open(path, "w") as file:
        json.dump(manifest, file)
    return path


def run_through(options, env):
    """What `tongs run` with the client script makes its worker load."""
    client = Client(env=env)  # for its script's name
    command = [harness.TONGS, "run", *options, "--", *client.process.args]
    client.finish()
    process = Process(command, env)
    process.say("instance")
    assert process.wait_for("^1: (.*)\n")[1].startswith("Tongs (llvmpipe"), process.output
    loaded = names_of(only_worker_of(None))
    process.process.stdin.close()
    assert process.wait() == 0
    return loaded


@test
def tongs_run_keeps_the_users_driver_as_the_host_driver():
    chosen = own_host_driver()
    for variable in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"]:
        loaded = run_through([], plain_environment(foreign=True, **{variable: chosen}))
        drivers = {n for n in loaded if n.startswith(("libvulkan_", "libchosen"))}
        assert drivers == {"libchosen.so"}, drivers


@test
def tongs_run_takes_the_host_driver_of_its_option():
    chosen = own_host_driver()
    env = plain_environment(foreign=True, VK_DRIVER_FILES=native_driver())
    assert "libchosen.so" in run_through(["--host-driver", chosen], env)


@test
def tongs_info_names_the_device_at_the_other_end():
    for _, server in harness.transports():
        result = run([harness.TONGS, "info"], client_environment(server))
        assert result.returncode == 0 and "llvmpipe" in result.stdout, result


@test
def a_capture_of_a_computation_is_dumped_as_vulkan_calls():
    capture = os.path.join(harness.scratch, "capture")
    result = run([harness.TONGS, "run", "--capture", capture, "--host-driver", native_driver(),
                  "--", program("compute")], plain_environment())
    assert result.returncode == 0, result
    dump = run([harness.TONGS, "dump", capture], plain_environment())
    assert dump.returncode == 0, dump
    called = re.findall(r"\b(vk[A-Z]\w+)\(", dump.stdout)
    assert called[0] == "vkCreateInstance" and called[-1] == "vkDestroyInstance", called
    for before, after in [("vkCreateDevice", "vkCreateBuffer"),
                          ("vkCreateBuffer", "vkBindBufferMemory"),
                          ("vkCreateComputePipelines", "vkCmdBindPipeline"),
                          ("vkCmdBindPipeline", "vkCmdDispatch"),
                          ("vkCmdDispatch", "vkQueueSubmit"),
                          ("vkQueueSubmit", "vkDestroyDevice")]:
        assert called.index(before) < called.index(after), (before, after, called)


@test
def each_connection_has_a_capture_of_its_own():
    capture = os.path.join(harness.scratch, "captures")
    with open(capture, "w", encoding="utf-8") as old:
        old.write("of an earlier run")
    twice = f"'{program('compute')}' && '{program('triangle')}' '{harness.scratch}/picture.ppm'"
    result = run([harness.TONGS, "run", "--capture", capture, "--host-driver", native_driver(),
                  "--", "sh", "-c", twice], plain_environment())
    assert result.returncode == 0, result
    assert f"this one goes to {capture}.2" in result.stderr, result.stderr
    dumps = [run([harness.TONGS, "dump", name], plain_environment()).stdout
             for name in (capture, f"{capture}.2")]
    assert "vkCmdDispatch(" in dumps[0] and "vkCmdDraw(" not in dumps[0], dumps[0]
    assert "vkCmdDraw(" in dumps[1] and "vkCmdDispatch(" not in dumps[1], dumps[1]


@test
def vulkaninfo_runs_under_the_validation_layer_of_the_application():
    if not glob.glob("/usr/share/vulkan/explicit_layer.d/*khronos_validation*"):
        raise Skip("the validation layer is not installed")
    result = run([tool("vulkaninfo"), "--summary"],
                 client_environment(foreign=True, VK_INSTANCE_LAYERS=KHRONOS))
    assert result.returncode == 0 and "Tongs (llvmpipe" in result.stdout, result
    assert "VUID" not in result.stdout + result.stderr, result


if __name__ == "__main__":
    sys.exit(harness.main())
