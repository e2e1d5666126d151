# SPDX-License-Identifier: MIT

"""Processes that are not like others: with privileges, forked, in poor surroundings, with small
limits. Each thing is done natively, too, where native drivers give the right value."""

import glob
import os
import shutil
import sys

import harness

from harness import Process, Skip, client_environment, program, run, test, workers_of  # noqa: F401

NOBODY = 65534


def root_only():
    if os.geteuid() != 0:
        raise Skip("only root can do this")


@test
def a_set_user_id_program_does_not_obey_the_environment():
    root_only()
    os.chmod(harness.scratch, 0o755)
    witness, capture, copy = (os.path.join(harness.scratch, x) for x in ("ran", "capture", "copy"))
    trap = os.path.join(harness.scratch, "trap")
    with open(trap, "w", encoding="ascii") as file:
        file.write(f"#!/bin/sh\nid > {witness}\n")
    os.chmod(trap, 0o755)
    shutil.copy(program("edge_privileged"), copy)
    os.chown(copy, 0, 0)
    os.chmod(copy, 0o4755)
    env = client_environment(
        TONGS_BIN=trap, TONGS_CAPTURE=capture, TONGS_HOST_DRIVER="/no/such.json",
        TONGS_DEBUG="help", TONGS_VALIDATE="1", TONGS_MEMORY="explicit", LP_NUM_THREADS="1",
        LD_LIBRARY_PATH=harness.scratch)
    for server in ("spawn", f"unix:{harness.scratch}/none"):
        process = Process([copy, harness.LIBRARY], dict(env, TONGS_SERVER=server), user=NOBODY,
                          group=NOBODY, extra_groups=[])
        harness.wait_until(lambda: process.output["stdout"] or process.process.poll() is not None)
        if process.process.poll() == harness.SKIPPED:
            raise Skip("set-user-ID has no effect here")
        process.wait_for("vkCreateInstance: 0")
        with open(f"/proc/{harness.only_worker_of(None)}/environ", "rb") as file:
            assert file.read() == b""
        process.process.stdin.close()
        assert process.wait() == 0
        assert "TONGS" not in process.output["stderr"], process.output
        harness.wait_until(lambda: not workers_of(None))
    assert not os.path.exists(witness) and not os.path.exists(capture)
    # The check above can fail: without the privilege, the same program is told by TONGS_BIN.
    run([program("compute")], env)
    assert os.path.exists(witness)


if __name__ == "__main__":
    sys.exit(harness.main())
