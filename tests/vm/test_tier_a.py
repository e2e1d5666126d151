# SPDX-License-Identifier: MIT

"""In a virtual machine of a stock QEMU and a stock kernel, whose device has a window
of host memory too (tier A)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import cases
import harness

cases.register("A")
harness.test(cases.memory_is_the_guests_where_the_window_is_too_small)
sys.exit(harness.main())
