"""Complaints that mailbox providers report: a recipient has called a mail spam (ARF, RFC 5965)."""

from __future__ import annotations

from notifier.bounces.mime import Part, body_of, read_fields, with_line_feeds

REPORT_TYPE = "message/feedback-report"
# The types of RFC 5965 and 6430 by which a recipient says that a mail is not wanted. Others, such as `not-spam` or
# `auth-failure`, say something else.
COMPLAINTS = ("abuse", "fraud", "other", "opt-out", "opt-out-list", "miscategorized", "virus")


def feedback_of(message: Part) -> dict[str, str]:
    """Return the fields of a feedback report by name; empty if the message holds none."""
    report = next((part for part in message.walk() if part.content_type == REPORT_TYPE), None)
    return dict(reversed(read_fields(with_line_feeds(body_of(report)).lstrip(b"\n")))) if report else {}


def is_complaint(feedback: dict[str, str]) -> bool:
    """Return whether the fields of a report say that a recipient does not want a mail."""
    return feedback.get("feedback-type", "").strip().lower() in COMPLAINTS
