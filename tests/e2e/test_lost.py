# SPDX-License-Identifier: MIT

"""When the worker dies, the application hears VK_ERROR_DEVICE_LOST within a second, and lives on (R17).

The program `lost` checks it from the inside, in each of the ways to wait; here somebody kills."""

import os
import signal
import sys

import harness
from harness import Client, Process, Server, Victim, kill_worker, only_worker_of, test
from harness import wait_for_end

MODES = ["wait-fence", "wait-semaphore", "queue-wait-idle", "device-wait-idle", "poll-fence",
         "idle", "mapped", "record"]


def kill_in(mode):
    for _, server in harness.transports():
        victim = Victim(mode, server)
        worker = only_worker_of(server)
        victim.tell_the_time()
        kill_worker(worker)
        victim.expect_loss()
        assert "a new instance computes" in victim.output["stdout"], victim.output
        if server:
            server.wait_for_log(rf"worker {worker} for .* ended by signal 9")


# One test a mode, so that each has its own line.
for _mode in MODES:
    def _kill(mode=_mode):
        kill_in(mode)
    _kill.__name__ = f"a_worker_killed_in_{_mode.replace('-', '_')}_is_reported_soon"
    test(_kill)


@test
def the_program_ends_its_own_waits_natively():
    for mode in MODES:
        result = harness.run([harness.program("lost"), mode, "--self-test"], harness.native_environment())
        assert result.returncode == 0, (mode, result)


@test
def clients_of_a_broker_that_is_terminated_hear_of_it_soon():
    server = Server()
    victims = [Victim(mode, server) for mode in ["wait-fence", "idle"]]
    workers = harness.workers_of(server)
    assert len(workers) == 2, workers
    for victim in victims:
        victim.tell_the_time()
    assert server.end(signal.SIGTERM) == 0, server.output
    for victim in victims:
        # All that needs the old worker is right; the new instance finds no server.
        assert victim.wait() == 1, victim.output
        assert "VK_ERROR_DEVICE_LOST" in victim.output["stdout"], victim.output
        assert "on a new instance" in victim.output["stderr"], victim.output
    assert not [w for w in workers if not wait_for_end(w)], workers
    assert not os.path.exists(server.path)


@test
def workers_of_a_broker_that_is_killed_serve_on():
    server = Server()
    client = Client(server)
    client.ask("instance")
    worker = only_worker_of(server)
    server.process.kill()
    server.process.wait()
    assert client.ask("memory") == str(1 << 20)
    client.finish()
    assert wait_for_end(worker, 10), "the worker outlives its client"


@test
def a_broker_started_anew_at_the_same_socket_serves_the_same_application():
    first = Server()
    client = Client(first)
    client.ask("instance")
    assert first.end(signal.SIGTERM) == 0
    client.ask("destroy")
    second = Process([harness.TONGS, "serve", "--listen", first.url, "--host-driver",
                      harness.native_driver()], harness.plain_environment())
    second.wait_for("listening on", "stderr")
    client.ask("instance")
    assert client.ask("memory") == str(1 << 20)
    client.finish()
    assert second.end() == 0


@test
def a_hundred_killed_workers_leave_no_descriptor_in_the_application():
    server = Server()
    client = Client(server)
    counts = []
    for _ in range(100):
        client.ask("instance")
        worker = only_worker_of(server)
        kill_worker(worker)
        assert harness.wait_for_end(worker)
        client.ask("destroy")
        counts.append(client.ask("fds"))
    assert counts[-1] == counts[0], (counts[0], client.ask("list-fds"))
    client.finish()


if __name__ == "__main__":
    sys.exit(harness.main())
