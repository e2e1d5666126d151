# SPDX-License-Identifier: MIT

"""A worker that has work and makes no progress is ended; one that works, waits or is stopped is not."""

import contextlib
import os
import re
import select
import signal
import sys
import time

import harness
import wire
from attack import Attacker
from harness import Client, Process, Server, client_environment, is_worker, only_worker_of, program
from harness import run, test
from mock_host import mock_driver

# The time without progress in these tests, in seconds.
LIMIT = 2


def pause(seconds):
    """These tests are about what does not happen in a time."""
    select.select([], [], [], seconds)


@test
def a_dispatch_that_never_ends_loses_its_client_the_device_and_nobody_else():
    server = Server("--watchdog", str(LIMIT))
    bystander = Client(server)
    bystander.ask("instance")
    start = time.monotonic()
    result = run([program("endless"), "burn"], client_environment(server))
    assert result.returncode == 0, result
    assert LIMIT <= time.monotonic() - start < 45, result
    reason = f"no submission was completed for {LIMIT} s"
    assert reason in result.stderr, result
    server.wait_for_log(reason)
    assert bystander.ask("memory") == str(1 << 20)
    bystander.finish()
    assert server.end() == 0


@test
def a_private_worker_has_a_watchdog_too():
    result = run([program("endless"), "burn"], client_environment(TONGS_WATCHDOG=str(LIMIT)))
    assert result.returncode == 0 and "no submission was completed" in result.stderr, result


@test
def work_that_goes_on_and_workers_that_are_stopped_are_left_alone():
    server = Server("--watchdog", "1")
    busy = Process([program("endless"), "long", "8"], client_environment(server))
    server.wait_for_log(r"worker \d+ started")
    worker = only_worker_of(server)
    pause(1)
    os.kill(worker, signal.SIGSTOP)
    pause(3)
    os.kill(worker, signal.SIGCONT)
    assert busy.wait() == 0, busy.output
    assert "progress" not in server.log and "completed" not in server.log, server.log
    assert server.end() == 0


@test
def clients_that_do_nothing_and_submissions_that_wait_for_them_are_left_alone():
    server = Server("--watchdog", "1")
    idle = Client(server)
    idle.ask("instance")
    blocked = Process([program("endless"), "blocked"], client_environment(server))
    blocked.wait_for("^blocked$")
    pause(5)
    blocked.say("go on")
    assert blocked.wait() == 0, blocked.output
    assert idle.ask("memory") == str(1 << 20)
    idle.finish()
    assert server.end() == 0


@test
def a_client_that_does_not_read_is_waited_for():
    server = Server("--watchdog", "1")
    attacker = Attacker(server).shake_hands()
    attacker.socket.settimeout(1)
    question = wire.op("tongsInstanceFacts", bytes(8), flags=wire.FLAG_CALL)
    with contextlib.suppress(TimeoutError):
        while True:
            attacker.socket.sendall(question * 1000)
    pause(4)
    assert "connection ended" not in server.log and is_worker(attacker.worker), server.log
    attacker.socket.close()
    assert server.end() == 0


@test
def a_driver_call_that_never_returns_is_named():
    server = Server("--watchdog", "1", "--host-driver", mock_driver(),
                    TONGS_MOCK_HANG="vkCreateEvent:1")
    result = run([program("many"), "events"], client_environment(server))
    assert result.returncode != 0, result
    found = server.wait_for_log(r"connection ended: (\w+) made no progress for 1 s")
    assert re.fullmatch("vkCreateEvent", found[1]), found[0]
    assert found[0].split("ended: ")[1] in result.stderr, result
    assert server.end() == 0


@test
def without_a_watchdog_nobody_is_ended():
    server = Server("--watchdog", "0")
    endless = Process([program("endless"), "burn"], client_environment(server))
    server.wait_for_log(r"worker \d+ started")
    pause(4)
    assert endless.process.poll() is None and only_worker_of(server)
    endless.end(signal.SIGKILL)
    assert server.end() == 0


if __name__ == "__main__":
    wire.init()
    sys.exit(harness.main())
