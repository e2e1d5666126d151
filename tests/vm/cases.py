# SPDX-License-Identifier: MIT

"""What must hold in a virtual machine, whatever its tier."""

import hashlib
import os
import re
import signal
import time
import zlib

import harness
import vm
from harness import native_environment, program, wait_until

# Programs in the guest are emulated, instruction by instruction.
LONG = 200
LIMIT = 10
# This many fills take the device some seconds.
FILLS = 16000


def native_output(*command):
    result = harness.run(command, native_environment(), timeout=LONG)
    assert result.returncode == 0, result
    return result.stdout


def wait_in_guest(machine, condition, seconds=LONG):
    machine.must(f"i=0; until {condition}; do i=$((i + 1)); [ $i -lt {seconds * 10} ] || break; "
                 f"usleep 100000; done; {condition}", LONG)


def start(machine, name, command):
    """In the background of the guest; its output is in /tmp/NAME, and its status at the end in /tmp/NAME.status."""
    machine.must(f"({command}; echo $? >/tmp/{name}.status) >/tmp/{name} 2>&1 &")


def finish(machine, name):
    wait_in_guest(machine, f"[ -s /tmp/{name}.status ]")
    output = machine.must(f"cat /tmp/{name}")
    assert machine.must(f"cat /tmp/{name}.status").strip() == "0", (name, output)
    return output


# --- Programs --------------------------------------------------------------------------------------

def expect_tier(machine, tier):
    line = machine.must("tongs info")
    assert f"over virtgpu (tier {tier})), through virtgpu (tier {tier}), memory shared" in line, line
    line = machine.must("TONGS_MEMORY=explicit TONGS_SERVER=virtgpu tongs info")
    assert "through virtgpu, memory explicit" in line, line
    harness.diag(line)


def expect_a_report(machine):
    """vulkaninfo says the same as through a socket of the host, but for the extensions that take descriptors."""
    if "vulkaninfo" not in vm.programs():
        harness.diag("there is no vulkaninfo here")
        return
    began = time.monotonic()
    report = machine.must("vulkaninfo --summary 2>/dev/null", LONG)
    harness.diag(f"vulkaninfo after {machine.uptime:.1f} s of boot took {time.monotonic() - began:.1f} s")
    assert re.search(r"driverInfo .* over virtgpu \(tier .\)\n", report), report
    assert "deviceName         = Tongs (" in report, report
    # All of it: thousands of lines, and an end without an error.
    lines = int(machine.must("vulkaninfo 2>/dev/null | wc -l", LONG))
    assert lines > 500, lines


def expect_the_right_sum(machine, environment=""):
    through = machine.must(f"{environment} compute 2>/tmp/messages", LONG)
    messages = machine.must("cat /tmp/messages")
    assert ("no memory type is HOST_COHERENT" in messages) == ("explicit" in environment), messages
    native = native_output(program("compute"))
    device = re.search(r"device: (.*)", native)[1]
    assert through == native.replace(device, f"Tongs ({device})"), (native, through)


def expect_the_same_picture(machine, environment=""):
    path = f"{harness.scratch}/native.ppm"
    native_output(program("triangle"), path)
    with open(path, "rb") as file:
        native = hashlib.md5(file.read()).hexdigest()
    machine.must(f"{environment} triangle /tmp/picture.ppm", LONG)
    through = machine.must("md5sum /tmp/picture.ppm").split()[0]
    assert through == native, (environment, through, native)


def expect_few_commands(machine):
    """The ring carries the ops; the device sees a command only where somebody sleeps."""
    def counts(debug):
        text = machine.must(f"TONGS_DEBUG={debug} compute 2>&1", LONG)
        return [int(re.search(rf"stats: .*{name} (\d+)", text)[1]) for name in ["ops", "round trips", "wakes"]]

    ops, trips, wakes = counts("stats")
    harness.diag(f"{ops} ops, {trips} round trips, {wakes} wake-ups of the worker")
    assert wakes <= trips + 5, (ops, trips, wakes)
    # The ring exists: one more op has made it.
    assert [ops - 1, trips - 1, 0] == counts("stats,socket"), (ops, trips)


