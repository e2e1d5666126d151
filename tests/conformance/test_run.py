#!/usr/bin/python3
# SPDX-License-Identifier: MIT

"""tests/conformance/run and full on a deqp-vk that does to each case what the test says.

Usage: test_run.py BUILD_DIRECTORY SOURCE_DIRECTORY [WORD...]. Prints TAP. No test needs a driver:
`tongs run` is real, what it starts is fake_deqp.py.
"""

import contextlib
import csv
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import tap  # noqa: E402
from tap import test  # noqa: E402

# Far above what anything here takes: reached only when something hangs.
PATIENCE = 60

BUILD = SOURCE = ""
scratch = ""

GROUPS = ["api", "memory"]
CASES = [f"dEQP-VK.{group}.case.{n}" for group in GROUPS for n in range(6)]


def path(name):
    return os.path.join(scratch, name)


def write(name, text):
    with open(path(name), "w") as file:
        file.write(text)
    return path(name)


def fates(words):
    """{number of the case: its fate}, in the form that the fake reads."""
    return " ".join(f"{CASES[n] if isinstance(n, int) else n}={what}" for n, what in words.items())


def launch(program, *arguments, native=None, tongs=None, cases=None, **changes):
    """Runs one of the two programs with the fake deqp-vk."""
    os.makedirs(path("deqp"), exist_ok=True)
    shutil.copy(os.path.join(SOURCE, "tests", "conformance", "fake_deqp.py"), path("deqp/deqp-vk"))
    os.chmod(path("deqp/deqp-vk"), 0o755)
    write("deqp/fake-data", "")
    write("list", "# a comment\n\n" + "".join(case + "\n" for case in cases or CASES))
    env = {k: v for k, v in os.environ.items() if not k.startswith(("VK_", "TONGS_"))}
    env.update(FAKE_SEEN=path("seen"), FAKE_CHILD=path("child"), FAKE_NATIVE=fates(native or {}),
               FAKE_TONGS=fates(tongs or {}), FAKE_CASES=" ".join(CASES), **changes)
    return subprocess.run(
        [os.path.join(SOURCE, "tests", "conformance", program), "--build", BUILD,
         "--out", path("out"), *arguments],
        env=env, text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)


def run(*arguments, **how):
    """Runs the runner; later arguments win over what is given here."""
    return launch("run", "--deqp", path("deqp/deqp-vk"), "--caselist", path("list"),
                  "--native-driver", write("host.json", "{}"), *arguments, **how)


def full(*arguments, **how):
    return launch("full", "--deqp", path("deqp/deqp-vk"), *arguments, **how)


def rows(name):
    with open(path("out/" + name), newline="") as file:
        return list(csv.DictReader(file))


def statuses(name):
    return [row["status"] for row in rows(name + ".csv")]


def expect(result, status, *texts):
    assert result.returncode == status, result
    for text in texts:
        assert text in result.stdout + result.stderr, f"no {text!r} in {result}"


def expect_usage_error(result, *texts):
    expect(result, 2, *texts)
    assert "Traceback" not in result.stderr, result


def group_line(result, name):
    return next([int(w) for w in line.split()[1:]] for line in result.stdout.splitlines()
                if line.split()[:1] == [name])


@test
def where_nothing_differs_the_status_is_0():
    result = run(native={1: "NotSupported"}, tongs={1: "NotSupported"})
    expect(result, 0, "native: 12 cases", "tongs: 12 cases", "Pass 11, NotSupported 1")
    assert group_line(result, "all") == [12, 11, 11, 0, 0, 0], result.stdout
    assert rows("difference.csv") == []


@test
def each_kind_of_worse_is_counted_and_named():
    result = run(tongs={0: "Fail", 1: "NotSupported", 2: "crash", 7: "Fail"})
    expect(result, 1, "Pass -> Fail: 2", "Pass -> NotSupported: 1", "Pass -> Crash: 1",
           f"{CASES[2]}: Pass -> Crash (signal 11)",
           f"{CASES[0]}: Pass -> Fail (said, with \"quotes\" (and more))")
    assert group_line(result, "api") == [6, 6, 3, 3, 0, 0], result.stdout
    assert group_line(result, "memory") == [6, 6, 5, 1, 0, 0], result.stdout
    assert [row["case"] for row in rows("difference.csv")] == [CASES[n] for n in (0, 1, 2, 7)]


@test
def a_run_goes_on_behind_a_crash():
    result = run(native={3: "crash", 4: "crash", 11: "exit"},
                 tongs={3: "crash", 4: "crash", 11: "exit"})
    expect(result, 0, "Pass 9, Crash 3")
    assert statuses("native") == ["Pass"] * 3 + ["Crash"] * 2 + ["Pass"] * 6 + ["Crash"]
    assert rows("native.csv")[11]["detail"] == "exit status 3"


