# SPDX-License-Identifier: MIT

"""The results of deqp-vk's cases, natively and through Tongs: their files and their comparison."""

import collections
import csv
import os

# The results that deqp-vk reports for a case; Crash and Timeout are also ours, NotRun is only ours.
STATUSES = ["Pass", "QualityWarning", "CompatibilityWarning", "Waiver", "NotSupported", "Fail",
            "Pending", "ResourceError", "InternalError", "DeviceLost", "Crash", "Timeout", "NotRun"]
PASSING = STATUSES[:4]
# A case is worse through Tongs if its status ranks lower.
RANKS = [PASSING, ["NotSupported"], ["Fail", "Pending", "ResourceError", "InternalError"],
         ["DeviceLost", "Crash", "Timeout", "NotRun"]]

Result = collections.namedtuple("Result", "status detail seconds")


class Unusable(Exception):
    """Nothing can be compared; the text says why and what to do."""


def rank(status):
    return next(n for n, statuses in enumerate(RANKS) if status in statuses)


def write_results(path, cases, results):
    with open(path + ".new", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["case", *Result._fields])
        for case in cases:
            status, detail, seconds = results[case]
            writer.writerow([case, status, detail, f"{seconds:.3f}"])
    os.rename(path + ".new", path)


def read_results(path, cases, partial=False):
    """Results of cases of the list, by case. Of all of them, unless `partial`: then a last line
    that an interrupted run did not finish is left out, too."""
    try:
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        if partial and rows and None in rows[-1].values():
            rows.pop()
        found = {row["case"]: Result(row["status"], row["detail"], float(row["seconds"]))
                 for row in rows}
    except OSError as error:
        raise Unusable(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError):
        raise Unusable(f"{path}: not a table of case, status, detail, seconds, as "
                       "tests/conformance/run writes it") from None
    strange = [r.status for r in found.values() if r.status not in STATUSES]
    if strange:
        raise Unusable(f"{path}: {strange[0]!r} is no status")
    missing = [case for case in cases if case not in found]
    if missing and not partial:
        raise Unusable(f"{path}: no result of {len(missing)} cases of the list, the first of them "
                       f"{missing[0]}")
    return {case: found[case] for case in cases if case in found}


def verdict(native, tongs):
    if rank(tongs) == rank(native):
        return "other"
    return "worse" if rank(tongs) > rank(native) else "better"


def differences(cases, native, tongs):
    """(case, native status, Tongs' status, verdict, Tongs' detail) where the statuses differ."""
    return [(case, n.status, t.status, verdict(n.status, t.status), t.detail)
            for case, n, t in ((case, native[case], tongs[case]) for case in cases)
            if n.status != t.status]
