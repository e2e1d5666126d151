# SPDX-License-Identifier: MIT

"""What bench/compare found, as a table for a terminal, as Markdown and as a plot.

A report is a dict, as bench/compare writes it to JSON:

   {"rounds": 5, "quick": false, "cpus": 2, "load": [1.2, 1.4], "server": "spawn",
    "contenders": {"native": {"name": "llvmpipe …", "driver": "llvmpipe", "info": "Mesa …"}, …},
    "rows": [{"name": "submit-wait", "unit": "us", "better": "lower", "what": "…",
              "results": {"native": {"status": "ok", "value": 46.0, "rounds": [45.1, …]}, …}}]}
"""

import html
import math
from typing import NamedTuple


class Goal(NamedTuple):
    """What Tongs is to reach in one row."""

    row: str        # "submit-wait"
    bound: float    # 2.0
    at_most: bool   # True: <=, False: >=
    absolute: bool  # True: in the row's unit, False: as a ratio to native
    server: bool    # True: only where a server was running already

    def text(self, unit):
        sign = "<=" if self.at_most else ">="
        return f"{sign} {self.bound:g} {unit}" if self.absolute else f"{sign} {self.bound:g}x"


def _ratio(row, bound, at_most=True, server=False):
    return Goal(row, bound, at_most, False, server)


def _value(row, bound):
    return Goal(row, bound, True, True, False)


GOALS = {goal.row: goal for goal in (
    _ratio("submit-wait", 2),
    _ratio("submit-wait-load", 5),
    _ratio("submit-wait-idle5", 2.5),
    _ratio("wait-idle", 0.3, at_most=False),
    _ratio("fence-status", 0.5, at_most=False),
    _ratio("fence-status-pending", 0.5, at_most=False),
    _ratio("timeline-value", 0.5, at_most=False),
    _ratio("submit-burst", 2),
    _ratio("timeline-host", 5),
    _ratio("timeline-signal", 5),
    _ratio("event", 5),
    _value("hot-call", 3),
    _ratio("start-warm", 2),
    _ratio("start-cold", 0.7, server=True),
    _ratio("buffer-create", 3),
    _ratio("image-view-create", 3),
    _ratio("fence-create", 5),
    _ratio("descriptor-update", 3),
    _ratio("record-dispatch", 1),
    _ratio("record-dispatch-bare", 1),
    _ratio("record-draw", 1),
    _ratio("record-draw-bare", 1),
    _ratio("record-states", 1),
    _ratio("rerecord-dispatch", 1),
    _ratio("rerecord-draw", 1),
    _ratio("submit-states", 8),
    _value("map", 0.5),
    _ratio("allocate-16m", 3),
    # "1 KiB upload <= 2x" is a time; the row is a rate.
    _ratio("up-1k", 0.5, at_most=False),
    _ratio("up-16m", 0.95, at_most=False),
    _ratio("down-16m", 0.95, at_most=False),
    _ratio("up-256m", 0.95, at_most=False),
    _ratio("down-256m", 0.95, at_most=False),
    _ratio("frames-100", 0.85, at_most=False),
    _ratio("vkmark-score", 0.6, at_most=False),
    _ratio("vkmark-clear", 0.4, at_most=False),
    _ratio("vkmark-cube", 0.7, at_most=False),
    _value("client-rss", 16),
)}

# The one row where Venus may be faster, and rows that are no speed of a call.
NOT_AGAINST_VENUS = ("hot-call", "client-rss", "worker-pss")


def value(row, contender):
    """The median, or None where there is none."""
    result = row["results"].get(contender, {})
    return result.get("value") if result.get("status") == "ok" else None


def ratio(row, contender):
    """To native, in the row's own unit; None where one of the two is missing."""
    base, own = value(row, "native"), value(row, contender)
    return own / base if base and own else None


def slowdown(row, contender):
    """How many times slower than native: above 1 is worse, whatever the unit."""
    own = ratio(row, contender)
    if own is None:
        return None
    return own if row["better"] == "lower" else 1 / own


def goal_state(row, report):
    """(text, met) of the row's goal; met is None where it cannot be told; None without a goal."""
    goal = GOALS.get(row["name"])
    if not goal:
        return None
    text = goal.text(row["unit"])
    if goal.server and report["server"] == "spawn":
        return text + " on a server", None
    own = value(row, "tongs") if goal.absolute else ratio(row, "tongs")
    if own is None:
        return text, None
    return text, own <= goal.bound if goal.at_most else own >= goal.bound


