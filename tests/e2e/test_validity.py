# SPDX-License-Identifier: MIT

"""The worker uses the host driver as rightly as the program uses its driver: the validation layer says nothing in the
worker that it does not say natively of the same program."""

import os
import re
import sys

import harness
from harness import Server, Skip, client_environment, diag, native_environment, need_validation_layer, program
from harness import run, test, tool

SETTINGS = """
khronos_validation.report_flags = error,warn,perf
khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG
khronos_validation.log_filename = stdout
"""

# What is known to differ, with its reason: program -> messages.
KNOWN = {
    # An image whose initial layout is PREINITIALIZED cannot have a handle type, and memory is exported on devices with
    # sparse binding (docs/design/memory.md).
    "many": {"VUID-vkBindImageMemory-memory-02728"},
}


def messages(text):
    """The ids of the layer's messages."""
    return set(re.findall(r"\b(?:VUID|UNASSIGNED|SYNC|WARNING|BestPractices)-[A-Za-z0-9-]+", text))


def natively(command, **changes):
    """None if the layer does not get the program through."""
    settings = os.path.join(harness.scratch, "vk_layer_settings.txt")
    with open(settings, "w", encoding="ascii") as file:
        file.write(SETTINGS)
    done = run(command, native_environment(VK_LAYER_SETTINGS_PATH=settings,
                                           VK_INSTANCE_LAYERS="VK_LAYER_KHRONOS_validation", **changes), 200)
    if done.returncode < 0:
        diag(f"{command[0]} does not run natively under the layer: {done.returncode}")
        return None
    return messages(done.stdout + done.stderr)


def expect_no_more(command, servers, **changes):
    need_validation_layer()
    native = natively(command, **changes)
    for env in servers if native is not None else []:
        done = run(command, dict(env, **changes), 200)
        assert "VK_LAYER_KHRONOS_validation" in done.stderr, done
        said = re.findall(r"^tongs: validation: (.*)$", done.stderr, re.M)
        more = messages("\n".join(said)) - native - KNOWN.get(os.path.basename(command[0]), set())
        assert not more, [line for line in said if messages(line) & more]
    return native


def both_ways(foreign=False):
    """Validation of one program by `tongs run --validate`, and of all clients by `tongs serve --validate`."""
    return [client_environment(TONGS_VALIDATE="1", foreign=foreign),
            client_environment(Server("--validate"), foreign=foreign)]


@test
def a_message_of_a_wrong_program_is_the_same_on_both_sides():
    assert "VUID-VkBufferCreateInfo-usage-requiredbitmask" in expect_no_more([program("invalid"), "usage"], both_ways())


@test
def programs_are_as_valid_in_the_worker_as_natively():
    picture = os.path.join(harness.scratch, "picture.ppm")
    for command in ["compute"], ["triangle", picture], ["edge_process", "device"], ["queues"]:
        expect_no_more([program(command[0]), *command[1:]], both_ways())


@test
def memory_and_images_are_as_valid_in_the_worker_as_natively():
    expect_no_more([program("many")], both_ways()[:1])


@test
def external_memory_is_as_valid_in_the_worker_as_natively():
    for name in "external", "host_memory":
        expect_no_more([program(name)], both_ways()[:1])


@test
def swapchains_are_as_valid_in_the_worker_as_natively():
    if run([program("swapchain")], native_environment()).returncode == harness.SKIPPED:
        raise Skip("the host driver has no headless surfaces")
    expect_no_more([program("swapchain")], both_ways())


# --- Clients -------------------------------------------------------------------------------------

@test
def vulkaninfo_is_as_valid_in_the_worker_as_natively():
    expect_no_more([tool("vulkaninfo"), "--summary"], both_ways(foreign=True))


@test
def zink_is_as_valid_in_the_worker_as_natively():
    expect_no_more([tool("eglinfo")], both_ways(foreign=True), MESA_LOADER_DRIVER_OVERRIDE="zink")


@test
def vkmark_is_as_valid_in_the_worker_as_natively():
    expect_no_more([tool("vkmark"), "--winsys", "headless", "-b", "cube:duration=0.2", "-b", "texture:duration=0.2"],
                   both_ways(foreign=True))


if __name__ == "__main__":
    sys.exit(harness.main())
