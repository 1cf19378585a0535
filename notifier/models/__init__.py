"""The values that the components of notifier pass to each other: papers, dumps, subscribers, digests and mails.

All of them are immutable. This package does no I/O and reads no clock.
"""

from __future__ import annotations

from notifier.models.admin import AdminEntry
from notifier.models.clocks import Clock
from notifier.models.curation import ASPECTS, ERASED, Curation
from notifier.models.deliveries import KINDS_WITH_PAPERS, DeliveryKind, DeliveryState, Envelope, Mail, RelayState
from notifier.models.digests import Alert, AlertDetails, Digest, Item, Notice, NoticeDetails, PinNote, Section
from notifier.models.events import (
    CHANNEL_PREFIX,
    EVENT_LISTS,
    TEST_EVENT,
    Endpoint,
    EndpointKind,
    EventType,
    ServiceAnswer,
)
from notifier.models.lists import ListOrder
from notifier.models.papers import (
    ANNOUNCED_AGAIN_WITHIN,
    DAILY_PAPERS,
    PAGE_TEXT,
    RANKED_FORMATS,
    Announce,
    DumpStatus,
    Feedback,
    ListedOnFrom,
    Listing,
    MarkedWords,
    Paper,
    PaperFields,
    ParsedDump,
    Pin,
    Skipped,
    Span,
    Spans,
    Tags,
    merge_spans,
)
from notifier.models.proposals import AllOf, AnyOf, Proposal, Term, TermKind, WordSearch
from notifier.models.returned import InboxState, ReturnedKind
from notifier.models.sources import DayCount, Health, SourceHistory
from notifier.models.subscribers import Cadence, RequestKind, Subscriber, SubscriberState, Subscription
from notifier.models.tokens import AccessToken, Scope

__all__ = [
    "ANNOUNCED_AGAIN_WITHIN",
    "ASPECTS",
    "CHANNEL_PREFIX",
    "DAILY_PAPERS",
    "ERASED",
    "EVENT_LISTS",
    "KINDS_WITH_PAPERS",
    "PAGE_TEXT",
    "RANKED_FORMATS",
    "TEST_EVENT",
    "AccessToken",
    "AdminEntry",
    "Alert",
    "AlertDetails",
    "AllOf",
    "Announce",
    "AnyOf",
    "Cadence",
    "Clock",
    "Curation",
    "DayCount",
    "DeliveryKind",
    "DeliveryState",
    "Digest",
    "DumpStatus",
    "Endpoint",
    "EndpointKind",
    "Envelope",
    "EventType",
    "Feedback",
    "Health",
    "InboxState",
    "Item",
    "ListOrder",
    "ListedOnFrom",
    "Listing",
    "Mail",
    "MarkedWords",
    "Notice",
    "NoticeDetails",
    "Paper",
    "PaperFields",
    "ParsedDump",
    "Pin",
    "PinNote",
    "Proposal",
    "RelayState",
    "RequestKind",
    "ReturnedKind",
    "Scope",
    "Section",
    "ServiceAnswer",
    "Skipped",
    "SourceHistory",
    "Span",
    "Spans",
    "Subscriber",
    "SubscriberState",
    "Subscription",
    "Tags",
    "Term",
    "TermKind",
    "WordSearch",
    "merge_spans",
]
