"""How often the garbage collector looks while mail is sent."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 50_000  # new objects between two looks
USUAL = gc.get_threshold()


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Let the garbage collector look seldom, and only at what is made from now on.

    What mails have in common is kept and grows at first: to look through all of it after every few mails would cost as
    much as half of the sending. What is not kept goes without a collector, but for an error's traceback here and there.
    """
    gc.freeze()
    gc.set_threshold(SELDOM, *USUAL[1:])
    try:
        yield
    finally:
        gc.set_threshold(*USUAL)
        gc.unfreeze()
