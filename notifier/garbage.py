"""Set Python's garbage collector for work that makes many objects.

The collector belongs to the whole process, and several threads may need a setting at once. Each setting is therefore
made when the first `with` block that asks for it begins, and undone when the last such block ends.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

# The number of new objects after which the collector runs. The caches of mail parts have fewer objects, because their
# size in bytes is limited. So filling them alone starts no collection.
OBJECTS_BETWEEN_COLLECTIONS = 500_000

_lock = Lock()
_freezing_blocks = 0  # the number of running `collecting_new_objects` blocks
_usual_thresholds: list[tuple[int, int, int]] = []  # one entry for each running `collecting_seldom` block


def skip_collections_at_exit() -> None:
    """Let Python exit without examining all objects again; the operating system frees the memory anyway."""
    atexit.register(gc.freeze)


@contextmanager
def collecting_new_objects() -> Iterator[None]:
    """Let the collector examine only objects that are made inside the block.

    Work that makes many lasting objects starts full collections. Without this function, each collection would also
    examine all modules and caches, which are older than the block.
    """
    global _freezing_blocks  # noqa: PLW0603 - the collector is global, and so is the count of its blocks
    with _lock:
        if not _freezing_blocks:
            gc.freeze()
        _freezing_blocks += 1
    try:
        yield
    finally:
        with _lock:
            _freezing_blocks -= 1
            if not _freezing_blocks:
                gc.unfreeze()


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Let the collector run seldom inside the block, and only on objects that are made there.

    The caches of mail parts grow while mail is sent. To examine them after every few mails would cost half as much as
    sending the mail.
    """
    with collecting_new_objects():
        with _lock:
            _usual_thresholds.append(_usual_thresholds[0] if _usual_thresholds else gc.get_threshold())
            gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *_usual_thresholds[0][1:])
        try:
            yield
        finally:
            with _lock:
                usual = _usual_thresholds.pop()
                if not _usual_thresholds:
                    gc.freeze()  # count all new objects as old, so that no collection starts at once
                    gc.set_threshold(*usual)
