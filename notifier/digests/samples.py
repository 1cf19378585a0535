"""Provide sample digests, notices and alerts, with which templates are checked.

One digest has every value, one has as few values as possible, and one is too large for a mail.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from notifier.digests.labels import MAX_LABELS
from notifier.models import (
    Alert,
    AlertDetails,
    DeliveryKind,
    Digest,
    Item,
    Notice,
    NoticeDetails,
    Paper,
    Section,
    Spans,
)

_PAPER = Paper(
    id=1,
    key="2607.00001",
    title="A Title",
    abstract=f"An abstract begins. {'Words that matched ' * 18}end. {'We propose a method that is new, ' * 8}and good.",
    sequence=1,
    first_seen=datetime(2026, 7, 6, tzinfo=UTC),
    listed_on=date(2026, 7, 6),
    arxiv_id="2607.00001",
    authors=("Ada Lovelace", "Alan Turing"),
    code="https://example.org/code",
    stars=46,
    project="https://example.org/project",
    topics=frozenset({"topic"}),
)
_BARE_PAPER = Paper(2, "t-2", "A Title", "", 2, _PAPER.first_seen, _PAPER.listed_on)
_LONG_PAPER = replace(_BARE_PAPER, id=3, title="A Long Title " * 40)
PAPERS = {each.id: each for each in (_PAPER, _BARE_PAPER, _LONG_PAPER)}
_ITEM = Item(1, 140, Spans(((2, 7),), ((3, 11),)), ("another label",), votes=12, because="A Liked Title")
# The excerpt shows the sentence about the method, and leaves out the long one with the word that matched.
_UNMARKED_ITEM = Item(1, 140, Spans((), ((_PAPER.abstract.index("matched"), _PAPER.abstract.index("matched") + 7),)))
FULL = Digest(
    recipient="subscriber@example.org",
    period="2026-07-06",
    planned_at=datetime(2026, 7, 6, 8, tzinfo=UTC),
    message_id="<check@example.org>",
    subject="A subject",
    sections=(
        Section("a label", (_ITEM, _UNMARKED_ITEM, _ITEM, Item(2)), 1, "A sentence about it."),
        *[Section("b", (Item(2),), 1)] * MAX_LABELS,
    ),
    rest=(_ITEM, Item(2)),
    subscriber_id=1,
    delivery_id=1,
)
BARE = replace(FULL, sections=(Section("a label", (Item(2),)),), rest=(), subscriber_id=None, delivery_id=None)
TOO_LARGE = replace(BARE, delivery_id=1, sections=(Section("a label", (Item(3),) * 200),))

_NOTICE = Notice(
    kind=DeliveryKind.CONFIRMATION,
    recipient=FULL.recipient,
    message_id=FULL.message_id,
    subject=FULL.subject,
    planned_at=FULL.planned_at,
    details=NoticeDetails("c", 1, ("a topic", "1 search")),
)
NOTICES = (
    _NOTICE,
    replace(_NOTICE, details=replace(_NOTICE.details, is_addition=True)),
    replace(_NOTICE, kind=DeliveryKind.SIGN_IN, details=NoticeDetails("i", 1)),
    replace(_NOTICE, kind=DeliveryKind.ADDRESS_CHANGE, details=NoticeDetails("o", 1, new_email="new@example.org")),
    replace(_NOTICE, kind=DeliveryKind.ADDRESS_CHANGE, details=NoticeDetails("n", 1)),
)

_ALERT = Alert(
    recipient=FULL.recipient,
    message_id=FULL.message_id,
    subject=FULL.subject,
    planned_at=FULL.planned_at,
    details=AlertDetails("a source", "broken since Monday", "Mend it"),
)
ALERTS = (
    _ALERT,
    replace(_ALERT, details=AlertDetails("a source", "it is well again", is_well=True)),
    replace(_ALERT, details=replace(_ALERT.details, flaps=True)),
)
