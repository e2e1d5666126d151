# SPDX-License-Identifier: MIT

"""The application's own pages become memory of the device, VK_EXT_external_memory_host, and its own again."""

import os
import sys

import harness
from harness import Process, Server, checks_of, client_environment, native_environment, program, run
from harness import test

LONG = 200
NOBODY = 65534

# The driver copies pages on the way, so that it cannot take all that another one maps.
ONLY_THROUGH = "other pages are refused"

# Runs a program behind a filter of system calls that kills a process which calls userfaultfd.
FILTERED = """
import ctypes, os, struct, sys
code = b"".join(struct.pack("HBBI", *i) for i in [
    (0x20, 0, 0, 0), (0x15, 0, 1, int(sys.argv[1])), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7fff0000)])
buffer = ctypes.create_string_buffer(code)
filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, filter, 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[2], sys.argv[2:])
"""


@test
def what_works_natively_works_through_the_driver_and_what_cannot_be_shared_is_refused():
    native = checks_of(run([program("host_memory")], native_environment(), timeout=LONG).stdout)
    for transport, server in harness.transports():
        result = run([program("host_memory")], client_environment(server), timeout=LONG)
        through = checks_of(result.stdout)
        harness.diag(transport + ": " + ", ".join(f"{name}: {state}" for name, state in through.items()))
        if set(through.values()) == {"skip"} and (harness.kernel_refuses_app_pages() or
                                                  set(native.values()) == {"skip"}):
            raise harness.Skip("the kernel or the host's driver does not let us")
        for name, state in native.items():
            wanted = "ok" if name == ONLY_THROUGH else state
            assert through[name] == wanted, (transport, name, state, result.stdout, result.stderr)


@test
def no_byte_is_lost_with_the_worker():
    for transport, server in harness.transports():
        client = Process([program("host_memory"), "--wait"], client_environment(server))
        try:
            client.wait_for("imported")
        except AssertionError:
            if client.wait() == harness.SKIPPED:
                raise harness.Skip("it is not offered")
            raise
        worker = harness.only_worker_of(server)
        harness.kill_worker(worker)
        harness.wait_for_end(worker)
        client.say("go on")
        assert client.wait() == 0, (transport, client.output)


@test
def it_is_not_offered_where_memory_is_explicit():
    result = run([program("host_memory")], client_environment(TONGS_MEMORY="explicit"))
    assert set(checks_of(result.stdout).values()) == {"skip"}, result


@test
def it_is_not_offered_where_only_half_a_userfaultfd_is_to_be_had():
    if os.geteuid() != 0 or harness.sanitized():
        raise harness.Skip("only root can be another user, and sanitizers take more than nobody may have")
    setting, device = "/proc/sys/vm/unprivileged_userfaultfd", "/dev/userfaultfd"
    if not os.path.exists(setting):
        raise harness.Skip("the kernel has none")
    with open(setting, encoding="ascii") as file:
        if file.read().strip() != "0" or os.path.exists(device) and os.stat(device).st_mode & 6:
            raise harness.Skip("everybody may have a whole one here")
    try:
        result = run([program("host_memory")], client_environment(), user=NOBODY, group=NOBODY,
                     extra_groups=[])
    except PermissionError as error:
        raise harness.Skip("nobody cannot run what is built here") from error
    assert set(checks_of(result.stdout).values()) == {"skip"}, result


@test
def the_kernel_is_not_asked_behind_a_filter_of_system_calls():
    if not harness.USERFAULTFD or harness.sanitized():
        raise harness.Skip("no number of the system call is known here, or a sanitizer has filters against itself")
    # The worker is another process, which needs no userfaultfd.
    result = run([sys.executable, "-c", FILTERED, str(harness.USERFAULTFD), program("host_memory")],
                 client_environment(Server()))
    assert set(checks_of(result.stdout).values()) == {"skip"}, result


if __name__ == "__main__":
    sys.exit(harness.main())
