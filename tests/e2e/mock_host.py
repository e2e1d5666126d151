# SPDX-License-Identifier: MIT

"""What tests over the mock host driver (tests/mock) share."""

import os
import re

import harness


def mock_driver():
    path = os.path.join(harness.BUILD, "tests", "mock", "mock_icd.json")
    if not os.path.exists(path):
        raise harness.Skip("the mock driver is not built")
    return path


def crashed_in_our_code(text):
    """Whether a sanitizer reports something else than the crash that was asked for, or one of the host's loader:
    that of Debian 12 overflows its stack when a driver cannot list its extensions."""
    if "Sanitizer" not in text and "runtime error" not in text:
        return False
    first = re.search(r"#0 0x.*", text)
    asked_for = "in mock_enter" in text
    return not asked_for and not (first and "libvulkan.so" in first[0])


def expect_good_manners(result, what):
    """It passed, or failed with an error that it could handle; nobody crashed over it."""
    assert result.returncode in (0, 1, 77), (what, result.returncode, result.stdout, result.stderr)
    assert "mock driver:" not in result.stderr, (what, result.stderr)
    assert not crashed_in_our_code(result.stderr), (what, result.stderr)
