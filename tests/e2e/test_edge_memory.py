# SPDX-License-Identifier: MIT

"""Memory and synchronisation at their edges: what a program gets natively, it gets through the
driver. The program `edge_memory` has the checks."""

import os
import re
import resource
import sys

import harness
from harness import checks_of, client_environment, native_environment, only_worker_of, program, run
from harness import test, wait_until

MIB = 1 << 20

# The checks take gigabytes from malloc, which must not fill them.
os.environ["MALLOC_PERTURB_"] = "0"


def results(env, *words, **keywords):
    done = run([program("edge_memory"), *words], env, timeout=200, **keywords)
    return checks_of(done.stdout), done


def expect_as_natively(*words, environments=({},), **keywords):
    native, _ = results(native_environment(), *words, **keywords)
    for changes in environments:
        ours, done = results(client_environment(**changes), *words, **keywords)
        assert ours == native, (changes, native, done)


@test
def every_check_ends_as_it_does_natively():
    expect_as_natively(environments=({}, {"TONGS_DEBUG": "socket"}, {"TONGS_MEMORY": "explicit"}))


@test
def of_flushed_memory_only_what_changed_travels():
    name = "a word changes and all is flushed"
    checks, done = results(client_environment(TONGS_MEMORY="explicit", TONGS_DEBUG="stats"), name)
    assert checks == {name: "ok"}, done
    sent = int(re.search(r"bytes sent (\d+)", done.stderr)[1])
    # The 4 MiB themselves, and a little for each of 20 turns.
    assert 4 * MIB < sent < 5 * MIB, sent


@test
def explicit_memory_is_told_of_in_one_line():
    name = "a word is written again over the device's"
    _, done = results(client_environment(TONGS_MEMORY="explicit"), name)
    assert done.stderr.count("HOST_COHERENT") == 1, done
    _, done = results(client_environment(), name)
    assert "HOST_COHERENT" not in done.stderr, done


@test
def new_explicit_memory_shows_nothing_of_the_workers_heap():
    # Shared memory comes from the client's own heaps.
    done = run([program("fresh_memory")], client_environment(TONGS_MEMORY="explicit"))
    assert done.stdout.startswith("0 of 64 allocations "), done


@test
def a_heap_takes_no_descriptor_of_the_application():
    expect_as_natively("many allocations take no descriptors",
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))


@test
def without_address_space_allocations_fail_and_the_device_goes_on():
    if harness.sanitized():
        raise harness.Skip("the sanitizer takes all address space")
    limit = 3000 * MIB
    expect_as_natively("allocations fail and the device goes on",
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))


def heap_bytes(pid):
    """What the process has mapped of shared heaps."""
    with open(f"/proc/{pid}/maps") as file:
        ranges = [line.split()[0].split("-") for line in file if "memfd:tongs-heap" in line]
    return sum(int(end, 16) - int(start, 16) for start, end in ranges)


@test
def freed_memory_comes_back_without_a_further_call():
    for _, server in harness.transports():
        client = harness.Client(server)
        client.ask("instance")
        client.ask(f"free-memory {32 * MIB} 8")
        worker = only_worker_of(server)
        # No call follows: what the client has not sent stays where it is.
        wait_until(lambda: heap_bytes(worker) <= 64 * MIB, 10)
        client.finish()
        wait_until(lambda: not harness.workers_of(server))


def open_heaps(pid):
    """Descriptors of the shared heaps that the process has mapped. The test closes them."""
    with open(f"/proc/{pid}/maps") as file:
        ranges = [line.split()[0] for line in file if "memfd:tongs-heap" in line]
    try:
        return [os.open(f"/proc/{pid}/map_files/{r}", os.O_RDONLY | os.O_CLOEXEC) for r in ranges]
    except OSError as error:
        raise harness.Skip(f"another process's mappings cannot be opened here: {error}")


@test
def memory_comes_back_when_its_device_and_instance_are_destroyed():
    for _, server in harness.transports():
        client = harness.Client(server)
        client.ask("instance")
        client.ask(f"keep-memory {32 * MIB} 8")
        heaps = open_heaps(only_worker_of(server))
        used = sum(os.fstat(fd).st_blocks * 512 for fd in heaps)
        client.ask("destroy-all")
        left = sum(os.fstat(fd).st_blocks * 512 for fd in heaps)
        for fd in heaps:
            os.close(fd)
        assert used >= 256 * MIB, used
        # The pages are gone when vkDestroyInstance returns, whatever the worker still does.
        assert left == 0, left
        client.finish()
        wait_until(lambda: not harness.workers_of(server))


if __name__ == "__main__":
    sys.exit(harness.main())
