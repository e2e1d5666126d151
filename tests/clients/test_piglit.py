# SPDX-License-Identifier: MIT

"""piglit's shader tests on zink: each that passes natively passes through the driver.

No window system is used. Of the thousands of tests a sample is run, evenly spread over their
sorted names; TONGS_PIGLIT_TESTS gives its size.
"""

import concurrent.futures
import glob
import os
import re
import subprocess
import sys

from client import Skip, diag, client, harness, native, test, zink

PLACES = ["/usr/lib/*/piglit", "/usr/lib/piglit", "/usr/libexec/piglit"]
SIZE = int(os.environ.get("TONGS_PIGLIT_TESTS", "40"))


def installed():
    """piglit's folder."""
    for place in PLACES:
        for found in sorted(glob.glob(place)):
            if os.access(found + "/bin/shader_runner", os.X_OK):
                return found
    raise Skip("there is no piglit here")


def sample(folder):
    names = sorted(glob.glob(folder + "/tests/spec/**/*.shader_test", recursive=True))
    step = max(1, len(names) // SIZE)
    return names[step // 2::step][:SIZE]


def result(folder, name, how):
    """pass, fail, skip, or how the process ended that said nothing."""
    try:
        done = how([folder + "/bin/shader_runner", name, "-auto", "-fbo"],
                   **zink(PIGLIT_PLATFORM="surfaceless_egl"))
    except subprocess.TimeoutExpired:
        return "timeout"
    said = re.findall(r'^PIGLIT: \{"result": "(\w+)"', done.stdout, re.MULTILINE)
    # A test that ends badly after its verdict has not passed.
    return said[-1] if said and done.returncode in (0, 1) else f"status {done.returncode}"


def all_of(folder, names, how):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(names, pool.map(lambda name: result(folder, name, how), names)))


@test
def the_shader_tests_that_pass_natively_pass_through_the_driver():
    folder = installed()
    names = sample(folder)
    alone = all_of(folder, names, native)
    passing = [name for name in names if alone[name] == "pass"]
    if not passing:
        raise Skip(f"none of {len(names)} tests passes natively")
    through = all_of(folder, names, client)
    for name in names:
        if through[name] != alone[name]:
            # Once more, alone: a machine under load may have been too slow.
            diag(f"{name}: native {alone[name]}, tongs {through[name]}")
            through[name] = result(folder, name, client)
    diag(f"{len(names)} tests: {len(passing)} pass natively, "
         f"{list(through.values()).count('pass')} through the driver")
    worse = {name: through[name] for name in passing if through[name] != "pass"}
    assert not worse, worse


if __name__ == "__main__":
    sys.exit(harness.main())
