#!/usr/bin/python3
# SPDX-License-Identifier: MIT

"""Stands in for deqp-vk in test_run.py: prints as deqp-vk does, and does to the cases what the
environment says: FAKE_NATIVE and FAKE_TONGS, of which that of the driver at hand counts, hold
CASE=WHAT words. WHAT is a status, or crash, hang (with a child in a session of its own, whose
number goes to the file FAKE_CHILD), lost (the device, so that all that follows fails), worker (it
is gone, and deqp-vk gives up), abort (before the case is begun), exit (with status 3) or unknown
(passed over). What is not named passes. FAKE_CASES holds the names of all cases.
"""

import os
import signal
import subprocess
import sys


def main():
    options = dict(word[2:].split("=", 1) for word in sys.argv[1:])
    # deqp-vk finds its data in its working directory only.
    if not os.path.exists("fake-data"):
        print("no data here", file=sys.stderr)
        return 3
    if options.get("deqp-runmode") == "txt-caselist":
        with open("dEQP-VK-cases.txt", "w") as file:
            file.write("GROUP: dEQP-VK\n")
            file.writelines(f"TEST: {case}\n" for case in os.environ["FAKE_CASES"].split())
        return 0
    through_tongs = "TONGS_SERVER" in os.environ
    with open(os.environ["FAKE_SEEN"], "a") as file:
        seen = [os.environ.get(n, "") for n in ("VK_DRIVER_FILES", "VK_ICD_FILENAMES", "TONGS_BIN",
                                                "TONGS_SERVER", "TONGS_HOST_DRIVER")]
        print("tongs" if through_tongs else "native", *seen, sep="|", file=file)
    words = os.environ.get("FAKE_TONGS" if through_tongs else "FAKE_NATIVE", "").split()
    fates = dict(word.split("=") for word in words)
    if "start" in fates:
        return 3

    with open(options["deqp-caselist-file"]) as file:
        cases = file.read().split()
    # As deqp-vk's: in a buffer, unless it goes to a terminal.
    print("Writing test log into " + options["deqp-log-filename"])
    lost = False
    for case in cases:
        fate = fates.get(case, "Pass")
        if fate == "unknown":
            continue
        if fate == "abort":
            os.kill(os.getpid(), signal.SIGABRT)
        print(f"Test case '{case}'..")
        if fate == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if fate == "exit":
            return 3
        if fate == "hang":
            child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
            with open(os.environ["FAKE_CHILD"], "w") as file:
                print(child.pid, file=file)
            signal.pause()
        if fate == "worker":
            print("tongs: the connection to the server is lost, and with it the device",
                  file=sys.stderr)
            print("  ResourceError (vk.createBuffer: VK_ERROR_OUT_OF_DEVICE_MEMORY)\n\nDONE!")
            return 0
        lost = lost or fate == "lost"
        if lost:
            print("  Fail (vk.queueSubmit: VK_ERROR_DEVICE_LOST at vkQueueUtil.cpp:45)")
        else:
            print(f"  {fate} (said, with \"quotes\" (and more))")
        print()
    print("DONE!\n\nTest run totals:\n  Passed:        1/1 (100.0%)")
    return 0


sys.exit(main())
