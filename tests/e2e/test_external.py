# SPDX-License-Identifier: MIT

"""Memory, semaphores and fences go as file descriptors from one client to another one."""

import os
import sys

import harness
from harness import (Server, checks_of, client_environment, native_environment, program, run,
                     test)
from mock_host import expect_good_manners, mock_driver

BROKEN_NATIVELY = "bad descriptors are refused"


def compare(native_environ, through_environ):
    """What works natively works between two clients, and no more is promised."""
    native = checks_of(run([program("external")], native_environ).stdout)
    if "ok" not in native.values():
        raise harness.Skip(f"the host's driver shares nothing: {native}")
    result = run([program("external")], through_environ)
    through = checks_of(result.stdout)
    harness.diag(", ".join(f"{name}: {state}" for name, state in through.items()))
    for name, state in native.items():
        # Some drivers close what they refuse; ours never does.
        wanted = "ok" if name == BROKEN_NATIVELY and state == "not ok" else state
        assert through[name] == wanted, (name, state, result.stdout)


@test
def two_clients_of_one_server_share_what_the_host_can_share():
    compare(native_environment(), client_environment(Server()))


@test
def two_clients_with_private_workers_share_what_the_host_can_share():
    compare(native_environment(), client_environment())


@test
def nothing_is_offered_where_file_descriptors_do_not_pass():
    result = run([program("external")], client_environment(TONGS_MEMORY="explicit"))
    assert set(checks_of(result.stdout).values()) == {"skip"}, result


def over_mock(*checks, **changes):
    environ = client_environment(Server("--host-driver", mock_driver(), **changes))
    result = run([program("external"), *checks], environ)
    expect_good_manners(result, checks)
    return checks_of(result.stdout), result.stdout


MEMORY = "memory as an opaque fd", "memory as a dma-buf"


@test
def what_the_host_maps_through_its_descriptors_is_mapped_in_the_client():
    states, _ = over_mock(*MEMORY, "bad descriptors are refused")
    assert set(states.values()) == {"ok"}, states


@test
def an_opaque_descriptor_that_the_host_maps_otherwise_cannot_be_mapped_but_a_dma_buf_can():
    states, text = over_mock(*MEMORY, TONGS_MOCK_OTHER_MAPS="1")
    assert states == {MEMORY[0]: "not ok", MEMORY[1]: "ok"}, text
    assert "vkMapMemory" in text and "VK_ERROR_MEMORY_MAP_FAILED" in text, text


@test
def semaphores_and_fences_become_sync_files_that_were_signalled_already():
    states, text = over_mock("a semaphore as a sync fd", "a fence as a sync fd")
    assert set(states.values()) == {"ok"}, text


def descriptors_of(pid):
    return sorted(os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))


@test
def no_descriptor_is_left_when_memory_is_freed():
    server = Server()
    client = harness.Process([program("external"), "--leak"], client_environment(server))
    counts = []
    for part in range(2):
        client.wait_for("(done\n.*?){%d}" % (part + 1))
        pids = client.process.pid, harness.only_worker_of(server)
        counts.append([descriptors_of(pid) for pid in pids])
        client.say("go on")
    assert client.wait() == 0, client.output
    assert counts[0] == counts[1], counts
    for where in counts[0]:
        assert len(where) < 32, where


if __name__ == "__main__":
    sys.exit(harness.main())
