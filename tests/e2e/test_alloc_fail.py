# SPDX-License-Identifier: MIT

"""An application's allocator that fails is reported by each creation, and nothing leaks.

R12, in the client: the program counts what the driver takes from its allocator and gives back, on every error path."""

import sys

import harness
from harness import client_environment, program, run, test


@test
def each_creation_reports_an_allocator_that_fails_and_leaves_nothing_behind():
    transports = list(harness.transports())
    if harness.sanitized():   # minutes each; the driver's allocations are the same over all of them
        transports = transports[:1]
    for _, server in transports:
        result = run([program("alloc_fail"), "--all"], client_environment(server), timeout=280)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "\nok " in result.stdout and "# SKIP" not in result.stdout, result.stdout


if __name__ == "__main__":
    sys.exit(harness.main())
