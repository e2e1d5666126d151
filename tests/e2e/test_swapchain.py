# SPDX-License-Identifier: MIT

"""Headless surfaces and swapchains: natively if the host has them, and over the mock driver, which has them, whatever
goes wrong there. A hostile client's ways with them, too."""

import concurrent.futures
import os
import re
import struct
import subprocess
import sys

import harness
import wire
from attack import Attacker, recorded_ops
from harness import Server, client_environment, native_environment, program, run, test
from mock_host import expect_good_manners, mock_driver

# Those that look at no pixel, so that they pass over the mock.
CHECKS = ("frames", "resize", "two", "fences", "no_image_left", "present_wait",
          "alias")
PATIENCE = 30


def over_mock(*checks, **changes):
    return run([program("swapchain"), *checks],
               client_environment(TONGS_HOST_DRIVER=mock_driver(), **changes), timeout=PATIENCE)


@test
def frames_and_their_colours_are_what_they_are_natively():
    native = run([program("swapchain")], native_environment())
    if native.returncode == harness.SKIPPED:
        raise harness.Skip(re.search("# SKIP (.*)", native.stdout)[1])
    assert native.returncode == 0, native.stdout
    for transport, server in harness.transports():
        through = run([program("swapchain")], client_environment(server))
        assert through.stdout == native.stdout, (transport, native.stdout, through.stdout)


@test
def frames_leave_nothing_on_the_host():
    for check in CHECKS:
        log = os.path.join(harness.scratch, f"calls-{check}")
        done = over_mock(check, TONGS_MOCK_LOG=log)
        assert done.returncode == 0, (done.stdout, done.stderr)
        expect_good_manners(done, check)
        with open(log) as file:
            calls = file.read().splitlines()
        assert calls[-1] == "vkDestroyInstance", (check, calls[-5:])


@test
def a_presentation_that_fails_is_heard_of_with_the_next_image():
    for k in (1, 2, 5):
        done = over_mock("out_of_date",
                         TONGS_MOCK_FAIL=f"vkQueuePresentKHR:{k}:VK_ERROR_OUT_OF_DATE_KHR")
        assert done.returncode == 0 and "SKIP" not in done.stdout, (k, done.stdout, done.stderr)


@test
def an_acquisition_that_fails_fails_in_the_client():
    done = over_mock("out_of_date",
                     TONGS_MOCK_FAIL="vkAcquireNextImageKHR:3:VK_ERROR_OUT_OF_DATE_KHR")
    assert done.returncode == 0 and "SKIP" not in done.stdout, (done.stdout, done.stderr)
    done = over_mock("frames", TONGS_MOCK_FAIL="vkQueuePresentKHR:3:VK_ERROR_DEVICE_LOST")
    assert done.returncode == 1 and "VK_ERROR_DEVICE_LOST" in done.stdout, done.stdout


@test
def the_next_image_is_on_its_way_before_it_is_asked_for():
    done = over_mock("frames", TONGS_DEBUG="stats")
    calls = re.search(r"stats: +(\d+) ops +\1 round trips +vkAcquireNextImageKHR", done.stderr)
    # There is no call but for the first, and where none was free when the last one was presented.
    assert calls and 1 <= int(calls[1]) < 20, done.stderr


@test
def any_call_for_a_frame_may_fail():
    work = []
    for check in ("frames", "resize"):
        log = os.path.join(harness.scratch, f"all-calls-{check}")
        over_mock(check, TONGS_MOCK_LOG=log)
        with open(log) as file:
            calls = file.read().splitlines()
        work += [(check, name, k) for name in sorted(set(calls)) for k in (1, 2, 4)
                 if re.fullmatch(r"vk\w+", name) and calls.count(name) >= k]

    def one(item):
        check, name, k = item
        try:
            return item, over_mock(check, TONGS_MOCK_FAIL=f"{name}:{k}:VK_ERROR_OUT_OF_DEVICE_MEMORY")
        except subprocess.TimeoutExpired:
            return item, None

    tried = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for item, done in pool.map(one, work):
            assert done, f"hangs when call {item[2]} of {item[1]} fails in {item[0]}"
            if "cannot fail" not in done.stderr:
                expect_good_manners(done, item)
                tried += 1
    assert tried > 0, f"none of {len(work)} failures happened"
    harness.diag(f"{tried} failures of the host's driver survived")


# --- A hostile client -----------------------------------------------------------------------------------

def recorded():
    """What a client sends for some frames: (number, flags, whole op)."""
    return recorded_ops("swapchain", "frames", TONGS_HOST_DRIVER=mock_driver())


def until(ops, name, nth=1):
    """The ops before the nth of the name, and that."""
    at = [i for i, (number, _, _) in enumerate(ops) if number == wire.OPS[name]][nth - 1]
    return [whole for _, _, whole in ops[:at]], ops[at][2]


def attack(server, before, *then):
    """Sends what a good client sent, then something else; gives the attacker."""
    attacker = Attacker(server).shake_hands().replay(before)
    for whole in then:
        attacker.send(whole)
    return attacker


