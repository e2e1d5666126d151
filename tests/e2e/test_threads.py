# SPDX-License-Identifier: MIT

"""Threads of one application do at once what Vulkan lets them, on all queues of a device. In a build with
-Db_sanitize=thread (tools/test --tsan) no access in the driver or the worker races another."""

import os
import re
import sys

import harness
from harness import Server, client_environment, native_driver, program, run, test
from mock_host import mock_driver

SUPPRESSIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tsan.supp")


def expect_no_race(command, server=None, **changes):
    tsan = f"suppressions={SUPPRESSIONS}:halt_on_error=0:exitcode=66"
    result = run([program(command[0]), *command[1:]],
                 client_environment(server, TSAN_OPTIONS=tsan, **changes), timeout=harness.PATIENCE)
    assert "ThreadSanitizer" not in result.stderr, result.stderr[:20000]
    assert result.returncode == 0 and "(right)" in result.stdout, result
    return result


@test
def eight_threads_on_six_queues_disturb_nobody():
    result = expect_no_race(["queues"], TONGS_HOST_DRIVER=mock_driver())
    assert re.search("8 threads on 6 queues", result.stdout), result


@test
def eight_threads_on_six_queues_disturb_nobody_in_explicit_memory():
    expect_no_race(["queues"], TONGS_HOST_DRIVER=mock_driver(), TONGS_MEMORY="explicit")


@test
def eight_threads_on_six_queues_disturb_nobody_through_the_socket_alone():
    expect_no_race(["queues"], TONGS_HOST_DRIVER=mock_driver(), TONGS_DEBUG="socket")


@test
def eight_threads_on_the_software_renderer_compute_the_right_thing():
    expect_no_race(["queues"], TONGS_HOST_DRIVER=native_driver())
    expect_no_race(["threads", "10"], TONGS_HOST_DRIVER=native_driver())


@test
def eight_threads_on_a_server_disturb_nobody():
    tsan = f"suppressions={SUPPRESSIONS}:halt_on_error=0"
    server = Server(TSAN_OPTIONS=tsan)
    expect_no_race(["queues"], server)
    server.end()
    assert "ThreadSanitizer" not in server.log, server.log[:20000]


if __name__ == "__main__":
    sys.exit(harness.main())
