"""From rows of the outbox to the mails that they stand for: the same row, the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine

from notifier.errors import ComposeError
from notifier.models import Digest, Mail, Paper
from notifier.sending.sender import Sender
from notifier.store import FreshReads, deliveries, dumps, fresh_reads, papers, reading
from notifier.store.outbox import Claim

PAPERS_KEPT = 20_000


class KnownPapers:
    """The papers that digests hold, kept from one batch to the next for as long as no dump comes in to change them."""

    def __init__(self, engine: Engine, reads: FreshReads) -> None:
        self._engine = engine
        self._reads = reads
        self._known: dict[int, Paper] = {}
        self._newest_dump: int | None = None

    def named(self, ids: set[int]) -> Mapping[int, Paper]:
        """Papers by id, these among them where they are stored."""
        ((newest,),) = self._reads.rows(dumps.NEWEST, {})  # first: what comes in while they are read is seen next time
        if newest != self._newest_dump or len(self._known) > PAPERS_KEPT:
            self._known, self._newest_dump = {}, newest
        if unknown := ids - self._known.keys():
            with reading(self._engine) as connection:
                self._known |= papers.papers_by_id(connection, unknown)
        return self._known


@contextmanager
def known_papers(engine: Engine) -> Iterator[KnownPapers]:
    """None are known at first."""
    with fresh_reads(engine) as reads:
        yield KnownPapers(engine, reads)


def mails_of(sender: Sender, claims: Sequence[Claim], known: KnownPapers) -> list[Mail | ComposeError]:
    """The mail of each delivery, or why this one cannot be made. Raises ConfigError where none can."""
    digests = [_digest(sender, claim) for claim in claims]
    readable = [(digest, claim) for digest, claim in zip(digests, claims, strict=True) if isinstance(digest, Digest)]
    named = known.named(set().union(*[digest.paper_ids for digest, _ in readable]))
    composed = sender.composer.compose_all([(digest, _return_path(sender, claim)) for digest, claim in readable], named)
    mails = iter(composed)
    return [digest if isinstance(digest, ComposeError) else next(mails) for digest in digests]


def mail_of(sender: Sender, delivery_id: int) -> Mail:
    """Return the mail of one delivery, as it is or would be sent.

    Raises UsageError if there is no such delivery, and ComposeError or ConfigError if its mail cannot be made.
    """
    with reading(sender.engine) as connection:
        row = deliveries.one(connection, delivery_id)
    claim = Claim(**{each: row._mapping[each] for each in Claim._fields})
    digest = _digest(sender, claim)
    if isinstance(digest, ComposeError):
        raise digest
    with known_papers(sender.engine) as known:
        papers_of_digest = known.named(digest.paper_ids)
    return sender.composer.compose(digest, papers_of_digest, _return_path(sender, claim))


def _return_path(sender: Sender, claim: Claim) -> str:
    return sender.bounces.return_path(claim.id) if sender.bounces else ""


def _digest(sender: Sender, claim: Claim) -> Digest | ComposeError:
    try:
        sections, rest = sender.composer.read(claim.items)
    except ComposeError as error:
        return error
    return Digest(
        recipient=claim.recipient,
        period=claim.period,
        planned_at=claim.planned_at,
        message_id=claim.message_id,
        subject=claim.subject,
        sections=sections,
        rest=rest,
        subscriber_id=claim.subscriber_id,
    )