@test
def a_hanging_case_is_ended_with_what_it_started():
    result = run("--timeout", "1", tongs={5: "hang"})
    expect(result, 1, "Pass -> Timeout: 1", "no result in 1 s")
    assert statuses("tongs") == ["Pass"] * 5 + ["Timeout"] + ["Pass"] * 6
    with open(path("child")) as file:
        pid = int(file.read())
    try:
        with open(f"/proc/{pid}/stat") as file:
            assert file.read().rpartition(")")[2].split()[0] in "ZX", "the child still runs"
    except (FileNotFoundError, ProcessLookupError):
        pass


@test
def a_lost_device_takes_no_other_case_with_it():
    result = run(tongs={2: "lost"})
    expect(result, 1, "Pass -> Fail: 1", "2 processes")
    assert statuses("tongs").count("Pass") == 11


@test
def a_lost_worker_takes_no_other_case_with_it():
    result = run(tongs={2: "worker", 7: "worker"})
    expect(result, 1, "Pass -> ResourceError: 2")
    assert statuses("tongs").count("Pass") == 10, result


@test
def a_native_crash_that_fails_through_tongs_is_better():
    result = run(native={2: "crash", 3: "Fail"}, tongs={2: "Fail", 3: "InternalError"})
    expect(result, 0)
    assert group_line(result, "api") == [6, 4, 4, 0, 1, 1], result.stdout


@test
def what_is_unsupported_natively_and_fails_through_tongs_is_worse():
    expect(run(native={2: "NotSupported"}, tongs={2: "Fail"}), 1, "NotSupported -> Fail: 1")


@test
def a_warning_is_a_pass():
    expect(run(tongs={2: "QualityWarning"}), 0, "Pass -> QualityWarning: 1")


@test
def a_case_that_deqp_does_not_know_is_not_run():
    result = run(native={4: "unknown"}, tongs={4: "unknown"})
    expect(result, 0, "Pass 11, NotRun 1")


@test
def a_run_goes_on_behind_a_death_before_a_case():
    result = run(tongs={8: "abort"})
    expect(result, 1, "Pass -> Crash: 1", f"{CASES[8]}: Pass -> Crash (before it began",
           "3 processes")


@test
def a_deqp_that_does_not_start_through_tongs_is_worse():
    expect(run(tongs={"start": "no"}), 1, "Pass -> Crash: 3", "Pass -> NotRun: 9")


@test
def a_deqp_that_does_not_start_natively_is_an_error():
    expect_usage_error(run(native={"start": "no"}), "no case ran natively",
                       "deqp-vk does not start")


@test
def several_jobs_give_the_results_in_the_order_of_the_list():
    result = run("--jobs", "3", native={1: "Fail"}, tongs={1: "Fail", 4: "crash", 10: "crash"})
    expect(result, 1, "Pass -> Crash: 2")
    assert [row["case"] for row in rows("tongs.csv")] == CASES
    assert statuses("tongs")[:5] == ["Pass", "Fail", "Pass", "Pass", "Crash"]


@test
def both_sides_get_the_environment_that_is_meant():
    expect(run("--server", "unix:/nowhere", VK_DRIVER_FILES="/elsewhere", TONGS_BIN="/x"), 0)
    with open(path("seen")) as file:
        native, tongs = file.read().splitlines()
    host, manifest = path("host.json"), path("out/driver/icd/tongs_icd.json")
    assert native == f"native|{host}|{host}|||", native
    assert tongs == (f"tongs|{manifest}|{manifest}|{path('out/driver/cli/tongs')}|unix:/nowhere|"
                     f"{host}"), tongs


@test
def a_relative_socket_is_where_the_user_is():
    expect(run("--server", "unix:here"), 0)
    with open(path("seen")) as file:
        assert f"|unix:{os.getcwd()}/here|" in file.read()


@test
def the_driver_that_runs_is_a_copy():
    expect(run(), 0)
    with open(path("out/driver/icd/tongs_icd.json")) as file:
        assert path("out/driver/icd/libvulkan_tongs.so") in file.read()


@test
def native_results_can_be_used_again():
    expect(run(native={1: "Fail"}), 0)
    shutil.copy(path("out/native.csv"), path("earlier.csv"))
    os.remove(path("seen"))
    expect(run("--native-results", path("earlier.csv"), tongs={1: "crash"}), 1, "Fail -> Crash: 1")
    with open(path("seen")) as file:
        assert "native" not in file.read()


