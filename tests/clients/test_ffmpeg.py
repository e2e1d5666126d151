# SPDX-License-Identifier: MIT

"""ffmpeg's Vulkan filters make the same frames through the driver as natively."""

import sys

from client import Skip, both, expect_same, harness, native, test, tool, version_of

SOURCE = "testsrc=size=128x96:rate=10:duration=0.5"

# Each with the arguments that make it do something.
FILTERS = {
    "avgblur_vulkan": "sizeX=3:sizeY=5",
    "chromaber_vulkan": "dist_x=2:dist_y=1",
    "flip_vulkan": "",
    "gblur_vulkan": "sigma=1.5",
    "hflip_vulkan": "",
    "scale_vulkan": "w=160:h=72",
    "vflip_vulkan": "",
}

# Filters of two inputs: the second is the same picture, mirrored.
PAIRS = {
    "blend_vulkan": "all_mode=multiply",
    "overlay_vulkan": "x=16:y=8",
}


def need(name):
    """Skips an ffmpeg without this filter; its path."""
    path = tool("ffmpeg")
    lines = native([path, "-hide_banner", "-filters"]).stdout.splitlines()
    if not any(line.split()[1:2] == [name] for line in lines):
        raise Skip(f"this ffmpeg has no filter {name}")
    return path


def frames(ffmpeg, graph):
    """Compares the checksum of every frame that the graph makes of the test picture."""
    alone, through = both([ffmpeg, "-hide_banner", "-loglevel", "error",
                           "-init_hw_device", "vulkan=v:0", "-filter_hw_device", "v",
                           "-f", "lavfi", "-i", SOURCE, "-filter_complex", graph,
                           "-f", "framemd5", "-"])
    assert len([x for x in alone.stdout.splitlines() if x[:1].isdigit()]) == 5, alone.stdout
    expect_same(alone.stdout, through.stdout)


def one_input(name, arguments):
    frames(need(name), f"[0]format=rgba,hwupload,{name}={arguments},hwdownload,format=rgba")


def two_inputs(name, arguments):
    frames(need(name), "[0]format=rgba,split[a][b];[a]hwupload[u];[b]hflip,hwupload[v];"
                       f"[u][v]{name}={arguments},hwdownload,format=rgba")


def declare(name, compare, arguments):
    def function():
        compare(name, arguments)
    function.__name__ = f"{name}_makes_the_same_frames_as_natively"
    test(function)


for filter_name, filter_arguments in FILTERS.items():
    declare(filter_name, one_input, filter_arguments)
for filter_name, filter_arguments in PAIRS.items():
    declare(filter_name, two_inputs, filter_arguments)


@test
def transpose_vulkan_makes_the_same_frames_as_natively_but_for_the_line_that_it_leaves():
    # It stores line y at HEIGHT - y, so that the first line is what the memory held before.
    frames(need("transpose_vulkan"), "[0]format=rgba,hwupload,transpose_vulkan=dir=clock,"
                                     "hwdownload,format=rgba,crop=iw:ih-1:0:1")


@test
def planes_of_yuv_come_back_as_they_went_up():
    version_of([tool("ffmpeg"), "-version"])
    frames(need("scale_vulkan"), "[0]format=yuv420p,hwupload,scale_vulkan=w=64:h=48,"
                                 "hwdownload,format=yuv420p")


if __name__ == "__main__":
    sys.exit(harness.main())
