#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

"""Virtual machines for the tests: a minimal guest, a stock QEMU, and our device between them.

The kernel and QEMU are Debian's packages, unpacked by tools/debian-packages into ${XDG_CACHE_HOME:-~/.cache}/tongs/vm
and kept there. Run as a program, this file fetches them, and nothing else. The initramfs is made afresh in each run: busybox, the modules of virtio_gpu, the driver of
the build, the loader and programs, with the libraries that they need on this machine. All runs with software
emulation, as KVM does not boot every kernel everywhere.

A Machine's console is a shell that reads commands: run() sends one and returns its status and output.
"""

import fcntl
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import harness  # noqa: E402
from harness import Skip  # noqa: E402

UNPACK = os.path.join(HERE, "..", "..", "tools", "debian-packages")
PATIENCE = 120

MODULES = ["virtio", "virtio_ring", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "drm",
           "drm_kms_helper", "drm_shmem_helper", "virtio_dma_buf", "virtio-gpu"]

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tmpfs none /tmp
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty -echo -onlcr
for module in $(cat /modules/order); do
    insmod /modules/$module.ko || echo "no $module"
done
export TONGS_LIBRARY=/driver.so TONGS_MANIFEST=/driver.json VK_DRIVER_FILES=/driver.json VK_ICD_FILENAMES=/driver.json LC_ALL=C TONGS_TIMEOUT=60 HOME=/tmp
echo "@ready $(cut -d' ' -f1 /proc/uptime)"
while read -r line; do
    eval "$line"
    echo "@status $?"
