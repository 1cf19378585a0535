"""Whether a claim still is to be sent: asked for each mail, right before it is written, and so made cheap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import Engine

from notifier.store import outbox
from notifier.store.engine import asking
from notifier.store.outbox import Claim


class StillHeld(Protocol):
    """See holding; `next_ones` are those that will be asked for soon."""

    def __call__(self, claim: Claim, next_ones: Iterable[Claim] = ()) -> bool: ...


@contextmanager
def holding(engine: Engine) -> Iterator[StillHeld]:
    """A question, for as long as the block lasts: is this claim still its sender's, and has its reader not left?

    The answer is true as of the moment at which it is asked: whatever was committed before, by anyone, counts. The
    claims that will be asked for next are looked up along with the first: as long as the database says that nobody has
    committed anything since, what was read then stands.
    """
    seen: int | None = None
    known: dict[tuple[int, int], bool] = {}
    question = outbox.held_question(engine.dialect.name)
    with asking(engine) as ask:

        def still_held(claim: Claim, next_ones: Iterable[Claim] = ()) -> bool:
            nonlocal seen, known
            key = claim.id, claim.epoch
            version = ask.version()
            if version is None or version != seen or key not in known:
                keys = [key] if version is None else [key, *((each.id, each.epoch) for each in next_ones)]
                held = set(ask.rows(question, {"row_ids": [row_id for row_id, _ in keys]}))
                seen, known = version, {each: each in held for each in keys}
            return known[key]

        yield still_held
