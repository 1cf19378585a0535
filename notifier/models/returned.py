"""The values of messages that came back: their kinds, and the state of the mailbox that they are read from."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class ReturnedKind(StrEnum):
    """The kinds of messages that come to the sender's mailbox, and to the mailbox for bounces."""

    HARD = "hard"  # a mail server says that the mailbox of the recipient does not exist or accepts no mail
    SOFT = "soft"  # a mail server has given up for another reason, such as a full mailbox
    DELAYED = "delayed"  # a mail server still tries to deliver a mail
    COMPLAINT = "complaint"  # the recipient has called a mail spam
    UNSUBSCRIBE = "unsubscribe"  # a person, or their mail program, asks to unsubscribe
    AUTO_REPLY = "auto-reply"  # a program has answered, such as a notice of absence
    UNCLEAR = "unclear"  # a person asks for something that is not understood or not proved; an operator has to look
    OTHER = "other"  # nothing that notifier has to do with
    BROKEN = "broken"  # not readable as a message, or nested too deeply
    FORGED = "forged"  # it does not prove that it is about a mail of ours
    UNKNOWN = "unknown"  # about a mail or a subscriber that is not stored any more
    SEEN = "seen"  # it was UNCLEAR, and an operator has looked at it


class InboxState(NamedTuple):
    """The state of the mailbox that returned messages are read from.

    `read_at` is when it was last read. If it cannot be read, `error` says why, and `failing_since` says since when;
    otherwise `error` is empty. `uid` is the UID of the newest message read by IMAP. It is valid while the mailbox has
    this `uid_validity`.
    """

    read_at: datetime | None = None
    error: str = ""
    failing_since: datetime | None = None
    uid_validity: int = 0
    uid: int = 0
