# SPDX-License-Identifier: MIT

"""The sandbox of workers: what they cannot do, what is in force, and that programs still run."""

import os
import re
import signal

import harness
from harness import Server, Skip, client_environment, plain_environment, program, run
from harness import sanitized, test, tool, wait_for_ready


def doctor(**changes):
    return run([harness.TONGS, "doctor", "--sandbox"], plain_environment(**changes))


def need_sandbox():
    """Skips on a machine that lacks a part of it."""
    missing = re.search(r"^missing: +(.*)$", doctor().stdout, re.M)
    if missing:
        raise Skip(f"this machine lacks {missing[1]}")


def status_of(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return re.search(rf"^{name}:\s*(\d+)", file.read(), re.M)[1]


def expect_contained(pid):
    assert status_of(pid, "NoNewPrivs") == "1", pid
    assert status_of(pid, "Seccomp") == "2", pid
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        assert re.search(r"^Max core file size +0 ", file.read(), re.M), pid


# --- What a worker cannot do ----------------------------------------------------------------------

@test
def every_attempt_to_leave_the_sandbox_fails():
    need_sandbox()
    result = doctor()
    lines = re.findall(r"^(ok|FAILURE) ", result.stdout, re.M)
    assert len(lines) > 15 and set(lines) == {"ok"} and result.returncode == 0, result


@test
def without_the_sandbox_the_same_attempts_work():
    result = doctor(TONGS_SANDBOX="off")
    failures = re.findall(r"^FAILURE +(.*): this worked$", result.stdout, re.M)
    # The others depend on the user and the kernel.
    for attempt in ("read /etc/passwd", "write a file in /tmp", "make a unix socket", "run a program",
                    "fork", "send that process a signal",
                    "map memory that is writable and executable"):
        assert attempt in failures, (attempt, result)
    assert result.returncode == 1, result


# --- What is in force -----------------------------------------------------------------------------

@test
def a_server_says_what_is_in_force_and_its_workers_are_contained():
    need_sandbox()
    server = Server("--sandbox", "required")
    assert re.search(r"^tongs: sandbox of the workers: Landlock \(ABI \d+\), seccomp filter$",
                     server.log, re.M), server.log
    client = harness.Client(server)
    client.ask("instance")
    expect_contained(harness.only_worker_of(server))
    client.finish()


@test
def a_private_worker_is_contained():
    need_sandbox()
    client = harness.Client()
    client.ask("instance")
    [worker] = harness.workers_of(None)
    expect_contained(worker)
    client.finish()


@test
def a_warm_worker_takes_the_first_step_before_it_has_a_client():
    need_sandbox()
    server = Server("--warm", "1")
    [ready] = wait_for_ready(server, 1)
    assert status_of(ready, "NoNewPrivs") == "1", ready


@test
def off_is_announced():
    server = Server("--sandbox", "off")
    assert "tongs: the workers have no sandbox: --sandbox=off\n" in server.log, server.log
    client = harness.Client(server)
    client.ask("instance")
    assert status_of(harness.only_worker_of(server), "Seccomp") == "0"
    client.finish()


@test
def a_mode_that_does_not_exist_is_a_usage_error():
    for command in (["serve", "--sandbox", "some"], ["worker", "--sandbox", "some"]):
        result = run([harness.TONGS, *command], plain_environment())
        assert result.returncode == 2 and "none of best, required and off" in result.stderr, result


@test
def a_private_worker_keeps_the_users_shader_cache():
    home = os.path.join(harness.scratch, "home")
    os.mkdir(home)
    env = client_environment(HOME=home)
    env.pop("XDG_CACHE_HOME", None)
    assert run([program("triangle")], env).returncode == 0
    kept = [name for _, _, names in os.walk(f"{home}/.cache/mesa_shader_cache") for name in names]
    assert len(kept) > 1, f"no more than an index: {kept}"


# --- Programs -------------------------------------------------------------------------------------

@test
def programs_run_in_the_required_sandbox():
    need_sandbox()
    server = Server("--sandbox", "required")
    env = client_environment(server)
    for command in (["compute"], ["triangle", f"{harness.scratch}/picture.ppm"], ["many"],
                    ["threads"]):
        result = run([program(command[0]), *command[1:]], env)
        assert result.returncode == 0, result
    result = run([tool("vulkaninfo")], client_environment(server, foreign=True))
    assert result.returncode == 0, result
    assert "the sandbox stopped" not in server.log, server.log


@test
def the_log_names_the_call_that_ended_a_worker():
    need_sandbox()
    if sanitized():
        raise Skip("a sanitizer handles the signal itself")
    result = run([harness.BUILD + "/tests/unit/test_sandbox", "--stopped"], plain_environment())
    assert result.returncode == -signal.SIGSYS, result
    assert result.stderr == "tongs worker: the sandbox stopped execve: the worker ends\n", result


if __name__ == "__main__":
    harness.main()
