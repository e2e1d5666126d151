# SPDX-License-Identifier: MIT

"""The client programs of tests/programs do through the driver what they do natively."""

import contextlib
import os
import re
import socket
import sys
import tempfile
import threading

import harness
from harness import Server, Skip, checks_of, client_environment, native_environment, program, run, test
from mock_host import mock_driver

LONG = 200


def text_of(name, env, *arguments):
    result = run([program(name), *arguments], env, timeout=LONG)
    assert result.returncode == 0, (name, result.stdout, result.stderr)
    return result.stdout


def everywhere(name, *arguments, **changes):
    """The program's output, natively and through each transport: transport, native, through."""
    native = text_of(name, native_environment(), *arguments)
    for transport, server in harness.transports():
        through = text_of(name, client_environment(server, **changes), *arguments)
        yield transport, native, through


@test
def a_shader_computes_the_right_sum():
    for _, native, through in everywhere("compute"):
        device = re.search(r"device: (.*)", native)[1]
        assert through == native.replace(device, f"Tongs ({device})"), (native, through)
        assert "(right)" in through, through


@test
def programs_work_where_no_memory_is_shared_for_ops_and_completions():
    for name in ["compute", "many", "threads"]:
        for _, server in harness.transports():
            text_of(name, client_environment(server, TONGS_DEBUG="socket"))


