# SPDX-License-Identifier: MIT

"""The host's driver fails, crashes or hangs at any call: over the mock driver, which does so on demand.

The mock also checks every handle that it gets and complains ("mock driver: ...") when the worker uses one
that it should not, so that silence means that the worker kept its books right.
"""

import concurrent.futures
import os
import re
import signal
import subprocess
import sys

import harness
from harness import client_environment, program, run, test
from mock_host import expect_good_manners, mock_driver

# Checks of the program `many` that need no shader, so that they pass over the mock.
CHECKS = ("update_fill_copy_buffer", "fences", "timeline_semaphores", "descriptor_pools",
          "events")
# A run that takes longer hangs.
PATIENCE = 30


def over_mock(check, **changes):
    return run([program("many"), check], client_environment(TONGS_HOST_DRIVER=mock_driver(), **changes),
               timeout=PATIENCE)


def logged_calls(check):
    log = os.path.join(harness.scratch, "calls")
    result = over_mock(check, TONGS_MOCK_LOG=log)
    with open(log) as file:
        return result, file.read().splitlines()


@test
def a_whole_program_leaves_no_object_on_the_host():
    for check in CHECKS:
        result, calls = logged_calls(check)
        expect_good_manners(result, check)
        assert result.returncode == 0, (check, result.stdout, result.stderr)
        assert calls[-1] == "vkDestroyInstance", (check, calls[-5:])
        assert not [c for c in calls if c.startswith(("leaked", "mock driver"))], (check, calls[-5:])


@test
def any_call_of_the_hosts_driver_may_fail():
    """R12, in the worker: on each error path, too, all that it created on the host is destroyed again."""
    work = []
    for check in CHECKS:
        _, calls = logged_calls(check)
        # Each command that the program uses: its first and its second call.
        for name in sorted(set(calls)):
            if re.fullmatch(r"vk\w+", name):
                work += [(check, name, k) for k in (1, 2) if calls.count(name) >= k]
    if harness.sanitized():   # each takes a second; the plain build tries all
        work = work[::6]

    def one(item):
        check, name, k = item
        log = os.path.join(harness.scratch, f"calls-{check}-{name}-{k}")
        env = {"TONGS_MOCK_FAIL": f"{name}:{k}:VK_ERROR_OUT_OF_DEVICE_MEMORY", "TONGS_MOCK_LOG": log}
        try:
            result = over_mock(check, **env)
        except subprocess.TimeoutExpired:
            return item, None, ""
        with open(log) as file:
            return item, result, "".join(line for line in file if line.startswith("leaked"))

    tried = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for item, result, leaked in pool.map(one, work):
            assert result, f"hangs when call {item[2]} of {item[1]} fails in {item[0]}"
            if "cannot fail" in result.stderr:
                continue  # a command without a VkResult
            expect_good_manners(result, item)
            assert not leaked, (item, leaked)
            tried += 1
    assert tried > 0, f"none of {len(work)} failures happened"
    harness.diag(f"{tried} failures of the host's driver survived")


@test
def a_crash_of_the_hosts_driver_is_a_lost_device():
    ways = [(name, {}) for name in ("vkCreateBuffer", "vkQueueSubmit", "vkCmdFillBuffer",
                                    "vkGetFenceStatus")]
    # Without a ring no thread polls, so one has to wait.
    for name, env in [*ways, ("vkWaitForFences", {"TONGS_DEBUG": "socket"})]:
        result = over_mock("update_fill_copy_buffer", TONGS_MOCK_CRASH=f"{name}:1", **env)
        expect_good_manners(result, name)
        assert result.returncode == 1, (name, result.stdout, result.stderr)
        assert "connection to the server is lost" in result.stderr, (name, result.stderr)


@test
def a_command_that_is_not_implemented_prints_its_name_and_aborts():
    result = run([program("stub")], client_environment(TONGS_HOST_DRIVER=mock_driver()))
    assert result.stdout == "calling\n" and result.returncode == -signal.SIGABRT, result
    assert re.search("^tongs: vkBuildAccelerationStructuresKHR is not implemented", result.stderr,
                     re.M), result.stderr


@test
def a_driver_that_never_returns_hangs_nobody_else():
    """R17: the wait for the host's driver has no bound, but the end of its client cancels it."""
    server = harness.Server("--host-driver", mock_driver(), TONGS_MOCK_HANG="vkCreateRenderPass:1")
    env = client_environment(server)
    stuck = harness.Process([program("many"), "render_pass2", "draw_kinds"], env)
    harness.wait_until(lambda: harness.workers_of(server))
    for _ in range(3):
        result = run([program("many"), "fences"], env, timeout=PATIENCE)
        assert result.returncode == 0, (result.stdout, result.stderr)
    stuck.end()
    harness.wait_until(lambda: not harness.workers_of(server), 10)


if __name__ == "__main__":
    sys.exit(harness.main())
