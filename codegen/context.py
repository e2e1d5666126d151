# SPDX-License-Identifier: MIT
"""The state shared by the modules that turn the registry into the IR: the registry, the numbers, policy.py spelled as this
registry spells it, and what is found on the way.

A Context belongs to one run. The functions take it as their first argument; each field's comment names the module that fills it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import policy
from ir import IR, Member
from numbering import Numbers
from registry import Provider, Registry


class Unsupported(Exception):
    """The registry holds something that the generator cannot handle. The text names Struct.member or the command."""


def spellings(reg: Registry, name: str) -> list[str]:
    """The names that a command of policy.py has in this registry, which may predate a promotion: one, or none."""
    return [reg.canonical(n) for n in (name, name + "KHR", name + "EXT") if n in reg.commands or n in reg.aliases][:1]


def spelled(reg: Registry, commands: set[str]) -> set[str]:
    return {n for name in commands for n in spellings(reg, name)}


def ignored_unless(reg: Registry) -> dict[str, str]:
    """The rules of ignored.py whose symbols this registry has, as C over `v` and `e`."""
    rules = dict(policy.IGNORED_UNLESS)
    known = set(reg.structs) | {p.name for p in reg.providers} | {n for e in reg.enums.values() for n, _ in e.values} | \
        set(reg.commands) | set(reg.aliases)
    for symbol, newer in policy.IGNORED_UNLESS_NEWER.items():
        if symbol in known:
            rules.update(newer)
    return {key: cond.replace("args->", "v->") for key, cond in rules.items()}


@dataclass
class Context:
    reg: Registry
    numbers: Numbers
    ir: IR

    # policy.py, with the names that commands have in this registry
    ignored: dict[str, str]               # "VkBufferCreateInfo.pQueueFamilyIndices" -> C over v and e
    left_out_commands: dict[str, str]     # name -> reason
    local: dict[str, str]                 # name here -> name in policy.py
    hand_entries: set[str]
    hand_handlers: set[str]
    hand_decoders: set[str]
    takes_fd: set[str]
    compiled: set[str]
    after_compilations: set[str]
    posts: set[str]
    post_bounds: dict[str, str]
    unbounded_posts: set[str]
    post_failures: dict[str, str]
    no_host_addresses: set[str]
    emptying: set[str]
    blocking: dict[str, str]
    waits_if: dict[str, str]
    hand_checks: set[str]
    cached: set[str]
    cached_in_device: set[str]
    also_posts: set[str]
    sent_at_once: set[str]
    noted: set[str]
    outputs_on_failure: set[str]

    # selection.py
    type_providers: dict[str, list[str]] = field(default_factory=dict)          # type -> names of forwarded providers
    command_providers: dict[str, list[Provider]] = field(default_factory=dict)  # command, aliases too -> its providers
    reasons: dict[str, str] = field(default_factory=dict)                       # provider -> why it is left out, or ""

    # members.py and layout.py: what they have built once
    members: dict[str, tuple[Member, ...]] = field(default_factory=dict)
    cases: dict[str, tuple[tuple[tuple[str, ...], Member], ...]] = field(default_factory=dict)
    pods: dict[str, bool] = field(default_factory=dict)

    # scalars.py: enum -> the runs of its values
    enum_runs: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    # commands.py
    args: dict[str, tuple[Member, ...]] = field(default_factory=dict)   # command -> its parameters and values of our own

    # resolve.py: type -> what members of that type say about it
    described: dict[str, dict] = field(default_factory=dict)

    # reach.py: names of structs and unions
    inputs: set[str] = field(default_factory=set)      # travel to the worker
    outputs: set[str] = field(default_factory=set)     # come back
    standalone: set[str] = field(default_factory=set)  # occur outside of chains
    chained: set[str] = field(default_factory=set)     # occur in chains
    arrayed: set[str] = field(default_factory=set)     # occur in arrays
    pointered: set[str] = field(default_factory=set)   # occur behind arrays of pointers
    children: dict[str, list[str]] = field(default_factory=dict)   # struct -> the structs that extend it


def check_reasons() -> None:
    """Raises Unsupported for an entry of policy.py that leaves something out and does not say why."""
    for table in (policy.LEFT_OUT_EXTENSIONS, policy.LEFT_OUT_COMMANDS, policy.LEFT_OUT_STRUCTS, policy.LEFT_OUT_MEMBERS,
                  policy.FEATURES_OFF, policy.NOT_RETURNED, policy.NO_HOST_ADDRESSES, policy.UNBOUNDED_POSTS):
        for name, why in table.items():
            if not why.strip():
                raise Unsupported(f"policy.py: {name} is left out without a reason")


def new_context(reg: Registry, numbers: Numbers) -> Context:
    check_reasons()
    return Context(
        reg, numbers, IR(reg.header_version),
        ignored=ignored_unless(reg),
        left_out_commands={n: why for name, why in policy.LEFT_OUT_COMMANDS.items() for n in spellings(reg, name)},
        local={n: name for name in policy.LOCAL_COMMANDS for n in spellings(reg, name)},
        hand_entries=spelled(reg, policy.HAND_ENTRY_POINTS),
        hand_handlers=spelled(reg, policy.HAND_HANDLERS),
        hand_decoders=spelled(reg, policy.HAND_DECODERS),
        takes_fd=spelled(reg, policy.TAKES_FD),
        compiled=spelled(reg, policy.COMPILED),
        after_compilations=spelled(reg, policy.AFTER_COMPILATIONS),
        posts=spelled(reg, policy.POSTS),
        post_bounds={n: bound for name, bound in policy.POST_BOUNDS.items() for n in spellings(reg, name)},
        unbounded_posts=spelled(reg, set(policy.UNBOUNDED_POSTS)),
        post_failures={n: how for name, how in policy.POST_FAILURES.items() for n in spellings(reg, name)},
        no_host_addresses=spelled(reg, set(policy.NO_HOST_ADDRESSES)),
        emptying=spelled(reg, policy.EMPTYING),
        blocking={n: timeout for name, timeout in policy.BLOCKING.items() for n in spellings(reg, name)},
        waits_if={n: condition for name, condition in policy.WAITS_IF.items() for n in spellings(reg, name)},
        hand_checks=spelled(reg, policy.HAND_CHECKS),
        cached=spelled(reg, policy.CACHED),
        cached_in_device=spelled(reg, policy.CACHED_IN_DEVICE),
        also_posts=spelled(reg, policy.ALSO_POSTS),
        sent_at_once=spelled(reg, policy.SENT_AT_ONCE),
        noted=spelled(reg, policy.NOTED),
        outputs_on_failure=spelled(reg, policy.OUTPUTS_ON_FAILURE),
    )
