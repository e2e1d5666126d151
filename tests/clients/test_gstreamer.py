# SPDX-License-Identifier: MIT

"""GStreamer's Vulkan elements make the same frames through the driver as natively."""

import sys

from client import Skip, both, diag, expect_same, harness, native, test, tool

FRAMES = 4
INPUT = f"videotestsrc num-buffers={FRAMES} ! video/x-raw,format={{}},width=128,height=96"


def frames(*elements, pixels="RGBA"):
    """Compares the checksum of every frame after the elements, given as gst-launch takes them."""
    inspect, launch = tool("gst-inspect-1.0"), tool("gst-launch-1.0")
    for element in ("vulkanupload", "vulkandownload", "checksumsink", *elements):
        name = element.split()[0]
        # A registry of its own, in the test's home: plug-ins look at the driver when registered.
        if not name.startswith("video/") and native([inspect, name]).returncode != 0:
            raise Skip(f"this GStreamer has no element {name}")
    pipeline = " ! ".join([INPUT.format(pixels), "vulkanupload", *elements,
                            "vulkandownload", "checksumsink"])
    alone, through = both([launch, "-q", *pipeline.split()])
    assert len(alone.stdout.splitlines()) == FRAMES, alone.stdout
    expect_same(alone.stdout, through.stdout)


@test
def frames_come_back_as_they_went_up():
    diag(native([tool("gst-launch-1.0"), "--version"]).stdout.splitlines()[0])
    frames()


@test
def vulkancolorconvert_makes_the_same_frames_as_natively():
    frames("vulkancolorconvert", "video/x-raw(memory:VulkanImage),format=BGRA")


@test
def vulkancolorconvert_makes_the_same_planes_as_natively():
    frames("vulkancolorconvert", "video/x-raw(memory:VulkanImage),format=NV12",
           "vulkancolorconvert", "video/x-raw(memory:VulkanImage),format=RGBA")


@test
def vulkanimageidentity_makes_the_same_frames_as_natively():
    frames("vulkanimageidentity", pixels="BGRA")


@test
def vulkanviewconvert_makes_the_same_frames_as_natively():
    frames("vulkanviewconvert output-mode-override=mono")


if __name__ == "__main__":
    sys.exit(harness.main())
