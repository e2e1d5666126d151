# SPDX-License-Identifier: MIT

"""Objects that cannot be made, or only just: the driver says what the host's driver says, when it says it."""

import os
import re
import sys
import tempfile

import harness
from harness import client_environment, native_environment, program, run, test
from mock_host import expect_good_manners, mock_driver

OUT_OF_MEMORY = "VK_ERROR_OUT_OF_DEVICE_MEMORY"


def outcome(what, env):
    result = run([program("edge_objects"), what], env)
    if result.returncode == harness.SKIPPED:
        raise harness.Skip(result.stderr.strip())
    return result


def expect_as_natively(what):
    native = outcome(what, native_environment())
    assert native.returncode == 0, native
    for transport, server in harness.transports():
        through = outcome(what, client_environment(server))
        assert (through.returncode, through.stdout) == (0, native.stdout), (transport, through, native.stdout)


@test
def memory_of_a_type_that_does_not_exist_is_refused():
    for transport, server in harness.transports():
        result = outcome("memory_type", client_environment(server))
        assert result.returncode == 0, (transport, result)


@test
def the_host_decides_about_more_memory_than_a_heap_has():
    expect_as_natively("heap_size")


@test
def an_import_without_a_kind_of_handle_is_none():
    """"If handleType is 0, this structure is ignored": older lavapipes look at the descriptor natively."""
    for transport, server in harness.transports():
        result = outcome("idle_import", client_environment(server))
        assert result.returncode == 0, (transport, result)
        assert set(re.findall("^[ a-z]+: (.*)$", result.stdout, re.M)) == {"VK_SUCCESS"}, (transport, result)


@test
def what_is_too_large_fails_at_once():
    expect_as_natively("sizes")


# The call of each command with which "sizes" asks for much, and what it prints.
MUCH = {
    "vkCreateImage": (3, r"image of \d+, \d+ layers"),
    "vkCreateDescriptorPool": (2, "1048576 sets"),
    "vkCreateQueryPool": (2, "1048576 queries"),
    "vkCreateDescriptorSetLayout": (2, "binding 1048576"),
}


@test
def a_driver_that_refuses_what_is_too_large_is_asked_at_once():
    for command, (call, line) in MUCH.items():
        env = client_environment(TONGS_HOST_DRIVER=mock_driver(), TONGS_MOCK_FAIL=f"{command}:{call}:{OUT_OF_MEMORY}")
        result = outcome("sizes", env)
        expect_good_manners(result, command)
        assert re.search(f"^{line}: {OUT_OF_MEMORY}$", result.stdout, re.M), (command, result)


@test
def numbers_that_make_no_sense_are_refused_and_the_device_goes_on():
    """The host driver never sees them, because drivers crash: nothing to compare with."""
    for transport, server in harness.transports():
        result = run([program("edge_numbers")], client_environment(server))
        refused = re.findall("^[a-z]+: (.*)$", result.stdout, re.M)
        assert result.returncode == 0 and len(refused) == 9 and "VK_SUCCESS" not in refused, (transport, result)


@test
def a_swapchain_of_no_size_is_refused_and_the_device_goes_on():
    result = run([program("edge_numbers"), "swapchain"], client_environment(TONGS_HOST_DRIVER=mock_driver()))
    expect_good_manners(result, "swapchain")
    assert result.returncode == 0 and re.search("^swapchain: (?!VK_SUCCESS)", result.stdout, re.M), result


@test
def a_pipeline_without_its_entry_point_fails_at_once():
    expect_as_natively("pipelines")


SPOILED = ("not_there", "truncated", "half", "header", "opcode", "magic", "capability")


@test
def a_pipeline_that_a_driver_may_refuse_fails_at_once():
    for k, name in enumerate(SPOILED, 1):
        env = client_environment(TONGS_HOST_DRIVER=mock_driver(), TONGS_MOCK_FAIL=f"vkCreateComputePipelines:{k}:VK_ERROR_UNKNOWN")
        result = outcome("spoiled", env)
        expect_good_manners(result, name)
        lines = [f"{n}: module VK_SUCCESS, pipeline " + ("VK_ERROR_UNKNOWN, none" if n == name else "VK_SUCCESS, a handle")
                 for n in SPOILED]
        assert result.stdout.splitlines() == lines, (name, result)


@test
def a_module_that_a_driver_may_refuse_fails_at_once():
    env = client_environment(TONGS_HOST_DRIVER=mock_driver(), TONGS_MOCK_FAIL="vkCreateShaderModule:2:VK_ERROR_INITIALIZATION_FAILED")
    result = outcome("spoiled", env)
    expect_good_manners(result, "module")
    assert "truncated: module VK_ERROR_INITIALIZATION_FAILED\n" in result.stdout, result


@test
def a_driver_that_refuses_a_name_keeps_its_device():
    expect_as_natively("name")


@test
def what_names_an_object_that_failed_late_is_skipped_and_the_device_goes_on():
    # The worker makes two buffers of its own, with the device.
    env = client_environment(TONGS_HOST_DRIVER=mock_driver(), TONGS_MOCK_FAIL=f"vkCreateBuffer:3:{OUT_OF_MEMORY}")
    result = outcome("late", env)
    expect_good_manners(result, "late")
    assert (result.returncode, result.stdout) == (0, "the device works\n"), result
    assert "vkCmdFillBuffer names an object that could not be made" in result.stderr, result


def removal_with(fault):
    """What the program gives with the mock driver, and the names of the calls that the driver saw."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        # The sandbox would forbid the log.
        env = client_environment(TONGS_HOST_DRIVER=mock_driver(), TONGS_MOCK_FAIL=fault, TONGS_MOCK_LOG=log,
                                 TONGS_SANDBOX="off")
        result = outcome("removal", env)
        with open(log, encoding="utf-8") as file:
            calls = [line.split()[0] for line in file]
    expect_good_manners(result, fault)
    assert (result.returncode, result.stdout) == (0, "the device works\n"), (fault, result)
    return calls


@test
def a_command_buffer_whose_recording_failed_is_freed_with_vkFreeCommandBuffers():
    whole = removal_with(f"vkCreateQueryPool:1:{OUT_OF_MEMORY}")
    failed = removal_with(f"vkCreateRenderPass:1:{OUT_OF_MEMORY}")
    assert "vkCmdBeginRenderPass" in whole and "vkCmdBeginRenderPass" not in failed, (whole, failed)
    assert whole.count("vkFreeCommandBuffers") == failed.count("vkFreeCommandBuffers") > 0, (whole, failed)


@test
def sets_of_a_pool_that_failed_late_are_freed_reset_and_allocated_again():
    calls = removal_with(f"vkCreateDescriptorPool:1:{OUT_OF_MEMORY}")
    assert not {"vkAllocateDescriptorSets", "vkFreeDescriptorSets", "vkResetDescriptorPool"} & set(calls), calls


@test
def sets_that_failed_late_are_freed_together_with_their_pool():
    calls = removal_with(f"vkAllocateDescriptorSets:1:{OUT_OF_MEMORY}")
    assert calls.count("vkAllocateDescriptorSets") == 3, calls


# The host driver takes gigabytes from malloc, which must not fill them.
os.environ["MALLOC_PERTURB_"] = "0"

if __name__ == "__main__":
    sys.exit(harness.main())
