"""From rows of the outbox to the mails that they stand for: the same row, the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine

from notifier.errors import ComposeError
from notifier.models import Digest, Mail, Paper
from notifier.pipeline.posting import Sender
from notifier.store import dumps, papers
from notifier.store.engine import Asking, asking, reading
from notifier.store.outbox import Claim

PAPERS_KEPT = 20_000


class KnownPapers:
    """The papers that digests hold, kept from one batch to the next for as long as no dump comes in to change them."""

    def __init__(self, engine: Engine, ask: Asking) -> None:
        self._engine = engine
        self._ask = ask
        self._known: dict[int, Paper] = {}
        self._newest_dump: int | None = None

    def named(self, ids: set[int]) -> Mapping[int, Paper]:
        """Papers by id, these among them where they are stored."""
        ((newest,),) = self._ask.rows(
            dumps.NEWEST, {}
        )  # before they are read: what comes in meanwhile is seen the next time
        if newest != self._newest_dump or len(self._known) > PAPERS_KEPT:
            self._known, self._newest_dump = {}, newest
        if unknown := ids - self._known.keys():
            with reading(self._engine) as connection:
                self._known |= papers.papers_by_id(connection, unknown)
        return self._known


@contextmanager
def known_papers(engine: Engine) -> Iterator[KnownPapers]:
    """None are known at first."""
    with asking(engine) as ask:
        yield KnownPapers(engine, ask)


def mails_of(sender: Sender, claims: Sequence[Claim], known: KnownPapers) -> list[Mail | ComposeError]:
    """The mail of each delivery, or why this one cannot be made. Raises ConfigError where none can."""
    digests = [_digest(sender, claim) for claim in claims]
    named = known.named(set().union(*(digest.paper_ids for digest in digests if isinstance(digest, Digest))))
    return [_mail(sender, claim, digest, named) for claim, digest in zip(claims, digests, strict=True)]


def mail_of(sender: Sender, claim: Claim) -> Mail:
    """The mail of one delivery; see digests.compose for what it raises."""
    with known_papers(sender.engine) as known:
        (mail,) = mails_of(sender, [claim], known)
    if isinstance(mail, ComposeError):
        raise mail
    return mail


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


def _mail(
    sender: Sender, claim: Claim, digest: Digest | ComposeError, named: Mapping[int, Paper]
) -> Mail | ComposeError:
    if isinstance(digest, ComposeError):
        return digest
    return_path = sender.bounces.return_path(claim.id) if sender.bounces else ""
    try:
        return sender.composer.compose(digest, named, return_path)
    except ComposeError as error:
        return error