class NoDescriptors:
    """Passes bytes between a client and the server and drops descriptors, as SSH does."""

    def __init__(self, server):
        self.server = server
        self.path = tempfile.mktemp(prefix="ssh-", dir=harness.scratch)
        self.url = "unix:" + self.path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()
        harness.cleanup.callback(self.listener.close)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.server.path)
                for a, b in [(near, far), (far, near)]:
                    threading.Thread(target=self.forward, args=[a, b], daemon=True).start()

    @staticmethod
    def forward(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for s in (source, sink):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


@test
def programs_work_where_no_descriptors_cross_if_memory_is_explicit():
    proxy = NoDescriptors(Server())
    text_of("compute", client_environment(proxy, TONGS_MEMORY="explicit"))
    result = run([program("compute")], client_environment(proxy))
    assert result.returncode and "TONGS_MEMORY=explicit" in result.stderr, result


class Monitor(NoDescriptors):
    """Leads to a port as Firecracker's socket does."""

    def __init__(self, server, answer=b"OK 1073741824\n"):
        self.answer = answer
        self.asked = []
        super().__init__(server)
        self.url = f"vsock:{self.path}:7777"

    def forward(self, source, sink):
        if source.getsockname() == self.path:  # the program's end
            line = b""
            while not line.endswith(b"\n"):
                line += source.recv(1)
            self.asked.append(line)
            source.sendall(self.answer)
        NoDescriptors.forward(source, sink)


@test
def a_monitor_leads_to_a_port():
    monitor = Monitor(Server())
    result = run([program("compute")], client_environment(monitor))
    assert result.returncode == 0 and "Tongs (" in result.stdout, result
    assert monitor.asked == [b"CONNECT 7777\n"], monitor.asked
    # Memory is explicit over vsock, which breaks what the API promises: one line says so.
    assert result.stderr.count("HOST_COHERENT") == 1, result
    for answer in [b"NO\n", b"x" * 100]:
        result = run([program("compute")], client_environment(Monitor(Server(), answer)))
        assert result.returncode and "cannot connect to vsock:" in result.stderr, result


@test
def a_port_of_this_machine_is_served():
    port = 20000 + os.getpid() % 40000
    try:
        with socket.socket(socket.AF_VSOCK) as listener, socket.socket(socket.AF_VSOCK) as near:
            listener.bind((socket.VMADDR_CID_ANY, port + 1))
            listener.listen()
            near.settimeout(5)
            near.connect((1, port + 1))  # VMADDR_CID_LOCAL
    except OSError as error:
        raise harness.Skip(f"no vsock within this machine: {error}")
    server = harness.Process([harness.TONGS, "serve", "--listen", f"vsock:4294967295:{port}"], native_environment())
    server.url = f"vsock:1:{port}"
    server.wait_for("listening on vsock:", "stderr")
    assert "Tongs (" in text_of("compute", client_environment(server))


def expect_the_same_picture(*options):
    images = {}
    for name, server in [("native", None), *harness.transports()]:
        env = native_environment() if name == "native" else client_environment(server)
        path = f"{harness.scratch}/{name}.ppm"
        text_of("triangle", env, *options, path)
        with open(path, "rb") as file:
            images[name] = file.read()
    assert len(images["native"]) > 3 * 256 * 256
    assert images["spawn"] == images["native"] and images["unix"] == images["native"]


@test
def a_triangle_in_a_render_pass_has_the_pixels_that_it_has_natively():
    expect_the_same_picture()


@test
def a_triangle_in_dynamic_rendering_has_the_pixels_that_it_has_natively():
    expect_the_same_picture("--dynamic-rendering")


@test
def a_triangle_in_dynamic_rendering_as_an_extension_has_the_pixels_that_it_has_natively():
    expect_the_same_picture("--dynamic-rendering-khr")


@test
def each_check_of_many_that_passes_natively_passes_through_the_driver():
    for transport, native, through in everywhere("many"):
        states = checks_of(through)
        passed = [name for name, state in checks_of(native).items() if state == "ok"]
        assert passed, native
        worse = {name: states.get(name) for name in passed if states.get(name) != "ok"}
        assert not worse, (transport, worse)


@test
def threads_on_one_device_do_not_disturb_each_other():
    for _, _, through in everywhere("threads"):
        assert "(right)" in through, through


@test
def what_comes_back_through_input_structs_is_what_comes_back_natively():
    native = run([program("edge_answers")], native_environment(), timeout=LONG)
    for transport, server in harness.transports():
        through = run([program("edge_answers")], client_environment(server), timeout=LONG)
        assert (through.returncode, through.stdout) == (native.returncode, native.stdout), (transport, native, through)


@test
def a_command_buffer_is_freed_after_its_state_was_taken():
    """On the mock host driver, because lavapipe of Debian 12 has no generated commands."""
    result = run([program("edge_answers"), "freed-state"],
                 client_environment(TONGS_HOST_DRIVER=mock_driver()), timeout=LONG)
    if "is no check" in result.stderr + result.stdout:
        raise Skip("the registry has no VK_EXT_device_generated_commands")
    assert checks_of(result.stdout) == {"freed-state": "ok"} and not result.stderr, result


@test
def the_addresses_of_commands_follow_the_specification():
    for transport, _, through in everywhere("procaddr"):
        states = checks_of(through)
        # This check needs a window-system extension, which the driver does not have.
        assert states.pop("instance-extensions") in ("ok", "skip"), through
        assert set(states.values()) == {"ok"}, (transport, through)


@test
def a_question_about_a_format_that_was_asked_before_costs_no_round_trip():
    trips = []
    for rounds in "1", "3":
        result = run([program("formats"), rounds], client_environment(TONGS_DEBUG="stats"))
        assert result.stdout == text_of("formats", native_environment(), "1"), result.stdout
        trips.append(int(re.search(r"round trips (\d+)", result.stderr)[1]))
        asked = re.findall(r"(\d+) round trips  vkGetPhysicalDevice\w*Format\w*", result.stderr)
        assert len(asked) >= 2, result.stderr
    assert trips[0] == trips[1] and trips[0] > 2 * 2 * 184, trips


@test
def questions_about_one_format_after_the_other_go_together():
    result = run([program("formats"), "1"], client_environment(TONGS_DEBUG="stats"))
    sends = int(re.search(r"sends (\d+)", result.stderr)[1])
    # 2 * 184 questions about sparse images go alone.
    assert 2 * 184 < sends < 3 * 184, result.stderr


# --- Without coherent memory ---------------------------------------------------------------------

EXPLICIT = {"TONGS_MEMORY": "explicit"}


@test
def a_shader_computes_the_right_sum_in_explicit_memory():
    for _, _, through in everywhere("compute", **EXPLICIT):
        assert "(right)" in through, through


@test
def a_triangle_in_explicit_memory_has_the_pixels_that_it_has_natively():
    hashes = {re.search(r"pixels = (\w+)", text)[1]
              for _, *texts in everywhere("triangle", **EXPLICIT) for text in texts}
    assert len(hashes) == 1, hashes


@test
def threads_do_not_disturb_each_other_in_explicit_memory():
    for _, _, through in everywhere("threads", **EXPLICIT):
        assert "(right)" in through, through


@test
def each_check_of_many_that_passes_natively_passes_in_explicit_memory():
    names = text_of("many", native_environment(), "--list").split()
    # This check needs the coherent memory type that Vulkan promises; this mode has none.
    names.remove("memory_types")
    for transport, native, through in everywhere("many", *names, **EXPLICIT):
        states = checks_of(through)
        passed = [name for name, state in checks_of(native).items() if state == "ok"]
        assert passed, native
        worse = {name: states.get(name) for name in passed if states.get(name) != "ok"}
        assert not worse, (transport, worse)


if __name__ == "__main__":
    sys.exit(harness.main())