def venus_state(row):
    """Whether Tongs is ahead of Venus; None where it cannot be told or does not matter."""
    tongs, venus = value(row, "tongs"), value(row, "venus")
    if tongs is None or venus is None or row["name"] in NOT_AGAINST_VENUS:
        return None
    return tongs < venus if row["better"] == "lower" else tongs > venus


def slower_than_before(row):
    """How many times slower the row is than with the build before; None unless it is slower by
    more than noise: every round of `tongs` is worse than every round of `before`."""
    tongs, before = row["results"].get("tongs", {}), row["results"].get("before", {})
    if tongs.get("status") != "ok" or before.get("status") != "ok":
        return None
    lower = row["better"] == "lower"
    apart = (min(tongs["rounds"]) > max(before["rounds"]) if lower
             else max(tongs["rounds"]) < min(before["rounds"]))
    if not apart:
        return None
    times = tongs["value"] / before["value"]
    return times if lower else 1 / times


def summary(report):
    """Goals met, goals told, and names of the rows that miss theirs or are behind Venus."""
    states = [(row["name"], goal_state(row, report)) for row in report["rows"]]
    told = [(name, state[1]) for name, state in states if state and state[1] is not None]
    return {
        "goals": len(told),
        "met": sum(1 for _, met in told if met),
        "missed": [name for name, met in told if not met],
        "behind_venus": [row["name"] for row in report["rows"] if venus_state(row) is False],
    }


# --- Tables -------------------------------------------------------------------------------------

def number(x):
    """Four digits: 0.0183, 46.12, 30,120,000."""
    if x is None:
        return ""
    if x == 0 or not math.isfinite(x):
        return f"{x:g}"
    decimals = 3 - math.floor(math.log10(abs(x)))
    return f"{round(x, decimals):,.{max(0, decimals)}f}"


def _cell(row, contender):
    result = row["results"].get(contender)
    if result is None:
        return ""
    return number(result["value"]) if result["status"] == "ok" else result["status"]


def _header(report):
    names = list(report["contenders"])
    return (["row", "unit", "better"] + names +
            [f"{name}/native" for name in names if name != "native"] + ["goal", ""])


def _cells(report):
    names = list(report["contenders"])
    for row in report["rows"]:
        state = goal_state(row, report)
        marks = []
        if state:
            marks.append({None: "?", True: "met", False: "NOT MET"}[state[1]])
        if venus_state(row) is False:
            marks.append("behind Venus")
        ratios = [ratio(row, name) for name in names if name != "native"]
        yield ([row["name"], row["unit"], row["better"]] +
               [_cell(row, name) for name in names] +
               [f"{own:.3g}x" if own is not None else "" for own in ratios] +
               [state[0] if state else "", ", ".join(marks)])


def _reasons(report):
    for row in report["rows"]:
        for name, result in row["results"].items():
            if result["status"] != "ok":
                yield f"{row['name']}, {name}: {result['status']}: {result['reason']}"


def conditions(report):
    """Lines that say what was measured, and where."""
    for name, device in report["contenders"].items():
        yield f"{name}: {device['name']}; {device['driver']}, {device['info']}"
    load = " to ".join(f"{x:.2f}" for x in report["load"])
    quick = ", quick" if report["quick"] else ""
    yield (f"medians of {report['rounds']} interleaved rounds{quick} on {report['cpus']} cores; "
           f"Tongs over {report['server']}; {report['when']}; load average {load}")


def _closing(report):
    found = summary(report)
    yield f"goals: {found['met']} of {found['goals']} met"
    if found["missed"]:
        yield "not met: " + ", ".join(found["missed"])
    if found["behind_venus"]:
        yield "behind Venus: " + ", ".join(found["behind_venus"])
    if "before" in report["contenders"]:
        slower = [(row["name"], slower_than_before(row)) for row in report["rows"]]
        names = [f"{name} ({times:.2f})" for name, times in slower if times]
        yield "slower than before in every round: " + (", ".join(names) or "none")


