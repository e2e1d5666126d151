# SPDX-License-Identifier: MIT

"""Extensions that take more than forwarding: what works natively works through the driver."""

import sys

import harness
from harness import client_environment, native_environment, program, run, test
from mock_host import mock_driver


def expect_the_same(name):
    native = run([program(name)], native_environment())
    if native.returncode == harness.SKIPPED:
        raise harness.Skip(native.stderr.strip())
    assert native.returncode == 0, (name, native.stderr)
    for transport, server in harness.transports():
        through = run([program(name)], client_environment(server))
        assert through.returncode == 0, (name, transport, through.stderr)


@test
def texels_go_between_memory_and_images_as_natively():
    expect_the_same("host_copy")


@test
def descriptors_that_an_application_stores_itself_work_as_natively():
    expect_the_same("descriptor_buffer")


@test
def names_tags_and_labels_are_taken():
    expect_the_same("names")


@test
def buses_and_device_nodes_are_told_of_on_one_machine_only():
    names = ("VK_EXT_pci_bus_info", "VK_EXT_physical_device_drm")
    here = run([harness.tool("vulkaninfo")], client_environment(TONGS_HOST_DRIVER=mock_driver(), foreign=True))
    away = run([harness.tool("vulkaninfo")], client_environment(TONGS_HOST_DRIVER=mock_driver(), foreign=True,
                                                             TONGS_MEMORY="explicit"))
    for result in here, away:
        assert result.returncode == 0 and "VK_KHR_maintenance1" in result.stdout, result
    for name in names:
        assert name in here.stdout and name not in away.stdout, (name, here.stderr, away.stderr)


if __name__ == "__main__":
    sys.exit(harness.main())
