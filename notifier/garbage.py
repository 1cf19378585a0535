"""How often the garbage collector looks while mail is sent."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SELDOM = 500_000  # new objects between two looks: more than what mails have in common, which is bounded by its bytes

_lock = Lock()
_usual: list[tuple[int, int, int]] = []  # what the first run began with, once for each that is under way


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Let the garbage collector look seldom, and only at what is made from now on, until the last such block ends.

    What mails have in common is kept and grows at first: to look through all of it after every few mails would cost as
    much as half of the sending, and a look at each new object once still as much as taking its row. What is not kept
    goes without a collector, but for an error's traceback here and there.
    """
    with _lock:
        if not _usual:
            gc.freeze()
        _usual.append(_usual[0] if _usual else gc.get_threshold())
        gc.set_threshold(SELDOM, *_usual[0][1:])
    try:
        yield
    finally:
        with _lock:
            usual = _usual.pop()
            if not _usual:
                gc.freeze()  # and thaw as old what is left, which else would be looked through at once
                gc.set_threshold(*usual)
                gc.unfreeze()