def with_server(body):
    server = Server("--host-driver", mock_driver())
    body(server, recorded())
    assert server.end() == 0, server.output
    assert "mock driver:" not in server.log, server.log


@test
def an_image_that_is_not_there_or_not_acquired_is_not_presented():
    def body(server, ops):
        before, good = until(ops, "vkQueuePresentKHR")
        index = struct.unpack_from("<I", good, len(good) - 4)[0]
        assert index < 3, good
        for wrong in (3, 0xffffffff, (index + 1) % 3):
            bad = good[:-4] + struct.pack("<I", wrong)
            attack(server, before, bad).expect_end("names an image that the client has not acquired")
        attack(server, before, good, good).expect_end("has not acquired")

    with_server(body)


@test
def a_swapchains_images_cannot_be_destroyed():
    def body(server, ops):
        before, images = until(ops, "tongsSwapchainImages", 2)
        device = struct.unpack_from("<Q", images, 12)[0]
        image = struct.unpack_from("<Q", images, 32)[0]
        assert image >> 56 == wire.TYPES["VkImage"], hex(image)
        destroy = wire.op("vkDestroyImage", struct.pack("<QQ", device, image))
        attack(server, before, images, destroy).expect_end("goes with another")
        # Nor can they be named again, or when their swapchain is gone.
        attack(server, before, images, images).expect_end("tongsSwapchainImages is malformed")
        swapchain = struct.unpack_from("<Q", images, 20)[0]
        gone = wire.op("vkDestroySwapchainKHR", struct.pack("<QQ", device, swapchain))
        attack(server, before, images, gone, destroy).expect_end("vkDestroyImage is malformed")
        attack(server, before, images, gone, gone).expect_end("vkDestroySwapchainKHR is malformed")
        attack(server, before, gone, images).expect_end("tongsSwapchainImages is malformed")

    with_server(body)


@test
def another_number_of_images_than_there_are_is_refused():
    def body(server, ops):
        before, images = until(ops, "tongsSwapchainImages", 2)
        for count in (2, 4, 1 << 31):
            bad = images[:28] + struct.pack("<I", count) + images[32:]
            attack(server, before, bad).expect_end("tongsSwapchainImages is malformed")

    with_server(body)


@test
def a_surface_outlives_its_swapchains_on_the_host():
    def body(server, ops):
        before, images = until(ops, "tongsSwapchainImages", 2)
        destroy = next(whole for number, _, whole in ops
                       if number == wire.OPS["vkDestroySurfaceKHR"])
        last = [whole for number, _, whole in ops if number in
                (wire.OPS["vkDestroySwapchainKHR"], wire.OPS["vkDestroyDevice"])]
        # The mock would say so if its surface went first, and end the process.
        attack(server, before, images, destroy, *last, destroy).expect_end(
            "vkDestroySurfaceKHR is malformed")

    with_server(body)


@test
def an_image_that_was_acquired_ahead_is_taken_once_and_presented_then():
    def body(server, ops):
        before, ahead = until(ops, "tongsAcquireAhead")
        attack(server, before, ahead, ahead).expect_end("tongsAcquireAhead is malformed")
        before, take = until(ops, "tongsTakeImage")
        attack(server, before, take, take).expect_end("tongsTakeImage is malformed")
        # With another object's id, or without a semaphore for the exchange.
        body = struct.unpack_from("<QQIQQ", take, 8)
        assert body[2] == 1 and body[3] and not body[4], body
        for fields in [(*body[:3], 0, 0), (*body[:3], body[1], 0), (body[0], body[0], *body[2:]),
                       (*body[:3], body[3] + (1 << 32), 0)]:
            bad = wire.op("tongsTakeImage", struct.pack("<QQIQQ", *fields))
            attack(server, before, bad).expect_end("tongsTakeImage is malformed")
        presents = [i for i, (number, _, _) in enumerate(ops)
                    if number == wire.OPS["vkQueuePresentKHR"]]
        taken = [whole for number, _, whole in ops[:presents[1]]
                 if number not in (wire.OPS["tongsTakeImage"], wire.OPS["vkQueueSubmit"])]
        attack(server, taken, ops[presents[1]][2]).expect_end("has not acquired")

    with_server(body)


@test
def a_swapchain_is_presented_once_at_a_time():
    def body(server, ops):
        before, good = until(ops, "vkQueuePresentKHR")
        queue = struct.unpack_from("<Q", good, 8)[0]
        swapchain = struct.unpack_from("<Q", good, len(good) - 16)[0]
        assert swapchain >> 56 == wire.TYPES["VkSwapchainKHR"], hex(swapchain)
        index = struct.unpack_from("<I", good, len(good) - 4)[0]
        twice = wire.op("vkQueuePresentKHR", struct.pack(
            "<QIIIIIIQQIII", queue, 1, 0, 0, 0, 2, 2, swapchain, swapchain, 2, index, index))
        attack(server, before, twice).expect_end("names a swapchain twice")

    with_server(body)


if __name__ == "__main__":
    wire.init()
    sys.exit(harness.main())
