"""Run checks side by side, each in a thread of its own, until all have ended or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import TypeVar

from notifier.operations.doctor.findings import Area, CannotTellError, Finding, State, skipped, warning

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Check:
    """A check of one area.

    If the check does not end in time, a finding says so. `when_late` and `late_cure` are its state and its cure.
    """

    area: Area
    about: str
    run: Callable[[], Iterable[Finding]]
    when_late: State = State.SKIPPED
    late_cure: str = "run the command again; if it stays so, look at what it waits for"


@dataclass(slots=True)
class _RunningCheck:
    """A check in its thread. The findings that it has made so far count even if it never ends."""

    check: Check
    found: list[Finding] = field(default_factory=list)
    thread: Thread | None = None

    def begin(self) -> None:
        self.thread = Thread(target=self._go, name=f"doctor-{self.check.about}", daemon=True)
        self.thread.start()

    def is_running(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    def _go(self) -> None:
        check = self.check
        try:
            for finding in check.run():
                self.found.append(finding)
        except CannotTellError as reason:
            self.found.append(skipped(check.area, check.about, str(reason)))
        except PermissionError as error:
            why = f"the user who runs this command may not look at {error.filename}"
            self.found.append(skipped(check.area, check.about, why))
        except Exception as error:  # a check that fails must not stop the others
            what = f"this check failed itself ({type(error).__name__}: {error})"
            self.found.append(warning(check.area, check.about, what, "report this as a bug of notifier"))


def run_all(checks: Sequence[Check], seconds: float) -> tuple[list[Finding], bool]:
    """Return the findings of all checks, in their order, and whether all checks ended within these seconds.

    A thread that has not ended cannot be stopped; it does not keep the process from ending if it waits in Python code.
    """
    runs = [_RunningCheck(check) for check in checks]
    for each in runs:
        each.begin()
    deadline = time.monotonic() + seconds
    for each in runs:
        if each.thread:
            each.thread.join(max(0.0, deadline - time.monotonic()))
    late = [each for each in runs if each.is_running()]
    found = [
        finding
        for each in runs
        for finding in list(each.found) + ([_finding_of_late(each.check)] if each in late else [])
    ]
    return found, not late


def _finding_of_late(check: Check) -> Finding:
    return Finding(check.area, check.when_late, check.about, "it had not ended when the time was over", check.late_cure)


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns. Raises TimeoutError after these seconds; the call then goes on in a thread."""
    results: list[T] = []
    errors: list[Exception] = []

    def go() -> None:
        try:
            results.append(call())
        except Exception as error:  # raised again below, in the thread of the caller
            errors.append(error)

    thread = Thread(target=go, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]