def programs_do_what_they_do_natively(tier):
    device = vm.device(tier)
    machine = vm.Machine(device, tier)
    expect_tier(machine, tier)
    expect_a_report(machine)
    for environment in ["", "TONGS_MEMORY=explicit", "TONGS_DEBUG=socket"]:
        expect_the_right_sum(machine, environment)
        expect_the_same_picture(machine, environment)
    expect_few_commands(machine)
    output = machine.must("threads", LONG)
    assert "(right)" in output, output
    wait_until(lambda: not device.workers())


# --- Ends ------------------------------------------------------------------------------------------

def worker_of(device, name):
    """The latest worker of a program of that name in the guest."""
    return int(re.findall(rf"worker (\d+) started for {name} ", device.log)[-1])


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def has_host_memory(machine):
    """Whether memory of the device's is in the machine's address space."""
    with open(f"/proc/{machine.process.pid}/maps") as file:
        return "memfd:tongs-window" in file.read()


def kill_the_worker(device, machine, mode):
    """A worker dies: its program hears of it, the others do not."""
    start(machine, "victim", f"lost {mode} --limit {LIMIT} --timeout {LONG} /tmp/killed")
    wait_in_guest(machine, "grep -q ready /tmp/victim")
    if mode == "mapped":
        assert has_host_memory(machine) == (machine.tier == "A"), machine.tier
    worker = worker_of(device, "lost")
    machine.must("""awk '{printf "%.0f\\n", $1 * 1e9}' /proc/uptime >/tmp/killed""")
    harness.kill_worker(worker)
    output = finish(machine, "victim")
    assert "VK_ERROR_DEVICE_LOST" in output and "a new instance computes" in output, output
    harness.diag(re.search(r".*after the kill", output)[0])
    machine.must("rm /tmp/victim* /tmp/killed")


def kill_the_program(device, machine, process):
    """A program of the guest dies: the host keeps nothing of it."""
    files = open_files(process)
    start(machine, "doomed", f"exec lost idle --timeout {LONG} /tmp/never")
    wait_in_guest(machine, "grep -q ready /tmp/doomed")
    worker = worker_of(device, "lost")
    machine.must("killall -9 lost")
    assert harness.wait_for_end(worker, 10), "the worker of a killed program is still there"
    wait_until(lambda: open_files(process) <= files, 10)


def forked_children_have_a_worker_of_their_own_and_keep_no_other(device, machine):
    machine.must("edge_process device", LONG)
    wait_until(lambda: not device.workers())
    # The program forks at once, and ends; its child waits for the end of its input.
    start(machine, "forks", f"(echo; exec sleep {LONG}) | edge_process outlive")
    wait_in_guest(machine, "grep -q ready /tmp/forks")
    assert harness.wait_for_end(worker_of(device, "edge_process"), 10), "the worker lives as long as the child"
    machine.must("killall edge_process && killall sleep")


def nobody_is_hurt_by_the_end_of_another(tier):
    device = vm.device(tier)
    machine = vm.Machine(device, tier)
    process = next(iter(device.machines()))
    machine.must("compute", LONG)
    wait_until(lambda: not device.workers())

    kill_the_program(device, machine, process)
    forked_children_have_a_worker_of_their_own_and_keep_no_other(device, machine)
    # A client that works all the time.
    start(machine, "other", "for i in 1 2 3 4 5 6 7 8 9 10; do compute || exit 1; done")
    for mode in ["wait-fence", "poll-fence", "mapped"]:
        kill_the_worker(device, machine, mode)
    finish(machine, "other")
    wait_until(lambda: not has_host_memory(machine))
    machine.must("compute", LONG)

    start(machine, "last", f"lost idle --timeout {LONG} /tmp/never")
    wait_in_guest(machine, "grep -q ready /tmp/last")
    left = device.workers() | {process}
    machine.process.send_signal(signal.SIGKILL)
    machine.wait()
    for pid in left:
        assert harness.wait_for_end(pid, 10), f"{pid} outlives its virtual machine"
    # The next machine is served by the same server.
    again = vm.Machine(device, tier)
    again.must("compute", LONG)


