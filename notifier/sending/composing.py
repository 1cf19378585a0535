"""Compose the mails of outbox rows.

The same row and the same papers always give the same bytes. If a dump completes the text and
the links of a paper before a mail is sent again, the second mail shows the completed paper. Message-ID, Date, subject,
and the papers with their order, upvotes and marked words stay the same, because they come from the row.
Papers that were merged in between are shown once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine

from notifier.delivery.channels import encode_message, message_of
from notifier.digests.details import decode_alert_details, decode_notice_details
from notifier.digests.merging import each_paper_once
from notifier.digests.rows import digest_of_row
from notifier.errors import ComposeError
from notifier.models import Alert, DeliveryKind, Digest, Envelope, Mail, Notice, Paper
from notifier.sending.sender import Sender
from notifier.store import FreshReads, curation, deliveries, fresh_reads, papers, reading
from notifier.store.outbox import Claim
from notifier.store.requests import NOTICES

CACHED_PAPERS = 20_000


class PaperCache:
    """The papers of earlier digests, kept from batch to batch until `renewed` forgets them."""

    def __init__(self, engine: Engine, reads: FreshReads) -> None:
        self._engine = engine
        self._reads = reads
        self._papers: dict[int, Paper] = {}
        self._state: object = None

    def renewed(self) -> bool:
        """Forget all papers if they, or the topics, may have changed, and return whether that was done."""
        # The state is read first. A dump that comes while the papers are read is then noticed next time.
        (state,) = self._reads.rows(curation.STATE, {})
        is_old = state != self._state or len(self._papers) > CACHED_PAPERS
        if is_old:
            self._papers, self._state = {}, state
        return is_old

    def papers_by_id(self, ids: set[int]) -> Mapping[int, Paper]:
        """Return papers by id: those of `ids` that are stored, and possibly others."""
        if missing := ids - self._papers.keys():
            with reading(self._engine) as connection:
                self._papers |= papers.papers_by_id(connection, missing)
        return self._papers


@contextmanager
def paper_cache(engine: Engine) -> Iterator[PaperCache]:
    """Open an empty cache."""
    with fresh_reads(engine) as reads:
        yield PaperCache(engine, reads)


def mails_of(sender: Sender, claims: Sequence[Claim], cache: PaperCache) -> list[Mail | ComposeError]:
    """Return the mail of each claim, or the error in place of a mail that cannot be composed.

    Raises ConfigError if no mail at all can be composed.
    """
    if sender.endpoint_id is not None:
        return [_endpoint_message(sender, claim, cache) for claim in claims]
    notices = {claim.id: _notice_mail(sender, claim) for claim in claims if claim.kind in NOTICES}
    others = iter(_mails_with_papers(sender, [claim for claim in claims if claim.kind not in NOTICES], cache))
    return [notices[claim.id] if claim.id in notices else next(others) for claim in claims]


def _mails_with_papers(sender: Sender, claims: Sequence[Claim], cache: PaperCache) -> list[Mail | ComposeError]:
    digests = [_digest(sender, claim) for claim in claims]
    readable = [(digest, claim) for digest, claim in zip(digests, claims, strict=True) if isinstance(digest, Digest)]
    if cache.renewed():
        sender.composer.use_topics(sender.topic_titles())
    cached = cache.papers_by_id(set().union(*[digest.paper_ids for digest, _ in readable]))
    addressed = [(each_paper_once(digest, cached), _return_path(sender, claim)) for digest, claim in readable]
    mails = iter(sender.composer.compose_all(addressed, cached))
    return [digest if isinstance(digest, ComposeError) else next(mails) for digest in digests]


def mail_of(sender: Sender, delivery_id: int) -> Mail:
    """Return the mail of one delivery, as `deliver` would send it now.

    Raises UsageError if there is no such delivery, and ComposeError or ConfigError if its mail cannot be made.
    """
    with reading(sender.engine) as connection:
        row = deliveries.get(connection, delivery_id)
    claim = Claim(**{name: row._mapping[name] for name in Claim._fields})
    if row.endpoint_id is not None:
        with paper_cache(sender.engine) as cache:
            message = _endpoint_message(sender, claim, cache)
        if isinstance(message, ComposeError):
            raise message
        return message
    if claim.kind in NOTICES:
        mail = _notice_mail(sender, claim)
        if isinstance(mail, ComposeError):
            raise mail
        return mail
    digest = _digest(sender, claim)
    if isinstance(digest, ComposeError):
        raise digest
    return mail_of_digest(sender, digest, _return_path(sender, claim))


def mail_of_digest(sender: Sender, digest: Digest, return_path: str = "") -> Mail:
    """Return the mail of a digest, whose bounces go to `return_path` if that is given; for a channel, its message.

    Raises ComposeError or ConfigError if the mail cannot be made.
    """
    with paper_cache(sender.engine) as cache:
        if sender.endpoint_id is not None:
            return _channel_message(sender, digest, cache)
        papers_of_digest = cache.papers_by_id(digest.paper_ids)
    digest = each_paper_once(digest, papers_of_digest)
    return sender.composer.compose(digest, papers_of_digest, return_path)


def _endpoint_message(sender: Sender, claim: Claim, cache: PaperCache) -> Mail | ComposeError:
    """Return what is sent to an endpoint: an event, whose body was stored with it, or a digest for a channel."""
    if claim.kind == DeliveryKind.EVENT:
        return Mail(Envelope("", claim.recipient), claim.message_id, claim.details.encode())
    digest = _digest(sender, claim)
    if isinstance(digest, ComposeError):
        return digest
    try:
        return _channel_message(sender, digest, cache)
    except ComposeError as error:
        return error


def _channel_message(sender: Sender, digest: Digest, cache: PaperCache) -> Mail:
    """Return the message of a digest for a channel. Raises ComposeError if a paper is missing."""
    found = cache.papers_by_id(digest.paper_ids)
    settings = sender.composer.settings
    base_url = settings.link_signer.base_url if settings.link_signer else ""
    message = message_of(each_paper_once(digest, found), found, base_url, settings.title_search)
    return Mail(Envelope("", digest.recipient), digest.message_id, encode_message(message))


def _return_path(sender: Sender, claim: Claim) -> str:
    return sender.bounces.return_path(claim.id) if sender.bounces else ""


def _digest(sender: Sender, claim: Claim) -> Digest | ComposeError:
    """Return the digest that a row holds, or the error if its items cannot be read."""
    try:
        return digest_of_row(claim._asdict(), sender.composer.read_items)
    except ComposeError as error:
        return error


def _notice_mail(sender: Sender, claim: Claim) -> Mail | ComposeError:
    """Return the mail of a notice or an alert, or its error. Raises ConfigError as `mails_of` does."""
    columns = claim.recipient, claim.message_id, claim.subject, claim.planned_at
    try:
        if claim.kind == DeliveryKind.ALERT:
            alert = Alert(*columns, decode_alert_details(claim.details))
            return sender.composer.compose_alert(alert, _return_path(sender, claim))
        notice = Notice(DeliveryKind(claim.kind), *columns, decode_notice_details(claim.details))
        return sender.composer.compose_notice(notice, _return_path(sender, claim))
    except ComposeError as error:
        return error
