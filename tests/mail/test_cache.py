"""What is kept of mails is bounded, and what takes most room drives out nothing but its like."""

from __future__ import annotations

import pytest
from support.digest_samples import DIGEST, PAPER, SETTINGS, TEMPLATES, mail_of

from notifier.digests.cache import Memory
from notifier.mail.compiled import bodies
from notifier.mail.composer import Composer


def test_tables_start_anew_together_when_they_would_hold_too_much() -> None:
    memory = Memory(10)
    first, second = memory.table(), memory.table()
    memory.spend(6)
    first["six bytes"] = 1
    memory.spend(6)
    second["six more"] = 2
    assert (first, second) == ({}, {"six more": 2})


def test_a_part_starts_anew_by_itself_and_whenever_the_whole_does() -> None:
    memory = Memory(100)
    part = memory.part(10)
    cards, letters = memory.table(), part.table()
    cards["a card"] = letters["a letter"] = 1
    part.spend(11)
    assert (cards, letters) == ({"a card": 1}, {})
    letters["a letter"] = 1
    memory.spend(101)
    assert (cards, letters) == ({}, {})


@pytest.mark.parametrize("share", [1, 10**9])
def test_a_letter_that_is_told_often_is_the_same_whether_there_is_room_to_join_it_or_not(
    monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    monkeypatch.setattr(bodies, "JOINED_SHARE", share)
    composer = Composer(SETTINGS, TEMPLATES)
    papers = {PAPER.id: PAPER}
    assert {composer.compose(DIGEST, papers).content for _ in range(6)} == {mail_of().content}
