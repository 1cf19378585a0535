"""The outbox: deliveries that senders claim under a lease, send, and settle.

A claim gives the row to one sender until the lease ends, and increases the row's epoch. A sender whose epoch is no
longer the row's has lost the row to another sender, and cannot settle it.
"""

from __future__ import annotations

from notifier.store.outbox.claim_checks import ClaimCheck, checking_claims
from notifier.store.outbox.claims import (
    Claim,
    ClaimOrder,
    Settlement,
    claim,
    count_leased,
    is_busy,
    is_due,
    newest_new_row,
    oldest_untried,
    owners,
    refused_before,
    release,
    renew,
    settle,
)
from notifier.store.outbox.cleanup import cancel_for, cancel_unwanted, has_overlong_waits, has_unwanted, limit_waits
from notifier.store.outbox.history import items_since, newest_periods, used_periods
from notifier.store.outbox.rows import (
    AT_ONCE,
    AWAITED,
    FIRST,
    LEASE,
    add,
    is_mail,
    is_unsettled,
    may_be_sent,
    new_message_id,
)

__all__ = [
    "AT_ONCE",
    "AWAITED",
    "FIRST",
    "LEASE",
    "Claim",
    "ClaimCheck",
    "ClaimOrder",
    "Settlement",
    "add",
    "cancel_for",
    "cancel_unwanted",
    "checking_claims",
    "claim",
    "count_leased",
    "has_overlong_waits",
    "has_unwanted",
    "is_busy",
    "is_due",
    "is_mail",
    "is_unsettled",
    "items_since",
    "limit_waits",
    "may_be_sent",
    "new_message_id",
    "newest_new_row",
    "newest_periods",
    "oldest_untried",
    "owners",
    "refused_before",
    "release",
    "renew",
    "settle",
    "used_periods",
]
