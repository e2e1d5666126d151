# SPDX-License-Identifier: MIT

"""In a virtual machine of a stock QEMU and a stock kernel, whose device has blobs and contexts with timelines too (tier B)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import cases
import harness

cases.register("B", cases.a_machine_stands_still_and_boots_again)
sys.exit(harness.main())
