# SPDX-License-Identifier: MIT

"""One client among many, or among storms of connections: everybody gets a fair share of the server."""

import os
import re
import socket
import sys
import threading
import time

import harness
import wire
from harness import Server, client_environment, program, run, test, workers_of

# Makes connections to argv[1] until it is killed: "close", "hello" (and close), or "garbage" (and
# wait for the end).
STORM = """
import socket, sys
hello = bytes.fromhex(sys.argv[3])
while True:
    s = socket.socket(socket.AF_UNIX)
    try:
        s.connect(sys.argv[1])
        if sys.argv[2] == "hello":
            s.sendall(hello)
        if sys.argv[2] == "garbage":
            s.sendall(b"?" * 64)
            s.recv(1)
    except OSError:
        pass
    s.close()
"""

# Opens argv[2] connections as the user argv[3], tells how many of them a worker serves, and waits.
CROWD = """
import os, socket, sys
os.setuid(int(sys.argv[3]))
open_, served = [], 0
for _ in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    try:
        s.sendall(bytes.fromhex(sys.argv[4]))
        served += bool(s.recv(1))
    except OSError:
        pass
    open_.append(s)
print(served, flush=True)
sys.stdin.read()
"""


def storm(server, kind):
    return harness.Process([sys.executable, "-c", STORM, server.path, kind, wire.hello().hex()],
                           harness.plain_environment())


def crowd(server, count, uid=None):
    """How many of its connections are served."""
    uid = os.geteuid() if uid is None else uid
    process = harness.Process([sys.executable, "-c", CROWD, server.path, str(count), str(uid),
                               wire.hello().hex()], harness.plain_environment())
    return process, int(process.wait_for(r"^(\d+)$")[1])


def compute(server):
    start = time.monotonic()
    result = run([program("compute")], client_environment(server))
    assert result.returncode == 0 and "(right)" in result.stdout, result
    return time.monotonic() - start


def started_for(server, process):
    return len(re.findall(rf"worker \d+ started for pid {process.process.pid},", server.log))


@test
def a_storm_of_connections_costs_no_worker_and_keeps_nobody_out():
    server = Server()
    calm = max(compute(server) for _ in range(2))
    storms = [storm(server, "close") for _ in range(2)]
    stormy = max(compute(server) for _ in range(3))
    harness.diag(f"a program takes {calm:.2f} s, in the storm {stormy:.2f} s")
    assert stormy < 10 + 20 * calm
    for process in storms:
        process.end(9)
        assert started_for(server, process) == 0, server.log[-2000:]
    assert compute(server) < 10 + 20 * calm
    assert server.end() == 0


@test
def a_storm_of_clients_that_say_hello_and_leave_keeps_nobody_out():
    server = Server("--log-lines", "30")
    storms = [storm(server, "hello") for _ in range(2)]
    for _ in range(3):
        compute(server)
    for process in storms:
        process.end(9)
    assert server.end() == 0
    for process in storms:
        lines = re.findall(rf"^.*pid {process.process.pid},.*$", server.log, re.M)
        assert len(lines) <= 31 * (2 + 10), len(lines)


@test
def idle_connections_of_one_process_take_no_place():
    server = Server("--max-workers", "4", "--max-per-process", "100")
    idle = []
    for _ in range(64):
        idle.append(socket.socket(socket.AF_UNIX))
        idle[-1].connect(server.path)
        harness.cleanup.callback(idle[-1].close)
    compute(server)
    assert f"started for pid {os.getpid()}," not in server.log
    assert server.end() == 0


@test
def a_process_has_its_share_and_no_more():
    server = Server("--max-workers", "8")
    process, served = crowd(server, 12)
    assert served == 4, served
    server.wait_for_log(rf"turned pid {process.process.pid} away: it has 4 connections already, "
                        "the most that --max-per-process allows")
    compute(server)
    assert crowd(server, 2)[1] == 2
    process.end(9)
    server.wait_for_log(rf"worker \d+ for pid {process.process.pid}, .* ended")
    compute(server)
    assert server.end() == 0

    server = Server("--max-workers", "8", "--max-per-process", "7")
    assert crowd(server, 12)[1] == 7
    compute(server)
    assert server.end() == 0


@test
def a_user_has_a_share_and_leaves_the_others_theirs():
    if os.geteuid() != 0:
        raise harness.Skip("only root can become another user")
    os.chmod(harness.scratch, 0o755)
    server = Server("--max-workers", "10", "--allow-uid", "65534")
    served = [crowd(server, 4, 65534)[1] for _ in range(3)]
    assert served == [4, 1, 0], served
    server.wait_for_log("uid 65534 away: the user has 5 connections already, the most that "
                        "--max-per-user allows")
    assert crowd(server, 4)[1] == 4
    compute(server)
    assert server.end() == 0


@test
def clients_of_all_kinds_at_once_are_served():
    """The ones that wait for their turn get one, too."""
    server = Server("--max-workers", "64", "--max-per-process", "64")
    results = []
    threads = [threading.Thread(target=lambda: results.append(compute(server))) for _ in range(4)]
    for thread in threads:
        thread.start()
    process, served = crowd(server, 30)
    for thread in threads:
        thread.join()
    assert served == 30 and len(results) == 4, (served, results)
    assert len(workers_of(server)) == 30
    process.end(9)
    assert server.end() == 0


@test
def a_process_that_makes_workers_complain_does_not_fill_the_log():
    server = Server("--log-lines", "10")
    process = storm(server, "garbage")
    server.wait_for_log(rf"pid {process.process.pid}, uid \d+: left out \d+ more lines$")
    process.end(9)
    compute(server)
    assert server.end() == 0
    caused = [line for line in server.log.splitlines()
              if re.search(rf"pid {process.process.pid},|does not speak Tongs", line)]
    assert 10 <= len(caused) <= 33, len(caused)
    assert len(re.findall(r"does not speak Tongs", server.log)) >= 3, server.log


if __name__ == "__main__":
    wire.init()
    sys.exit(harness.main())