def as_text(report):
    table = [_header(report)] + list(_cells(report))
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    left = {0, 1, 2, len(widths) - 2, len(widths) - 1}
    lines = list(conditions(report)) + [""]
    for line in table:
        lines.append("  ".join(cell.ljust(width) if i in left else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip())
    return "\n".join(lines + [""] + list(_reasons(report)) + list(_closing(report))) + "\n"


def as_markdown(report):
    header = _header(report)
    rule = ["---" if i < 3 or i > len(header) - 3 else "---:" for i in range(len(header))]
    lines = [f"- {line}" for line in conditions(report)] + [""]
    for line in [header, rule] + list(_cells(report)):
        lines.append("| " + " | ".join(line) + " |")
    rest = [f"- {line}" for line in list(_reasons(report)) + list(_closing(report))]
    return "\n".join(lines + [""] + rest) + "\n"


# --- The plot -----------------------------------------------------------------------------------

COLOURS = {"tongs": "#2f6f9f", "before": "#9aa7b0", "venus": "#c9803d"}
BAR, GAP, LEFT, WIDTH, TOP, RIGHT = 9, 7, 190, 560, 76, 90


class Axis(NamedTuple):
    """Logarithms of slowdowns, laid out from left to right."""

    low: float   # -1: ten times faster than native
    high: float  # 3: a thousand times slower

    def x(self, times):
        share = (math.log10(times) - self.low) / (self.high - self.low)
        return LEFT + WIDTH * min(1, max(0, share))


def _text(x, y, words, anchor="start", size=11, colour="#222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="{colour}">{html.escape(words)}</text>')


def _line(x1, y1, x2, y2, colour, width=1):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}" stroke-width="{width}"/>')


def _goal_slowdown(row, report):
    goal, base = GOALS.get(row["name"]), value(row, "native")
    if not goal or not base or (goal.server and report["server"] == "spawn"):
        return None
    times = goal.bound / base if goal.absolute else goal.bound
    return times if row["better"] == "lower" else 1 / times


def _bars(row, report, axis, names, y):
    for name in names:
        times = slowdown(row, name)
        if times is not None:
            x1, x2 = sorted((axis.x(1), axis.x(times)))
            yield (f'<rect x="{x1:.1f}" y="{y:.1f}" width="{max(1, x2 - x1):.1f}" '
                   f'height="{BAR}" fill="{COLOURS.get(name, "#888")}"/>')
            yield _text(x2 + 4, y + BAR - 1, f"{times:.2g}x", size=9, colour="#555")
        y += BAR
    goal = _goal_slowdown(row, report)
    if goal:
        top = y - BAR * len(names)
        yield _line(axis.x(goal), top - 2, axis.x(goal), y + 2, "#b00020", 2)


def as_svg(report):
    """Bars of how many times slower than native each row is; red marks are the goals."""
    names = [name for name in report["contenders"] if name != "native"]
    rows = [row for row in report["rows"] if any(slowdown(row, name) for name in names)]
    logs = [math.log10(slowdown(row, name))
            for row in rows for name in names if slowdown(row, name)] or [0]
    axis = Axis(math.floor(min(-0.5, min(logs))), math.ceil(max(1, max(logs))))
    step = BAR * len(names) + GAP
    height = TOP + step * len(rows) + 24

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + RIGHT}" '
           f'height="{height}" font-family="sans-serif">',
           '<rect width="100%" height="100%" fill="#fff"/>',
           _text(10, 20, "Times slower than native (left of 1: faster); red marks: goals", size=14)]
    for i, name in enumerate(names):
        device = report["contenders"][name]
        out.append(f'<rect x="10" y="{28 + 13 * i}" width="10" height="10" '
                   f'fill="{COLOURS.get(name, "#888")}"/>')
        out.append(_text(25, 37 + 13 * i, f"{name}: {device['name']}", size=10))
    for power in range(axis.low, axis.high + 1):
        x = axis.x(10 ** power)
        out.append(_line(x, TOP - 8, x, height - 20, "#222" if power == 0 else "#ddd"))
        out.append(_text(x, TOP - 12, f"{10.0 ** power:g}", "middle", 10, "#555"))
    y = TOP
    for row in rows:
        out.append(_text(LEFT - 8, y + step / 2, row["name"], "end"))
        out.extend(_bars(row, report, axis, names, y))
        y += step
    return "\n".join(out + ["</svg>"]) + "\n"
