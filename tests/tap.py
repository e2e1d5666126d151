# SPDX-License-Identifier: MIT

"""The runner of the Python tests: it prints TAP (the Test Anything Protocol), which meson reads.

A test is a function under @test whose name is a sentence. It ends by returning, by an exception (it
failed), or by Skip (this machine cannot tell, and why). A test file ends with `sys.exit(tap.main())`.

Tests that are made from data call fact() for each and end with `sys.exit(tap.end())`.

A file in another folder finds this one by `sys.path.insert(0, TESTS_FOLDER)`.
"""

import contextlib
import sys
import traceback

_tests = []
_count = 0
_failed = 0


class Skip(Exception):
    """The test cannot be made on this machine; the text says why."""


def test(function):
    _tests.append(function)
    return function


def diag(text):
    """Text for a person who reads the log."""
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def fact(holds, sentence, explanation="", skip=None):
    """Reports one test. `explanation` is printed if it does not hold. `skip` is the reason why it could not be made."""
    global _count, _failed
    _count += 1
    if not holds:
        _failed += 1
        diag(explanation)
    reason = " ".join(str(skip).split()) if skip is not None else ""
    print(f"{'ok' if holds else 'not ok'} {_count} - {sentence}" + (f" # SKIP {reason}" if skip is not None else ""),
          flush=True)


def skip_all(reason):
    """The whole file cannot run here; gives the exit status."""
    print(f"1..0 # SKIP {reason}", flush=True)
    return 0


def end():
    """Prints how many tests there were; gives the exit status. A file without a test fails."""
    print(f"1..{_count}", flush=True)
    return 1 if _failed or not _count else 0


def main(words=(), around=contextlib.nullcontext):
    """Runs the tests whose names hold one of the words, or all; gives the exit status. `around` makes the context
    in which a test runs; an exception from its end fails the test, too."""
    chosen = [f for f in _tests if not words or any(w in f.__name__ for w in words)]
    if not chosen:
        print("no test has such a name", file=sys.stderr)
    for function in chosen:
        name = function.__name__.replace("_", " ")
        try:
            with around():
                function()
            fact(True, name)
        except Skip as reason:
            fact(True, name, skip=str(reason) or "no reason is given")
        except Exception:
            fact(False, name, traceback.format_exc())
    return end()
