# SPDX-License-Identifier: MIT

"""What an application does again and again costs no round trip, however often it does it."""

import re
import sys

import harness
from harness import client_environment, program, run, test

# Enough for what is asked once, and for a pool of objects to grow.
FEW, MANY = 8, 40


def round_trips(loop, count, server):
    """{command: round trips} of `count` times round."""
    result = run([program("steady"), loop, str(count)],
                 client_environment(server, TONGS_DEBUG="stats"), timeout=100)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout == f"{count} times right\n", result.stdout
    found = re.findall(r"stats: +\d+ ops +(\d+) round trips  (.*)", result.stderr)
    total = int(re.search(r"round trips (\d+)", result.stderr)[1])
    by_name = {}
    for trips, name in found:
        by_name[name] = by_name.get(name, 0) + int(trips)
    assert sum(by_name.values()) == total > 0, result.stderr
    return by_name


def expect_none(loop):
    for transport, server in harness.transports():
        few = round_trips(loop, FEW, server)
        many = round_trips(loop, MANY, server)
        more = {name: trips - few.get(name, 0) for name, trips in many.items()
                if trips != few.get(name, 0)}
        assert not more, (transport, more)


@test
def a_compute_loop_asks_nothing():
    expect_none("compute")


@test
def a_draw_loop_asks_nothing():
    expect_none("draw")


@test
def an_upload_loop_asks_nothing():
    expect_none("upload")


@test
def a_loop_with_memory_of_its_own_for_each_upload_asks_nothing():
    expect_none("staging")


@test
def a_descriptor_is_asked_for_once():
    for transport, server in harness.transports():
        result = run([program("descriptor_buffer")], client_environment(server, TONGS_DEBUG="stats"))
        if result.returncode == harness.SKIPPED:
            raise harness.Skip(result.stderr.strip())
        assert result.returncode == 0, (transport, result)
        asked = re.search(r"stats: +\d+ ops +(\d+) round trips  vkGetDescriptorEXT\n", result.stderr)
        assert asked[1] == "1", (transport, result.stderr)


@test
def a_timeline_that_nothing_waits_for_costs_no_op():
    # Eight signals a turn; the last of those before a submission is sent, and the three that one waits for.
    for transport, server in harness.transports():
        result = run([program("many"), "timeline_of_host"], client_environment(server, TONGS_DEBUG="stats"), timeout=100)
        assert result.returncode == 0, (transport, result)
        if "# SKIP" in result.stdout:
            raise harness.Skip(result.stdout)
        sent = int(re.search(r"stats: +(\d+) ops +\d+ round trips  vkSignalSemaphore\n", result.stderr)[1])
        assert sent == 300 * 5, (transport, sent)


if __name__ == "__main__":
    sys.exit(harness.main())
