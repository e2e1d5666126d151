# SPDX-License-Identifier: MIT
"""Selects the commands that are forwarded, and records which providers bring commands and types.

Reads the registry and policy.py. `select` fills the providers and reasons of the context; the other functions only look.
"""

from __future__ import annotations

import policy
from context import Context
from registry import Command as RegCommand
from registry import Provider


LEVELS = {"VkInstance": "instance", "VkPhysicalDevice": "physical", "VkDevice": "device", "VkQueue": "queue",
          "VkCommandBuffer": "command", "VkExternalComputeQueueNV": "device"}


NEWER = "newer than protocol/ops.txt"


def provider_reason(p: Provider) -> str:
    """Why a provider is left out; empty if it is forwarded."""
    if p.name in policy.LEFT_OUT_EXTENSIONS:
        return policy.LEFT_OUT_EXTENSIONS[p.name]
    if p.platform == "provisional" or p.provisional:
        return policy.PROVISIONAL_REASON
    if p.platform:
        return policy.LEFT_OUT_PLATFORMS_REASON
    return ""


def select(cx: Context) -> list[str]:
    reg = cx.reg
    commands: dict[str, str] = {}
    for p in reg.providers:
        reason = provider_reason(p)
        cx.reasons[p.name] = reason
        for c in p.commands:
            cx.command_providers.setdefault(c, []).append(p)
            name = reg.canonical(c)
            why = cx.left_out_commands.get(name, reason)
            if name not in commands or (commands[name] and not why):
                commands[name] = why
        if not reason:
            for t in p.types:
                cx.type_providers.setdefault(reg.canonical(t), []).append(p.name)
    for name, why in sorted(commands.items()):
        if why:
            cx.ir.left_out.append((name, why))
    return [c for c in reg.commands if commands.get(c, "x") == ""]


def c_name(cx: Context, canonical: str) -> str:
    """The name of a command in C: the same whatever the registry's age."""
    if canonical in cx.local:
        return cx.local[canonical]
    number = cx.numbers.ops.get(canonical)
    return cx.numbers.op_names[number] if number else canonical


def level_of(c: RegCommand) -> str:
    return LEVELS.get(c.params[0].type, "global") if c.params else "global"
