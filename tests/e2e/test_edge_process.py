# SPDX-License-Identifier: MIT

"""Processes that are not like others: with privileges, forked, in poor surroundings, with small
limits. Each thing is done natively, too, where native drivers give the right value."""

import ctypes
import errno
import os
import platform
import resource
import shutil
import struct
import sys

import harness

from harness import Process, Skip, client_environment, native_driver, native_environment
from harness import only_worker_of, plain_environment, program, run, test, workers_of

NOBODY = 65534
MIB = 1 << 20

CALLS = {
    "x86_64": {"socketpair": 53, "memfd_create": 319, "close_range": 436},
    "aarch64": {"socketpair": 199, "memfd_create": 279, "close_range": 436},
}.get(platform.machine())

libc = ctypes.CDLL(None, use_errno=True)


def refuse(error, *calls):
    """For a child before its program: a filter under which these system calls fail."""
    if not CALLS:
        raise Skip("the numbers of system calls are not known here")
    numbers = [CALLS[c] for c in calls]
    # Load the number; for each call, go to the end if it is that one; allow; fail with the error.
    code = struct.pack("HBBI", 0x20, 0, 0, 0)
    for i, number in enumerate(numbers):
        code += struct.pack("HBBI", 0x15, len(numbers) - i, 0, number)
    code += struct.pack("HBBI", 0x06, 0, 0, 0x7fff0000) + struct.pack("HBBI", 0x06, 0, 0, 0x50000 | error)
    buffer = ctypes.create_string_buffer(code)
    filter_program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer)))

    def install():
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter_program, 0, 0):
            os._exit(99)
        assert buffer
    return install


def compute_with(env, **keywords):
    """The program's result, natively and through the driver; returns the driver's messages."""
    native = run([program("compute")], native_environment(), **keywords)
    result = run([program("compute")], env, **keywords)
    assert native.returncode == result.returncode == 0, (native, result)
    assert native.stdout.splitlines()[1:] == result.stdout.splitlines()[1:], (native, result)
    return result.stderr


def root_only():
    if os.geteuid() != 0:
        raise Skip("only root can do this")


@test
def a_set_user_id_program_does_not_obey_the_environment():
    root_only()
    os.chmod(harness.scratch, 0o755)
    witness, capture, copy = (os.path.join(harness.scratch, x) for x in ("ran", "capture", "copy"))
    trap = os.path.join(harness.scratch, "trap")
    with open(trap, "w", encoding="ascii") as file:
        file.write(f"#!/bin/sh\nid > {witness}\n")
    os.chmod(trap, 0o755)
    shutil.copy(program("edge_privileged"), copy)
    os.chown(copy, 0, 0)
    os.chmod(copy, 0o4755)
    env = client_environment(
        TONGS_BIN=trap, TONGS_CAPTURE=capture, TONGS_HOST_DRIVER="/no/such.json",
        TONGS_DEBUG="help", TONGS_VALIDATE="1", TONGS_MEMORY="explicit", LP_NUM_THREADS="1",
        LD_LIBRARY_PATH=harness.scratch)
    for server in ("spawn", f"unix:{harness.scratch}/none"):
        process = Process([copy, harness.LIBRARY], dict(env, TONGS_SERVER=server), user=NOBODY,
                          group=NOBODY, extra_groups=[])
        harness.wait_until(lambda: process.output["stdout"] or process.process.poll() is not None)
        if process.process.poll() == harness.SKIPPED:
            raise Skip("set-user-ID has no effect here")
        process.wait_for("vkCreateInstance: 0")
        with open(f"/proc/{harness.only_worker_of(None)}/environ", "rb") as file:
            assert file.read() == b""
        process.process.stdin.close()
        assert process.wait() == 0
        assert "TONGS" not in process.output["stderr"], process.output
        harness.wait_until(lambda: not workers_of(None))
    assert not os.path.exists(witness) and not os.path.exists(capture)
    # The check above can fail: without the privilege, the same program is told by TONGS_BIN.
    run([program("compute")], env)
    assert os.path.exists(witness)


# --- Forks and children --------------------------------------------------------------------------

@test
def a_child_of_a_fork_that_outlives_the_program_does_not_keep_its_worker():
    for _, server in harness.transports():
        process = Process([program("edge_process"), "outlive"], client_environment(server))
        process.wait_for("ready")
        worker = only_worker_of(server)
        process.say("")
        assert process.process.wait(harness.PATIENCE) == 0
        assert harness.wait_for_end(worker, 20), "the worker lives as long as the child"
        process.process.stdin.close()


@test
def a_child_of_a_fork_makes_a_device_of_its_parents_instance():
    command = [program("edge_process"), "device"]
    native = run(command, native_environment())
    assert native.returncode == 0, native
    for _, server in harness.transports():
        result = run(command, client_environment(server))
        assert (result.returncode, result.stdout, result.stderr) == (0, "", ""), result


@test
def instances_that_are_made_and_destroyed_leave_no_child_and_send_no_signal():
    for mode in ("children", "subreaper"):
        command = [program("edge_process"), mode]
        native = run(command, native_environment()).stdout
        result = run(command, client_environment())
        assert native == "children 0 signals 0\n", native
        if mode == "children":
            assert result.stdout == native, result
        # SIGCHLD of an orphan cannot be kept from a process that takes in orphans.
        assert result.stdout.startswith("children 0 "), result


# --- Many ----------------------------------------------------------------------------------------

@test
def an_instance_has_more_devices_than_the_status_page_has_queues():
    command = [program("edge_devices"), "260"]
    assert run(command, native_environment(), 200).returncode == 0
    servers = [(server, "") for _, server in harness.transports()]
    for server, debug in servers + [(None, "socket")]:
        result = run(command, client_environment(server, TONGS_DEBUG=debug), 200)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", ""), result


