# SPDX-License-Identifier: MIT

"""libplacebo makes the same frames through the driver as natively.

Its own tests are not packaged; what runs here is the renderer, by way of ffmpeg's filter.
"""

import sys

from client import Skip, both, expect_same, harness, native, test, tool

SOURCE = "testsrc=size=128x96:rate=10:duration=0.5"

# Each graph works another part of the renderer.
GRAPHS = {
    "scaling": "w=160:h=72:format=yuv420p",
    "tone_mapping": "w=64:h=48:format=yuv420p:colorspace=bt709:color_primaries=bt709"
                    ":color_trc=bt709:tonemapping=bt.2390",
    "debanding_and_sharp_scalers": "w=256:h=192:format=yuv444p:deband=true"
                                   ":upscaler=ewa_lanczos",
}


def compare(options):
    ffmpeg = tool("ffmpeg")
    listed = native([ffmpeg, "-hide_banner", "-filters"]).stdout
    if " libplacebo " not in listed:
        raise Skip("this ffmpeg has no filter libplacebo")
    alone, through = both([ffmpeg, "-hide_banner", "-loglevel", "error",
                           "-init_hw_device", "vulkan=v:0", "-filter_hw_device", "v",
                           "-f", "lavfi", "-i", SOURCE, "-vf",
                           f"format=yuv420p,hwupload,libplacebo={options},hwdownload,"
                           f"format={options.partition('format=')[2].partition(':')[0]}",
                           "-f", "framemd5", "-"])
    assert len([x for x in alone.stdout.splitlines() if x[:1].isdigit()]) == 5, alone.stdout
    expect_same(alone.stdout, through.stdout)


def declare(name, options):
    def function():
        compare(options)
    function.__name__ = f"libplacebo's_{name}_is_the_same_as_natively"
    test(function)


for graph_name, graph_options in GRAPHS.items():
    declare(graph_name, graph_options)


if __name__ == "__main__":
    sys.exit(harness.main())
