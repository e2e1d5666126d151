# SPDX-License-Identifier: MIT

"""Workers that a server keeps ready for clients to come."""

import os
import re
import signal
import sys

import harness
from harness import Client, Process, Server, Victim, client_environment, mapped_files
from harness import only_worker_of, program, ready_of, run, test, wait_for_end, wait_for_ready
from harness import wait_until, workers_of
from mock_host import mock_driver


def descriptors_of(pid):
    """What is open, without the numbers that differ from one process to the next."""
    links = [os.readlink(fd.path) for fd in os.scandir(f"/proc/{pid}/fd")]
    return sorted(re.sub(r"\d+", "N", link) for link in links)


def compute(server):
    result = run([program("compute")], client_environment(server))
    assert result.returncode == 0 and "(right)" in result.stdout, result


@test
def a_ready_worker_has_the_driver_loaded_and_takes_the_next_client():
    server = Server("--warm", "1")
    ready = wait_for_ready(server, 1).pop()
    assert [name for name in mapped_files(ready) if "lvp" in name], mapped_files(ready)
    assert not workers_of(server)
    client = Client(server)
    client.ask("instance")
    assert only_worker_of(server) == ready
    server.wait_for_log(f"worker {ready} started for pid {client.process.pid}, ")
    assert wait_for_ready(server, 1) != {ready}
    client.finish()
    server.wait_for_log(rf"worker {ready} for pid \d+, uid \d+ ended with exit status 0")


@test
def clients_beyond_the_ready_workers_are_served():
    server = Server("--warm", "1")
    wait_for_ready(server, 1)
    clients = [Process([program("compute")], client_environment(server)) for _ in range(6)]
    for client in clients:
        assert client.wait() == 0 and "(right)" in client.output["stdout"], client.output
    wait_for_ready(server, 1)
    wait_until(lambda: not workers_of(server))


@test
def none_is_kept_ready_where_none_is_wanted():
    server = Server("--warm", "0")
    compute(server)
    client = Client(server)
    client.ask("instance")
    worker = only_worker_of(server)
    assert harness.children_of(server.process.pid) == {worker}
    assert "--wait" not in harness.command_of(worker)
    client.finish()


@test
def ready_workers_do_not_count_as_clients():
    server = Server("--warm", "2", "--max-workers", "1", "--idle-exit", "8")
    wait_for_ready(server, 1)
    client = Client(server)
    client.ask("instance")
    result = run([program("compute")], client_environment(server))
    assert result.returncode == 77 and "closed the connection" in result.stderr, result
    assert not ready_of(server), "one is kept for a client that would be turned away"
    client.finish()
    assert server.wait() == 0 and "no client for 8 s" in server.log, server.log


@test
def a_ready_worker_that_is_killed_is_replaced_and_nobody_notices():
    server = Server("--warm", "1")
    victim = Victim("idle", server)
    killed = set()
    for _ in range(5):
        ready = wait_for_ready(server, 1).pop()
        os.kill(ready, signal.SIGKILL)
        killed.add(ready)
        compute(server)
    assert not wait_for_ready(server, 1) & killed
    for pid in killed:
        server.wait_for_log(rf"worker {pid}, which had no client yet, ended by signal 9")
    assert victim.process.poll() is None
    victim.end(signal.SIGKILL)


@test
def a_worker_that_was_ready_takes_only_its_client_along():
    server = Server()
    wait_for_ready(server, 2)
    victims = [Victim("wait-fence", server)]
    killed = only_worker_of(server)
    victims.append(Victim("idle", server))
    victims[0].tell_the_time()
    harness.kill_worker(killed)
    victims[0].expect_loss()
    assert victims[1].process.poll() is None and workers_of(server)
    victims[1].end(signal.SIGKILL)


@test
def the_end_of_the_server_is_that_of_its_ready_workers():
    for number in [signal.SIGTERM, signal.SIGKILL]:
        server = Server("--warm", "3")
        children = wait_for_ready(server, 3)
        status = server.end(number)
        assert status == (0 if number == signal.SIGTERM else -number), status
        assert not [pid for pid in children if not wait_for_end(pid, 10)], number
        assert "ended by" not in server.log, server.log