done
poweroff -f
"""


# --- What is unpacked ----------------------------------------------------------------------------

def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "tongs", "vm")


def unpack(name, suite, packages, *options):
    """The directory of the packages, which is whole when it has the file `versions`."""
    directory = os.path.join(cache(), name)
    try:
        os.makedirs(cache(), exist_ok=True)
        lock = open(os.path.join(cache(), "lock"), "w")
    except OSError as error:
        raise Skip(f"no cache for virtual machines: {error}")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The tool says on stderr what it fetches, and last why it failed. The last line is kept for the reason.
        last = ""
        with subprocess.Popen([UNPACK, *options, suite, directory, *packages], text=True, stderr=subprocess.PIPE) as tool:
            for last in tool.stderr:
                sys.stderr.write(last)
        if tool.returncode:
            raise Skip(last.strip() or f"{UNPACK} failed")
    return directory


def version_of(directory, package):
    with open(os.path.join(directory, "versions")) as file:
        return next(line.split()[1] for line in file if re.match(package, line))


def kernel():
    only = ["./boot/vmlinuz-*", "./bin/busybox", "./lib/modules/*/kernel/drivers/virtio/*"]
    only += [f"./lib/modules/*/{m}.ko" for m in MODULES]
    options = [word for pattern in only for word in ("--only", pattern)]
    return unpack("kernel", "bookworm", ["linux-image-amd64!", "busybox-static"], *options)


def newest_qemu():
    """The command that runs the newest Debian's QEMU on this one's kernel, and its environment."""
    directory = unpack("qemu", "sid", ["qemu-system-x86", "qemu-system-modules-opengl"],
                       "--with-dependencies")
    libraries = os.path.join(directory, "usr/lib/x86_64-linux-gnu")
    return [os.path.join(libraries, "ld-linux-x86-64.so.2"), "--library-path",
            f"{libraries}:{libraries}/systemd", os.path.join(directory, "usr/bin/qemu-system-x86_64"),
            "-L", os.path.join(directory, "usr/share/qemu"), "-L", os.path.join(directory, "usr/share/seabios"),
            ], {"QEMU_MODULE_DIR": os.path.join(libraries, "qemu")}


# --- The guest -----------------------------------------------------------------------------------

class Archive:
    """A cpio archive of the kind that the kernel unpacks (its Documentation: buffer-format)."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.names = set()

    def add(self, name, mode, data=b""):
        parent = os.path.dirname(name)
        if parent and parent not in self.names:
            self.add(parent, 0o40755)
        if name in self.names:
            return
        self.names.add(name)
        encoded = name.encode() + b"\0"
        fields = [len(self.names), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
        header = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
        self.file.write(header + b"\0" * (-len(header) % 4) + data + b"\0" * (-len(data) % 4))

    def add_file(self, name, path, mode=0o100755):
        with open(path, "rb") as file:
            self.add(name, mode, file.read())

    def close(self):
        self.add("TRAILER!!!", 0)
        self.file.close()


def libraries_of(path):
    output = subprocess.run(["ldd", path], text=True, capture_output=True).stdout
    return set(re.findall(r"(/\S+) \(0x", output))


def stripped(path):
    """A copy without symbols: what the guest loads is read into its memory."""
    if not shutil.which("strip"):
        return path
    copy = os.path.join(harness.scratch, "stripped-" + os.path.basename(path))
    if not os.path.exists(copy):
        subprocess.run(["strip", "-o", copy, path], check=True)
    return copy


def programs():
    """name -> path of what is in the guest's /bin."""
    found = {name: harness.program(name)
             for name in ["compute", "triangle", "lost", "threads", "fills", "edge_process"]}
    found["tongs"] = harness.TONGS
    if shutil.which("vulkaninfo"):
        found["vulkaninfo"] = shutil.which("vulkaninfo")
    return found


def make_initramfs(path):
    directory = kernel()
    archive = Archive(path)
    for name in ["proc", "sys", "dev", "tmp"]:
        archive.add(name, 0o40755)
    archive.add_file("bin/busybox", os.path.join(directory, "bin/busybox"))
    archive.add("init", 0o100755, INIT.encode())
    archive.add("modules/order", 0o100644, "\n".join(MODULES).encode())
    for module in MODULES:
        files = glob.glob(f"{directory}/lib/modules/*/kernel/drivers/**/{module}.ko", recursive=True)
        archive.add_file(f"modules/{module}.ko", files[0])
    driver = stripped(harness.LIBRARY)
    archive.add_file("driver.so", driver)
    archive.add("driver.json", 0o100644, b'{"file_format_version": "1.0.0", "ICD": '
                b'{"library_path": "/driver.so", "api_version": "1.3.0"}}')
    libraries = libraries_of(harness.LIBRARY)
    for name, file in programs().items():
        archive.add_file("bin/" + name, stripped(file))
        libraries |= libraries_of(file)
    for library in libraries:
        archive.add_file(library.lstrip("/"), os.path.realpath(library))
    archive.close()


# --- The device and the machine ----------------------------------------------------------------------

class Device(harness.Process):
    """A `tongs serve --vhost-user-gpu`, ready when the constructor returns."""

    def __init__(self, *arguments, **changes):
        self.path = os.path.join(harness.scratch, f"gpu-{id(self)}")
        super().__init__([harness.TONGS, "serve", "--vhost-user-gpu", self.path, "--host-driver",
                          harness.native_driver(), *arguments], harness.plain_environment(**changes))
        self.wait_for("tongs: a virtio-gpu device is at ", "stderr")

    @property
    def log(self):
        return self.output["stderr"]

    def machines(self):
        return harness.children_of(self.process.pid)

    def workers(self):
        return {p for m in self.machines() for p in harness.children_of(m) if harness.is_worker(p)}


PLAIN = ["-device", "vhost-user-test-device-pci,chardev=gpu,virtio-id=16,num_vqs=2,vq_size=256,config_size=16"]
TIERS = {
    "C": ["-device", "vhost-user-gpu-pci,chardev=gpu,max_outputs=1,edid=off"],
    "B": PLAIN,  # with a device that has no window
    "A": PLAIN,
}


def device(tier):
    return Device(*["--window", "0"] if tier == "B" else [])


class Machine(harness.Process):
    """A virtual machine whose shell waits when the constructor returns."""

    def __init__(self, device, tier="C", memory="768M", reboots=False):
        if harness.sanitized():
            raise Skip("programs of a sanitized build are not for a minimal guest")
        initramfs = os.path.join(harness.scratch, "initramfs")
        if not os.path.exists(initramfs):
            make_initramfs(initramfs)
        command, environment = newest_qemu()
        image = glob.glob(os.path.join(kernel(), "boot", "vmlinuz-*"))[0]
        self.monitor = os.path.join(harness.scratch, f"qmp-{id(self)}")
        super().__init__(
            [*command, "-nodefaults", *([] if reboots else ["-no-reboot"]),
             "-qmp", f"unix:{self.monitor},server=on,wait=off", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
             "-m", memory, "-object", f"memory-backend-memfd,id=memory,size={memory},share=on",
             "-machine", "q35,memory-backend=memory", "-display", "none", "-serial", "stdio",
             "-chardev", f"socket,id=gpu,path={device.path}", *TIERS[tier],
             "-kernel", image, "-initrd", initramfs, "-append", "console=ttyS0 quiet"],
            harness.plain_environment(**environment))
        self.asked = 0
        self.tier = tier
        self.uptime = float(self.wait_for(r"^@ready (\S+)", patience=PATIENCE)[1])

    def command(self, *names):
        """Has the monitor carry out commands (QMP) one after the other."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(self.monitor)
            file = connection.makefile("rw")
            for name in ["qmp_capabilities", *names]:
                file.write(json.dumps({"execute": name}) + "\n")
                file.flush()
                answer = {}
                while not {"return", "error"} & set(answer):
                    answer = json.loads(file.readline())
                assert "return" in answer, (name, answer)

    def wait_for_boot(self, number):
        """Until the shell waits for the `number`th time."""
        self.wait_for(r"(?ms)\A" + r"(?:.*?^@ready \S+){%d}" % number, patience=PATIENCE)

    def run(self, command, patience=PATIENCE):
        """The status and the output of a command of the guest's shell."""
        with self.changed:
            start = len(self.output["stdout"])
        self.say(command)
        deadline_text = r"\A(.*?)^@status (\d+)\n"
        with self.changed:
            def found():
                return re.search(deadline_text, self.output["stdout"][start:], re.DOTALL | re.MULTILINE)
            self.changed.wait_for(lambda: found() or not self.open, patience)
            match = found()
        assert match, f"{command!r} does not end: {self.output['stdout'][start:]!r} {self.output['stderr']!r}"
        return int(match[2]), match[1]

    def must(self, command, patience=PATIENCE):
        status, output = self.run(command, patience)
        assert status == 0, (command, status, output)
        return output


if __name__ == "__main__":
    try:
        kernel()
        newest_qemu()
    except Skip as skip:
        sys.exit(f"the tests in virtual machines will be skipped: {skip}")
