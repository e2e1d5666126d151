# SPDX-License-Identifier: MIT

"""A Vulkan application that does what it is told: a command a line on stdin, an answer a line on
stdout, "N: answer" for the N-th one, or "N: failed ...". It knows nothing of the driver under test.

   extensions   enumerates the instance extensions; answers their number
   instance     makes an instance; answers the names of its devices
   memory       makes a device, allocates memory, writes and reads it mapped; answers the bytes
   destroy      destroys the instance
   fds          answers the number of open descriptors
   list-fds     answers what they are
   fork WORDS   does the command in a fork and here; answers both
"""

import ctypes
import os
import sys

from ctypes import POINTER, byref, c_char, c_char_p, c_float, c_int32, c_uint32, c_uint64, c_void_p

vk = ctypes.CDLL("libvulkan.so.1")

MEMORY_SIZE = 1 << 20
HOST_VISIBLE_COHERENT = 2 | 4


class ApplicationInfo(ctypes.Structure):
    _fields_ = [("type", c_int32), ("next", c_void_p), ("name", c_char_p), ("version", c_uint32),
                ("engine", c_char_p), ("engine_version", c_uint32), ("api_version", c_uint32)]


class InstanceCreateInfo(ctypes.Structure):
    _fields_ = [("type", c_int32), ("next", c_void_p), ("flags", c_uint32),
                ("app", POINTER(ApplicationInfo)), ("layer_count", c_uint32), ("layers", c_void_p),
                ("extension_count", c_uint32), ("extensions", c_void_p)]


class QueueCreateInfo(ctypes.Structure):
    _fields_ = [("type", c_int32), ("next", c_void_p), ("flags", c_uint32), ("family", c_uint32),
                ("count", c_uint32), ("priorities", POINTER(c_float))]


class DeviceCreateInfo(ctypes.Structure):
    _fields_ = [("type", c_int32), ("next", c_void_p), ("flags", c_uint32),
                ("queue_count", c_uint32), ("queues", POINTER(QueueCreateInfo)),
                ("layer_count", c_uint32), ("layers", c_void_p),
                ("extension_count", c_uint32), ("extensions", c_void_p), ("features", c_void_p)]


class MemoryType(ctypes.Structure):
    _fields_ = [("flags", c_uint32), ("heap", c_uint32)]


class MemoryProperties(ctypes.Structure):
    _fields_ = [("type_count", c_uint32), ("types", MemoryType * 32), ("rest", c_uint64 * 33)]


class MemoryAllocateInfo(ctypes.Structure):
    _fields_ = [("type", c_int32), ("next", c_void_p), ("size", c_uint64), ("index", c_uint32)]


class Properties(ctypes.Structure):
    # VkPhysicalDeviceProperties; of what follows the name, only that there is enough room matters.
    _fields_ = [("numbers", c_uint32 * 5), ("name", c_char * 256), ("rest", c_uint64 * 256)]


class VulkanError(Exception):
    pass


def call(name, *arguments):
    result = c_int32(getattr(vk, name)(*arguments)).value
    if result < 0:
        raise VulkanError(f"{name} gave {result}")
    return result


