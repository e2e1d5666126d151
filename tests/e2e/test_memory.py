# SPDX-License-Identifier: MIT

"""What the driver takes: at most 16 MiB in the application, and in the worker at most 32 MiB more
than the host's driver takes in a native process.

Measured on the program `lost`, which has made an instance, a device, a compute pipeline, memory,
descriptors and recorded commands when it says that it is ready. Each figure is the resident set
without the shared heaps, which hold the application's own buffers. What the application takes
without a driver is measured on loader_only."""

import os
import re
import sys

import harness
from harness import Process, Skip, Victim, client_environment, native_environment, only_worker_of
from harness import program, run, test

MIB = 1 << 20
CLIENT_LIMIT = 16 * MIB
WORKER_LIMIT = 32 * MIB

# Between runs of the same program; the smallest counts.
RUNS = 3


def mappings(pid):
    """(file or "", resident bytes, proportional bytes) of each mapping."""
    with open(f"/proc/{pid}/smaps") as file:
        text = file.read()
    for part in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", text, flags=re.M)[1:]:
        words = part.splitlines()[0].split(None, 5)
        sizes = dict(re.findall(r"^(Rss|Pss):\s+(\d+) kB", part, re.M))
        yield (words[5] if len(words) > 5 else ""), int(sizes["Rss"]) * 1024, int(
            sizes["Pss"]) * 1024


def resident(pid, heaps=False):
    """Shared heaps are the application's own memory, and count where `heaps` says so."""
    return sum(rss for name, rss, _ in mappings(pid) if heaps or "memfd:tongs-heap" not in name)


def shown(size):
    return f"{size / MIB:.1f} MiB"


told = set()


def tell(what, pid):
    """Prints what it is made of, once."""
    if what in told:
        return
    told.add(what)
    parts = {}
    for name, rss, pss in mappings(pid):
        kind = ("shared heaps" if "memfd:tongs-heap" in name else
                os.path.basename(name) if "tongs" in os.path.basename(name) else
                "heap and anonymous" if not name or name.startswith("[") else "other files")
        parts[kind] = parts.get(kind, 0) + pss
    texts = ", ".join(f"{kind} {shown(pss)}" for kind, pss in sorted(parts.items()))
    harness.diag(f"{what}: resident {shown(resident(pid))}; proportional: {texts}")


def baseline():
    process = Process([os.path.join(harness.BUILD, "tests", "e2e", "loader_only")],
                      native_environment())
    process.wait_for("^ready$")
    tell("an application with the loader alone", process.process.pid)
    size = resident(process.process.pid)
    process.close()
    return size


def native():
    process = Process([program("lost"), "idle"], native_environment())
    process.wait_for("^ready$")
    tell("the same application natively", process.process.pid)
    size = resident(process.process.pid)
    process.close()
    return size


def through(server):
    """Of the client and of its worker."""
    victim = Victim("idle", server)
    worker = only_worker_of(server)
    tell("an application through Tongs", victim.process.pid)
    tell("its worker", worker)
    sizes = resident(victim.process.pid), resident(worker)
    victim.close()
    assert harness.wait_for_end(worker, 10), "the worker outlives its client"
    return sizes


def skip_where_figures_mean_nothing():
    if harness.sanitized():
        raise Skip("the sanitizer takes more than all else")


@test
def the_driver_takes_at_most_16_MiB_of_the_application():
    skip_where_figures_mean_nothing()
    for transport, server in harness.transports():
        added = min(through(server)[0] - baseline() for _ in range(RUNS))
        harness.diag(f"FIGURE over {transport}, the driver adds {shown(added)} to the application "
                     f"(limit {shown(CLIENT_LIMIT)})")
        assert added <= CLIENT_LIMIT, shown(added)


@test
def a_worker_takes_at_most_32_MiB_more_than_the_hosts_driver_does_natively():
    skip_where_figures_mean_nothing()
    for transport, server in harness.transports():
        added = min(through(server)[1] - native() for _ in range(RUNS))
        harness.diag(f"FIGURE over {transport}, a worker takes {shown(added)} more than a native "
                     f"process (limit {shown(WORKER_LIMIT)})")
        assert added <= WORKER_LIMIT, shown(added)


@test
def large_memory_of_which_two_pages_are_used_takes_hardly_more_than_these():
    skip_where_figures_mean_nothing()
    for transport, server in harness.transports():
        client = harness.Client(server)
        client.ask("instance")
        sizes = []
        # One client and one worker: another worker may have used its driver more, or less.
        for size in [MIB, 512 * MIB]:
            client.ask(f"hold-memory {size}")
            sizes.append((resident(client.process.pid, heaps=True),
                          resident(only_worker_of(server), heaps=True)))
        client.finish()
        harness.wait_until(lambda: not harness.workers_of(server))
        added = [large - small for small, large in zip(*sizes)]
        harness.diag(f"over {transport}, 512 MiB more add {shown(added[0])} to the application and "
                     f"{shown(added[1])} to its worker")
        assert max(added) < 16 * MIB, [shown(size) for size in added]


@test
def of_freed_memory_no_more_than_32_mib_stays():
    skip_where_figures_mean_nothing()
    for transport, server in harness.transports():
        client = harness.Client(server)
        client.ask("instance")
        client.ask(f"hold-memory {MIB}")
        before = resident(client.process.pid, heaps=True)
        client.ask(f"cycle-memory {8 * MIB} 12")
        added = resident(client.process.pid, heaps=True) - before
        harness.diag(f"over {transport}, 96 MiB that were used and freed leave {shown(added)}")
        # The driver keeps the memory that frames use in turn for the next frame, but not all memory.
        assert 16 * MIB < added < 34 * MIB, shown(added)
        client.ask(f"cycle-memory {2 * MIB} 60")
        again = resident(client.process.pid, heaps=True) - before
        assert again < 34 * MIB, shown(again)
        client.finish()
        harness.wait_until(lambda: not harness.workers_of(server))


def peak_of(name, env):
    """ru_maxrss of a whole run, or of the interpreter that starts it, which has some 10 MiB."""
    script = ("import os, resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
              "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    result = run([sys.executable, "-c", script, program(name)], env, timeout=200)
    assert result.returncode == 0, result
    return int(result.stdout) * 1024


@test
def no_application_peaks_higher_through_the_driver_than_natively():
    skip_where_figures_mean_nothing()
    for name in ["compute", "triangle", "many", "threads"]:
        native_peak = peak_of(name, native_environment())
        peak = peak_of(name, client_environment())
        harness.diag(f"{name} peaks at {shown(peak)} at most through Tongs, "
                     f"at {shown(native_peak)} natively")
        assert peak < native_peak, (name, shown(peak), shown(native_peak))


if __name__ == "__main__":
    sys.exit(harness.main())
