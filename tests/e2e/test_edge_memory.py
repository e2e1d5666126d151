# SPDX-License-Identifier: MIT

"""Memory and synchronisation at their edges: what a program gets natively, it gets through the
driver. The program `edge_memory` has the checks."""

import sys

import harness
from harness import checks_of, client_environment, native_environment, program, run, test


def results(env):
    done = run([program("edge_memory")], env, timeout=200)
    return checks_of(done.stdout), done


@test
def every_check_ends_as_it_does_natively():
    native, _ = results(native_environment())
    for changes in [{}, {"TONGS_DEBUG": "socket"}]:
        ours, done = results(client_environment(**changes))
        assert ours == native, (changes, done)


if __name__ == "__main__":
    sys.exit(harness.main())
