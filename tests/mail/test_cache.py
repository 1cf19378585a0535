"""The cache of what mails share: its size is limited, and it never changes a mail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.digest_samples import DIGEST, PAPER, SETTINGS, TEMPLATES, mail_of

from notifier.digests import items
from notifier.digests.cache import Cache
from notifier.mail import Composer


def test_tables_are_emptied_together_when_they_would_hold_too_much() -> None:
    cache = Cache(10)
    first, second = cache.table(), cache.table()
    cache.make_room(6)
    first["six bytes"] = 1
    cache.make_room(6)
    second["six more"] = 2
    assert (first, second) == ({}, {"six more": 2})


@pytest.mark.parametrize("cache_bytes", [0, 5_000, 10**9])
def test_a_digest_is_composed_to_the_same_bytes_each_time_whatever_the_size_of_the_cache(cache_bytes: int) -> None:
    own = Composer(SETTINGS, TEMPLATES, cache_bytes)
    papers = {PAPER.id: PAPER}
    assert {own.compose(DIGEST, papers).content for _ in range(6)} == {mail_of().content}


def test_items_in_the_first_version_of_their_format_give_the_same_mail() -> None:
    older = '[1,["quantization"],[[0,[[1,140,[8,20],[13,25]]]]],[]]'
    own = Composer(SETTINGS, TEMPLATES)
    sections, rest = own.read_items(older)
    mail = own.compose(replace(DIGEST, sections=sections, rest=rest), {PAPER.id: PAPER})
    assert (sections, rest) == items.decode(items.encode(DIGEST.sections, DIGEST.rest))
    assert mail == mail_of()
