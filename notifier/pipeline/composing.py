"""From a row of the outbox to the mail that it stands for: the same row, the same bytes."""

from __future__ import annotations

from dataclasses import replace

from notifier.digests import items
from notifier.models import Digest, Mail
from notifier.pipeline.posting import Sender
from notifier.store import papers
from notifier.store.engine import reading
from notifier.store.outbox import Claim


def mail_of(sender: Sender, claim: Claim) -> Mail:
    """The mail of a delivery; see digests.compose for what it raises."""
    sections, rest = items.loads(claim.items)
    with reading(sender.engine) as connection:
        named = papers.papers_by_id(connection, items.paper_ids(claim.items))
    digest = Digest(
        recipient=claim.recipient,
        period=claim.period,
        planned_at=claim.planned_at,
        message_id=claim.message_id,
        subject=claim.subject,
        sections=sections,
        rest=rest,
        subscriber_id=claim.subscriber_id,
    )
    mail = sender.composer.compose(digest, named)
    if sender.bounces is None:
        return mail
    return replace(mail, envelope=replace(mail.envelope, sender=sender.bounces.return_path(claim.id)))