# --- Standing still, and beginning anew --------------------------------------------------------------

def memory_of(machine):
    """A checksum of all of the machine's memory that was ever written."""
    directory = f"/proc/{machine.process.pid}/fd"
    name = next(name for name in os.listdir(directory)
                if os.readlink(f"{directory}/{name}").startswith("/memfd:memory-backend-memfd"))
    checksum = at = 0
    with open(f"{directory}/{name}", "rb", buffering=0) as file:
        while True:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:  # no more
                return checksum
            end = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            while at < end:
                data = os.pread(file.fileno(), min(end - at, 1 << 24), at)
                checksum = zlib.crc32(data, zlib.crc32(str(at).encode(), checksum))
                at += len(data)


def pause(machine, seconds):
    """The machine stands still, and nobody writes into it meanwhile."""
    began = time.monotonic()
    machine.command("stop")
    before = memory_of(machine)
    time.sleep(max(0, seconds - (time.monotonic() - began)))
    assert memory_of(machine) == before, "memory of a machine that stands still was written"
    machine.command("cont")


def pause_goes_unnoticed(device, machine):
    """By a program that waits, and by one that works."""
    start(machine, "waits", f"lost idle --timeout {LONG} /tmp/never")
    wait_in_guest(machine, "grep -q ready /tmp/waits")
    start(machine, "works", "threads")
    start(machine, "writes", f"fills {FILLS}")
    wait_in_guest(machine, "grep -q writes /tmp/writes")
    workers = device.workers()
    pause(machine, 2)
    for name in ["works", "writes"]:
        assert "(right)" in finish(machine, name)
    assert worker_of(device, "lost") in device.workers() <= workers, (workers, device.log)
    machine.must("compute", LONG)
    assert "booted again" not in device.log, device.log


def boots_again(device, machine, how):
    """With a program that has no chance to end, whose memory is not in the window: QEMU 11.1 ends itself (SIGSEGV) otherwise."""
    workers = device.workers()
    process = next(iter(device.machines()))
    how()
    machine.wait_for_boot(device.log.count("booted again") + 2)
    assert workers and machine.process.poll() is None
    for pid in workers:
        assert harness.wait_for_end(pid, 10), f"{pid} outlives the boot of its program"
    assert not any("pages" in os.readlink(f"/proc/{process}/fd/{fd}") for fd in os.listdir(f"/proc/{process}/fd"))
    assert "booted again" in device.log, device.log
    machine.must("vulkaninfo --summary >/dev/null" if "vulkaninfo" in vm.programs() else "compute", LONG)


def a_machine_stands_still_and_boots_again(tier):
    device = vm.device(tier)
    machine = vm.Machine(device, tier, reboots=True)
    pause_goes_unnoticed(device, machine)
    boots_again(device, machine, lambda: machine.command("system_reset"))


def memory_is_the_guests_where_the_window_is_too_small():
    machine = vm.Machine(vm.Device("--window", "16"), "A")
    for command in ["compute", "triangle /tmp/picture.ppm"]:
        machine.must(command, LONG)
    start(machine, "mapped", f"lost mapped --limit {LIMIT} --timeout {LONG} /tmp/never")
    wait_in_guest(machine, "grep -q ready /tmp/mapped")
    assert not has_host_memory(machine)


def register(tier, *more):
    for case in [programs_do_what_they_do_natively, nobody_is_hurt_by_the_end_of_another, *more]:
        def run(case=case):
            case(tier)
        run.__name__ = case.__name__
        harness.test(run)