class Application:
    def __init__(self):
        self.instance = c_void_p()
        self.devices = []
        self.holder = None

    def extensions(self):
        count = c_uint32()
        call("vkEnumerateInstanceExtensionProperties", None, byref(count), None)
        return str(count.value)

    def name_of(self, device):
        properties = Properties()
        vk.vkGetPhysicalDeviceProperties(device, byref(properties))
        return properties.name.decode()

    def make_instance(self):
        app = ApplicationInfo(type=0, api_version=1 << 22 | 1 << 12)
        info = InstanceCreateInfo(type=1, app=ctypes.pointer(app))
        call("vkCreateInstance", byref(info), None, byref(self.instance))
        count = c_uint32(16)
        devices = (c_void_p * 16)()
        call("vkEnumeratePhysicalDevices", self.instance, byref(count), devices)
        self.devices = [c_void_p(d) for d in devices[:count.value]]
        return ", ".join(self.name_of(d) for d in self.devices)

    def make_device(self):
        priority = c_float(1)
        queue = QueueCreateInfo(type=2, count=1, priorities=ctypes.pointer(priority))
        info = DeviceCreateInfo(type=3, queue_count=1, queues=ctypes.pointer(queue))
        device = c_void_p()
        call("vkCreateDevice", self.devices[0], byref(info), None, byref(device))
        return device

    def memory(self):
        device = self.make_device()
        try:
            return self.use_memory(device)
        finally:
            vk.vkDestroyDevice(device, None)

    def map_memory(self, device, size):
        """The memory and its address; the first type that the host sees as the device does."""
        properties = MemoryProperties()
        vk.vkGetPhysicalDeviceMemoryProperties(self.devices[0], byref(properties))
        types = [i for i in range(properties.type_count)
                 if properties.types[i].flags & HOST_VISIBLE_COHERENT == HOST_VISIBLE_COHERENT]
        info = MemoryAllocateInfo(type=5, size=size, index=types[0])
        memory, data = c_uint64(), c_void_p()
        call("vkAllocateMemory", device, byref(info), None, byref(memory))
        call("vkMapMemory", device, memory, c_uint64(0), c_uint64(size), c_uint32(0), byref(data))
        return memory, data

    def hold_memory(self, size):
        """Until the end of the process, all of it on one device. Its first and last bytes are written."""
        self.holder = self.holder or self.make_device()
        device, size = self.holder, int(size)
        _, data = self.map_memory(device, size)
        for at in (0, size - 1):
            ctypes.memset(data.value + at, 0x5a, 1)
        call("vkDeviceWaitIdle", device)
        return "held"

    def free_memory(self, size, count):
        """As many memories at the same time, all written, all freed; no call follows."""
        self.holder = self.holder or self.make_device()
        device, size = self.holder, int(size)
        memories = [self.map_memory(device, size) for _ in range(int(count))]
        for memory, data in memories:
            ctypes.memset(data, 0x5a, size)
            vk.vkFreeMemory(device, memory, None)
        return "freed"

    def keep_memory(self, size, count):
        """As many memories, all written, until destroy-all."""
        self.holder = self.holder or self.make_device()
        for _ in range(int(count)):
            ctypes.memset(self.map_memory(self.holder, int(size))[1], 0x5a, int(size))
        call("vkDeviceWaitIdle", self.holder)
        return "kept"

    def destroy_all(self):
        """No call follows."""
        vk.vkDestroyDevice(self.holder, None)
        self.holder = None
        return self.destroy()

    def cycle_memory(self, size, count):
        """The same, and the worker has done it."""
        self.free_memory(size, count)
        call("vkDeviceWaitIdle", self.holder)
        return "freed"

    def use_memory(self, device):
        memory, data = self.map_memory(device, MEMORY_SIZE)
        ctypes.memset(data, 0x5a, MEMORY_SIZE)
        text = ctypes.string_at(data, MEMORY_SIZE)
        vk.vkUnmapMemory(device, memory)
        call("vkDeviceWaitIdle", device)
        vk.vkFreeMemory(device, memory, None)
        return str(text.count(b"\x5a"))

    def destroy(self):
        vk.vkDestroyInstance(self.instance, None)
        self.instance = c_void_p()
        return "destroyed"

    def fork(self, *words):
        end, child_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(child_end, self.obey(*words).encode())
            finally:
                os._exit(0)
        os.close(child_end)
        here = self.obey(*words)
        with os.fdopen(end, "rb") as file:
            there = file.read().decode()
        os.waitpid(pid, 0)
        return f"{here} | {there}"

    def list_fds(self):
        names = []
        for fd in sorted(os.listdir("/proc/self/fd"), key=int):
            try:
                names.append(f"{fd}={os.readlink('/proc/self/fd/' + fd)}")
            except FileNotFoundError:
                pass  # that of listdir()
        return names

    def obey(self, word, *words):
        commands = {
            "extensions": self.extensions,
            "instance": self.make_instance,
            "memory": self.memory,
            "hold-memory": self.hold_memory,
            "free-memory": self.free_memory,
            "keep-memory": self.keep_memory,
            "destroy-all": self.destroy_all,
            "cycle-memory": self.cycle_memory,
            "destroy": self.destroy,
            "fds": lambda: str(len(self.list_fds())),
            "list-fds": lambda: " ".join(self.list_fds()),
            "fork": self.fork,
        }
        try:
            return commands[word](*words)
        except VulkanError as error:
            return f"failed: {error}"


def main():
    app = Application()
    for number, line in enumerate(sys.stdin, 1):
        print(f"{number}: {app.obey(*line.split())}", flush=True)


if __name__ == "__main__":
    main()
