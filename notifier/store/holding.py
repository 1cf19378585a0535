"""Whether a claim still is to be sent: asked for each mail, right before it is written, and so made cheap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from notifier.store import outbox
from notifier.store.engine import asking
from notifier.store.outbox import Claim

StillHeld = Callable[[Claim], bool]


@contextmanager
def holding(engine: Engine) -> Iterator[StillHeld]:
    """A question, for as long as the block lasts: is this claim still its sender's, and has its reader not left?

    The answer is true as of the moment at which it is asked: whatever was committed before, by anyone, counts.
    """
    with asking(engine, outbox.IS_HELD) as ask:

        def still_held(claim: Claim) -> bool:
            return bool(ask({"claimed_id": claim.id, "claimed_epoch": claim.epoch}))

        yield still_held
