# SPDX-License-Identifier: MIT

"""What a server has to say unasked reaches the application's log: the validation layer's messages, and why it
ends a connection."""

import re
import sys

import harness
from harness import Server, client_environment, need_validation_layer, program, run, test

VUID = "VUID-VkBufferCreateInfo-usage-requiredbitmask"


def told(result):
    """The lines of the validation layer, without the one that says that it is there."""
    lines = re.findall(r"^tongs: validation: (.*)\n", result.stderr, re.M)
    assert lines and "VK_LAYER_KHRONOS_validation" in lines[0], result.stderr
    return lines[1:]


# --- Validation ----------------------------------------------------------------------------------

@test
def the_validation_layers_messages_are_in_the_applications_log():
    need_validation_layer()
    server = Server("--validate")
    for env in client_environment(server), client_environment(TONGS_VALIDATE="1"):
        result = run([program("invalid"), "usage"], env)
        assert result.returncode == 0, result
        lines = told(result)
        assert len(lines) == 1 and lines[0].startswith("error: ") and VUID in lines[0], result


@test
def the_applications_messenger_hears_the_validation_layer():
    need_validation_layer()
    result = run([program("invalid"), "usage"], client_environment(Server("--validate")))
    assert re.search(rf"heard 1, first {VUID}$", result.stdout, re.M), result


@test
def a_right_program_is_told_nothing():
    need_validation_layer()
    for command in ["compute"], ["triangle", f"{harness.scratch}/picture.ppm"]:
        result = run([program(command[0]), *command[1:]], client_environment(TONGS_VALIDATE="1"))
        assert result.returncode == 0 and told(result) == [], result


@test
def without_the_option_nobody_validates():
    result = run([program("invalid"), "usage"], client_environment())
    assert "validation" not in result.stderr and "heard 0" in result.stdout, result


@test
def a_server_without_the_layer_refuses_and_names_the_package():
    server = Server("--validate", VK_LAYER_PATH="/nonexistent")
    result = run([program("compute")], client_environment(server))
    assert result.returncode != 0 and "vulkan-validationlayers" in result.stderr, result
    server.wait_for_log("vulkan-validationlayers")


# --- The reason of an end ---------------------------------------------------------------------------

@test
def an_application_is_told_why_its_connection_ended():
    for server in None, Server():
        result = run([program("invalid"), "update"], client_environment(server))
        assert "VK_ERROR_DEVICE_LOST" in result.stdout, result
        lost = re.findall(r"^tongs: the connection to the server is lost, and with it the device: (.*)\n", result.stderr, re.M)
        assert len(lost) == 1 and "vkCmdUpdateBuffer" in lost[0], result


if __name__ == "__main__":
    sys.exit(harness.main())