@test
def the_next_instance_has_the_same_private_worker_unless_it_is_gone_or_the_environment_differs():
    process = Process([program("edge_process"), "again"], client_environment())
    workers = []
    for line, before in (("", None), ("", None), ("other", None), ("", None), ("", os.kill)):
        if before:
            before(workers[-1], 9)
            assert harness.wait_for_end(workers[-1], 20)
        process.say(line)
        process.wait_for("(made\n){%d}" % (len(workers) + 1))
        workers.append(only_worker_of(None))
    first, second, third, fourth, fifth = workers
    assert first == second != third == fourth != fifth, workers
    process.process.stdin.close()
    assert process.process.wait(harness.PATIENCE) == 0
    assert harness.wait_for_end(fifth, 20), "the worker outlives its program"


# --- Manifests -----------------------------------------------------------------------------------

@test
def a_junk_manifest_beside_a_good_one_is_left_out_and_a_line_says_so():
    for number, junk in enumerate([b"", b"junk", b"{", b'{"ICD": }', bytes(range(256))]):
        path = os.path.join(harness.scratch, f"{number}.json")
        with open(path, "wb") as file:
            file.write(junk)
        messages = compute_with(client_environment(TONGS_HOST_DRIVER=f"{path}:{native_driver()}"))
        assert messages.count("\n") == 1 and path in messages, messages


@test
def a_junk_manifest_where_the_system_has_them_is_left_out():
    folder = os.path.join(harness.scratch, "vulkan", "icd.d")
    os.makedirs(folder)
    shutil.copy(native_driver(), folder)
    with open(os.path.join(folder, "a.json"), "w", encoding="ascii") as file:
        file.write("{")
    env = client_environment(XDG_DATA_DIRS=harness.scratch, XDG_CONFIG_DIRS=harness.scratch + "/none")
    del env["TONGS_HOST_DRIVER"]
    messages = compute_with(env)
    assert messages.count("\n") == 1 and "a.json" in messages, messages


@test
def only_junk_as_the_host_driver_is_no_driver_for_the_clients_loader():
    path = os.path.join(harness.scratch, "junk.json")
    with open(path, "w", encoding="ascii") as file:
        file.write("junk")
    ours, lavapipe = harness.MANIFEST, native_driver()
    env = client_environment(TONGS_HOST_DRIVER=path)
    assert run([program("compute")], env).returncode == harness.SKIPPED
    both = dict(env, VK_DRIVER_FILES=f"{ours}:{lavapipe}", VK_ICD_FILENAMES=f"{ours}:{lavapipe}")
    result = run([program("compute")], both)
    assert result.returncode == 0, result


# --- Poor surroundings ---------------------------------------------------------------------------

@test
def a_worker_does_not_keep_a_pipe_of_its_program_where_close_range_is_refused():
    for error in (errno.EPERM, errno.ENOSYS):
        end, kept = os.pipe()
        inode = os.fstat(kept).st_ino
        process = Process([program("edge_process"), "outlive"], client_environment(),
                          pass_fds=[kept], preexec_fn=refuse(error, "close_range"))
        os.close(kept)
        process.wait_for("ready")
        fds = f"/proc/{only_worker_of(None)}/fd"
        harness.wait_until(lambda: f"pipe:[{inode}]" not in
                           [os.readlink(f"{fds}/{x}") for x in os.listdir(fds)])
        os.close(end)
        process.end()


@test
def a_worker_does_not_keep_the_directory_that_it_is_started_in():
    directory = os.path.join(harness.scratch, "here")
    os.mkdir(directory)
    shutil.copy(native_driver(), os.path.join(directory, "host.json"))
    env = client_environment(TONGS_HOST_DRIVER="no.json:host.json", TONGS_CAPTURE="capture")
    process = Process([program("edge_process"), "outlive"], env, cwd=directory)
    process.wait_for("ready")
    assert os.readlink(f"/proc/{only_worker_of(None)}/cwd") == "/"
    process.end()
    assert os.path.getsize(os.path.join(directory, "capture")) > 0


@test
def a_root_without_devices_is_enough():
    root_only()

    def hide_devices():
        if (libc.unshare(0x00020000) or libc.mount(None, b"/", None, 0x44000, None) or
                libc.mount(b"none", b"/dev", b"tmpfs", 0, None)):
            os._exit(harness.SKIPPED)
    if run(["/bin/true"], plain_environment(), preexec_fn=hide_devices).returncode != 0:
        raise Skip("no mount namespaces here")
    compute_with(client_environment(), preexec_fn=hide_devices)


@test
def programs_run_where_shared_memory_is_refused_and_one_line_says_so():
    for error in (errno.EPERM, errno.ENOSYS):
        messages = compute_with(client_environment(), preexec_fn=refuse(error, "memfd_create"))
        first, second = messages.splitlines()
        assert "no memory can be shared" in first, messages
        assert "no memory type is HOST_COHERENT" in second, messages


@test
def programs_run_where_socket_pairs_are_refused():
    for error in (errno.EPERM, errno.ENOSYS):
        messages = compute_with(client_environment(), preexec_fn=refuse(error, "socketpair"))
        assert not messages, messages


@test
def programs_run_with_a_limit_of_file_sizes():
    def limit(hard):
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (MIB // 2, hard))
    messages = compute_with(client_environment(), preexec_fn=limit(resource.RLIM_INFINITY))
    assert not messages, messages
    root_only()
    os.chmod(harness.scratch, 0o755)
    messages = compute_with(client_environment(), preexec_fn=limit(MIB // 2), user=NOBODY, group=NOBODY,
                            extra_groups=[])
    assert "no memory can be shared" in messages, messages


if __name__ == "__main__":
    sys.exit(harness.main())
