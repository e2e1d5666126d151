# SPDX-License-Identifier: MIT

"""R11: what one client can make its worker hold has limits, and what is over fails as Vulkan has it."""

import re
import sys

import harness
from harness import Client, Server, client_environment, program, run, test


def hoard(server, what, count):
    result = run([program("hoard"), what, str(count)], client_environment(server))
    assert result.returncode == 0, result
    return result.stdout


@test
def device_memory_has_a_limit_which_the_memory_budget_tells():
    server = Server("--limit", f"memory-bytes={64 << 20}")
    text = hoard(server, "memory", 200)
    assert "64 MiB: VK_ERROR_OUT_OF_DEVICE_MEMORY\n" in text, text
    assert "budget" not in text or "budget left: 64 MiB\n" in text, text
    assert "200 MiB: VK_SUCCESS\n" in hoard(Server(), "memory", 200)
    assert server.end() == 0


@test
def devices_have_a_limit():
    server = Server("--limit", "devices=5")
    assert "5 devices: VK_ERROR_TOO_MANY_OBJECTS\n" in hoard(server, "devices", 200)
    assert server.end() == 0


@test
def objects_of_one_type_have_a_limit_and_the_client_goes_on():
    server = Server("--limit", "objects-of-type=1000")
    bystander = Client(server)
    bystander.ask("instance")
    assert hoard(server, "queries", 900) == "queries: VK_NOT_READY\n"
    text = hoard(server, "queries", 1100)
    assert re.fullmatch(r"queries: VK_ERROR_\w+\n", text), text
    assert "connection ended" not in server.log, server.log
    bystander.finish()
    assert server.end() == 0


if __name__ == "__main__":
    sys.exit(harness.main())
