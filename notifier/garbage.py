"""Settings of Python's garbage collector for work that makes many objects.

The collector belongs to the whole process, and several steps may run at once in threads. Each setting is therefore made
when the first block that asks for it begins, and undone when the last one ends.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SELDOM = 500_000  # new objects between two collections: more than the caches of mails, which are bounded by their bytes

_lock = Lock()
_frozen = 0  # blocks under way that leave old objects alone
_thresholds: list[tuple[int, int, int]] = []  # the usual thresholds, once for each block under way that changes them


@contextmanager
def collecting_new_objects() -> Iterator[None]:
    """Let the collector examine only objects that are made from now on, until the last such block ends.

    A step that makes many objects which all stay would otherwise make the collector examine all modules and caches too.
    """
    global _frozen  # noqa: PLW0603 - it counts blocks of the whole process, as the collector does
    with _lock:
        if not _frozen:
            gc.freeze()
        _frozen += 1
    try:
        yield
    finally:
        with _lock:
            _frozen -= 1
            if not _frozen:
                gc.unfreeze()


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Let the collector run seldom, and only on objects that are made from now on, until the last such block ends.

    Caches of mail parts grow while mail is sent: examining them after every few mails would cost half as much as the
    sending itself.
    """
    with collecting_new_objects():
        with _lock:
            _thresholds.append(_thresholds[0] if _thresholds else gc.get_threshold())
            gc.set_threshold(SELDOM, *_thresholds[0][1:])
        try:
            yield
        finally:
            with _lock:
                usual = _thresholds.pop()
                if not _thresholds:
                    gc.freeze()  # so that unfreezing counts what is left as old, and no collection starts at once
                    gc.set_threshold(*usual)
