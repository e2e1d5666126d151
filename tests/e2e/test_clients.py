# SPDX-License-Identifier: MIT

"""Clients that share a broker, that are killed, that fork, and what they leave behind."""

import os
import signal
import sys

import harness
from harness import Client, Process, Server, Victim, client_environment, only_worker_of, program
from harness import run, test, wait_for_end, workers_of

MIB = 1 << 20


@test
def two_clients_at_once_have_a_worker_each_and_do_not_disturb_each_other():
    server = Server()
    clients = [Process([program("threads")], client_environment(server)) for _ in range(2)]
    for client in clients:
        assert client.wait(200) == 0 and "(right)" in client.output["stdout"], client.output
    started = server.log.count(" started for pid ")
    assert started == 2, server.log
    assert server.end() == 0


@test
def a_client_that_computes_while_another_one_dies_goes_on():
    server = Server()
    computing = Process([program("threads")], client_environment(server))
    for _ in range(5):
        victim = Victim("wait-fence", server)
        victim.end(signal.SIGKILL)
    assert computing.wait(200) == 0 and "(right)" in computing.output["stdout"], computing.output
    harness.wait_until(lambda: not workers_of(server))


@test
def a_client_killed_in_the_middle_leaves_no_worker():
    """R17: the end of the client cancels every wait of its worker."""
    for mode in ["wait-fence", "poll-fence", "mapped", "record", "idle"]:
        for _, server in harness.transports():
            victim = Victim(mode, server)
            worker = only_worker_of(server)
            assert victim.end(signal.SIGKILL) == -signal.SIGKILL
            assert wait_for_end(worker, 10), f"a worker outlives its client, killed in {mode}"


@test
def a_client_killed_while_it_sends_leaves_no_worker():
    server = Server()
    for _ in range(10):
        client = Process([program("many")], client_environment(server))
        client.wait_for("^ok 2", patience=60)
        client.end(signal.SIGKILL)
    harness.wait_until(lambda: not workers_of(server), 10)


@test
def a_fork_before_the_first_instance_leaves_parent_and_child_with_an_instance_each():
    for transport, server in harness.transports():
        client = Client(server)
        client.ask("extensions")
        parent, child = client.ask("fork instance").split(" | ")
        assert parent == child and parent.startswith("Tongs (llvmpipe"), (transport, parent, child)
        assert client.ask("memory") == str(MIB)
        client.finish()


@test
def a_fork_after_the_last_instance_leaves_parent_and_child_with_an_instance_each():
    for transport, server in harness.transports():
        client = Client(server)
        client.ask("instance")
        client.ask("destroy")
        client.ask("extensions")
        parent, child = client.ask("fork instance").split(" | ")
        assert parent == child and parent.startswith("Tongs (llvmpipe"), (transport, parent, child)
        client.finish()


@test
def a_child_that_only_ends_does_not_harm_its_parents_instance():
    for _, server in harness.transports():
        client = Client(server)
        client.ask("instance")
        client.ask("fork fds")
        assert client.ask("memory") == str(MIB)
        client.finish()


@test
def instances_made_and_destroyed_leave_neither_descriptors_nor_workers():
    for _, server in harness.transports():
        client = Client(server)
        counts = []
        for _ in range(20):
            client.ask("instance")
            client.ask("memory")
            client.ask("destroy")
            counts.append(int(client.ask("fds")))
        assert counts[-1] == counts[0], client.ask("list-fds")
        harness.wait_until(lambda s=server: len(workers_of(s)) <= 1, 10)
        client.finish()


@test
def an_application_has_no_child_of_ours_to_wait_for():
    client = Client()
    client.ask("instance")
    assert not harness.children_of(client.process.pid)
    client.finish()


@test
def nothing_is_printed_to_stdout_and_nothing_to_stderr_without_need():
    for _, server in harness.transports():
        result = run([program("compute")], client_environment(server))
        assert result.returncode == 0 and result.stderr == "", result
        assert len(result.stdout.splitlines()) == 2, result


@test
def a_client_with_closed_standard_streams_works():
    command = ["sh", "-c", 'exec "$0" <&- >&- 2>&-', program("compute")]
    for _, server in harness.transports():
        result = run(command, client_environment(server))
        assert result.returncode == 0, result


@test
def a_client_that_ignores_or_blocks_signals_gets_its_worker():
    script = ("import os, signal, sys; [signal.signal(s, signal.SIG_IGN) for s in "
              "(signal.SIGCHLD, signal.SIGPIPE, signal.SIGTERM)]; "
              "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); "
              "os.execv(sys.argv[1], sys.argv[1:])")
    for _, server in harness.transports():
        result = run([sys.executable, "-c", script, program("compute")],
                     client_environment(server))
        assert result.returncode == 0, result


@test
def a_client_beyond_the_limit_is_turned_away_with_a_reason():
    server = Server("--max-workers", "2")
    clients = [Client(server) for _ in range(2)]
    for client in clients:
        client.ask("instance")
    result = run([program("compute")], client_environment(server))
    assert result.returncode == 77, result
    assert "closed the connection" in result.stderr, result.stderr
    server.wait_for_log(r"turned pid \d+, uid \d+ away: 2 workers run already")
    clients[0].finish()
    server.wait_for_log("ended with exit status 0")
    assert run([program("compute")], client_environment(server)).returncode == 0
    clients[1].finish()


if __name__ == "__main__":
    sys.exit(harness.main())
