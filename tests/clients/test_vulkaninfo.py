# SPDX-License-Identifier: MIT

"""vulkaninfo ends as it does natively. What it prints is compared by e2e's test_vulkaninfo.py."""

import sys

from client import both, diag, harness, test, tool


@test
def vulkaninfo_runs_and_finds_a_device():
    info = tool("vulkaninfo")
    both([info], "deviceName")
    alone, _ = both([info, "--summary"], "GPU0:")
    diag(next(line for line in alone.stdout.splitlines() if "Instance Version" in line))


if __name__ == "__main__":
    sys.exit(harness.main())