@test
def native_results_must_have_each_case_of_the_list():
    expect(run(cases=CASES[:3]), 0)
    shutil.copy(path("out/native.csv"), path("earlier.csv"))
    expect_usage_error(run("--native-results", path("earlier.csv")), "no result of 9 cases",
                       CASES[3])
    expect_usage_error(run("--native-results", write("other.csv", "a,b\n1,2\n")), "not a table")
    expect_usage_error(run("--native-results", path("none")), path("none"))


@test
def an_interrupted_run_goes_on_with_the_rest():
    expect(run(tongs={9: "Fail"}), 1)
    for name in "native.csv", "tongs.csv":
        with open(path("out/" + name)) as file:
            lines = file.readlines()
        write("out/" + name, "".join(lines[:11]) + lines[11][:-12])
    os.remove(path("seen"))
    expect(run("--resume"), 1, "Pass -> Fail: 1")
    assert statuses("tongs") == ["Pass"] * 9 + ["Fail"] + ["Pass"] * 2
    with open(path("out/tongs-0-1.txt")) as file:
        assert file.read().split() == CASES[10:], "only what had no result was run"


@test
def shards_are_run_and_reported_together():
    expect(full("--shard", "1/3", "--shard", "3/3", tongs={0: "Fail", 1: "Fail"}), 1,
           "shard 1/3", "shard 3/3", "Pass -> Fail: 1")
    document = write("page.md", "before\n<!-- tests/conformance/full: begin -->\nold\n"
                     "<!-- tests/conformance/full: end -->\nafter\n")
    result = full("--report", "--markdown", document)
    expect(result, 1, "Shards 1/3, 3/3;", "| api | 4 | 4 | 3 | 1 | 0 |",
           "| all | 8 | 8 | 7 | 1 | 0 |", f"- `{CASES[0]}`: Pass → Fail")
    with open(document) as file:
        text = file.read()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text, text
    assert "| all | 8 | 8 | 7 | 1 | 0 |" in text, text


@test
def a_shard_uses_the_native_results_that_are_there():
    expect(full("--shard", "1/3"), 0)
    os.remove(path("seen"))
    expect(full("--shard", "1/3", tongs={3: "crash"}), 1, "Pass -> Crash: 1")
    with open(path("seen")) as file:
        assert "native" not in file.read()


@test
def a_shard_of_another_build_is_not_resumed():
    expect(full("--shard", "1/3"), 0)
    host = next(name for name in os.listdir(path("out")) if name != "cases.txt")
    assert "llvmpipe" in host, host
    write(f"out/{host}/tongs/1-3/build", "another\n")
    expect_usage_error(full("--shard", "1/3", "--resume"), "another build")
    expect(full("--shard", "1/3"), 0)


@test
def several_jobs_share_one_server():
    expect(full("--shard", "1/3", "--jobs", "2"), 0)
    with open(path("seen")) as file:
        seen = {line.split("|")[4] for line in file if line.startswith("tongs")}
    assert len(seen) == 1 and seen.pop().startswith("unix:"), seen


@test
def what_full_needs_is_named():
    expect_usage_error(full(), "--shard")
    expect_usage_error(full("--shard", "4/3"), "4/3")
    expect_usage_error(full("--report"), "no shard is complete")
    expect_usage_error(full("--shard", "1/3", "--native-driver", path("none")), "none")


@test
def what_is_missing_is_named():
    os.makedirs(path("empty"))
    expect_usage_error(run("--deqp", path("none")), f"--deqp {path('none')}", "docs/conformance.md")
    expect_usage_error(run("--caselist", path("none")), f"--caselist {path('none')}")
    expect_usage_error(run("--caselist", write("blank", "# nothing\n\n")), "there is no case in it")
    expect_usage_error(run("--build", path("empty")), f"--build {path('empty')}", "libvulkan_tongs")
    expect_usage_error(run("--native-driver", path("none")), path("none"))
    expect_usage_error(run("--server", "pigeon:coop"), "--server", "pigeon")
    expect_usage_error(run("--jobs", "0"), "--jobs")
    expect_usage_error(run("--timeout", "soon"), "--timeout")
    expect_usage_error(subprocess.run([os.path.join(SOURCE, "tests", "conformance", "run")],
                                      text=True, capture_output=True), "--deqp")


@contextlib.contextmanager
def in_a_directory():
    global scratch
    with tempfile.TemporaryDirectory(prefix="tongs-conformance-") as scratch:
        yield


def main():
    global BUILD, SOURCE
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} BUILD_DIRECTORY SOURCE_DIRECTORY [WORD...]")
    BUILD, SOURCE = map(os.path.abspath, sys.argv[1:3])
    return tap.main(sys.argv[3:], in_a_directory)


sys.exit(main())