@test
def a_worker_that_was_ready_has_no_descriptor_more_than_another():
    found = []
    for count in ["0", "2"]:
        server = Server("--warm", count)
        wait_for_ready(server, int(count))
        client = Client(server)
        client.ask("instance")
        found.append(descriptors_of(only_worker_of(server)))
        client.finish()
    assert found[0] == found[1], found


def zygote_of(server):
    wait_until(lambda: "tongs-zygote" in map(harness.name_of, harness.children_of(server.process.pid)))
    return next(pid for pid in harness.children_of(server.process.pid)
                if harness.name_of(pid) == "tongs-zygote")


@test
def workers_are_forked_and_are_children_of_the_server():
    server = Server("--warm", "2")
    zygote = zygote_of(server)
    ready = wait_for_ready(server, 2)
    assert all("--zygote" in harness.command_of(pid) for pid in ready | {zygote}), ready
    assert not harness.children_of(zygote)
    assert not [name for name in descriptors_of(zygote) if "lvp" in name], "nothing of the driver's is open"


@test
def where_what_forks_workers_is_killed_or_stuck_clients_are_served_and_workers_ready_again():
    for number in [signal.SIGKILL, signal.SIGSTOP]:
        server = Server("--warm", "1")
        wait_for_ready(server, 1)
        zygote = zygote_of(server)
        victim = Victim("idle", server)
        wait_for_ready(server, 1)
        os.kill(zygote, number)
        for _ in range(3):
            compute(server)
        server.wait_for_log(f"the zygote, process {zygote}, ended by signal 9")
        wait_for_ready(server, 1)
        assert victim.process.poll() is None
        victim.end(signal.SIGKILL)


@test
def a_limit_that_the_server_is_given_is_in_force_in_warm_workers_and_in_others():
    for warm in ["1", "0"]:
        server = Server("--warm", warm, "--limit", "objects=4")
        wait_for_ready(server, int(warm))
        result = run([program("compute")], client_environment(server))
        assert result.returncode not in (0, 77), result
        server.wait_for_log(r"tongs worker \d+: connection ended: ")
        assert server.end() == 0
    server = Server("--warm", "1", "--limit", "objects=4000", "--limit", "heaps=100")
    wait_for_ready(server, 1)
    compute(server)


@test
def what_a_server_has_as_its_input_is_not_its_business():
    server = Server("--warm", "2")
    server.process.stdin.write(b"not for a worker\n")
    server.process.stdin.close()
    for _ in range(3):
        compute(server)
    wait_for_ready(server, 2)
    assert server.end() == 0


@test
def a_driver_that_has_threads_is_not_forked():
    server = Server("--warm", "2", "--host-driver", mock_driver(), TONGS_MOCK_THREAD="1")
    server.wait_for_log("starts threads when it is loaded: each worker loads it for itself")
    ready = wait_for_ready(server, 2)
    assert all("--wait" in harness.command_of(pid) for pid in ready), ready
    client = Client(server)
    client.ask("instance")
    client.finish()


@test
def where_a_driver_does_not_load_the_client_hears_why_and_the_server_does_not_spin():
    server = Server("--host-driver", os.devnull)
    result = run([program("compute")], client_environment(server))
    assert result.returncode == 77, result
    server.wait_for_log("the host has no driver to serve")


@test
def a_driver_that_takes_workers_down_is_not_tried_again_and_again():
    server = Server("--warm", "1", "--host-driver", mock_driver(),
                    TONGS_MOCK_CRASH="vkEnumeratePhysicalDevices:1")
    ended = r"worker \d+, which had no client yet, ended "
    server.wait_for_log(ended)
    for _ in range(3):
        result = run([program("compute")], client_environment(server))
        assert result.returncode in (1, 77), result
    assert len(re.findall(ended, server.log)) == 1, server.log
    assert server.end() == 0


if __name__ == "__main__":
    sys.exit(harness.main())
