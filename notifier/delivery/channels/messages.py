"""Turn a digest into a message for a channel, which has no links or votes of a single person in it.

The message is stored in no table: it is made anew from the row of the outbox each time it is sent, and handed to the
transport as JSON. All its texts are plain; each service's layout escapes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from notifier.digests.cards import counts, inert_pin, reasons
from notifier.digests.labels import shown_label
from notifier.digests.periods import wording_of
from notifier.errors import ComposeError
from notifier.models import Digest, Item, Paper, Spans
from notifier.text.excerpts import marked_spans
from notifier.text.harmless import inert, shortened_to_bytes
from notifier.text.marked_words import MarkableText
from notifier.text.paper_links import paper_path, paper_url, search_url

TITLE_BYTES = 300  # a longer title is cut: a single paper must fit into the smallest message
REASON_BYTES = 200
LONGEST_URL = 500  # characters; a longer URL is left out


@dataclass(frozen=True, slots=True)
class MessagePaper:
    """A paper in a message: its title, its best URL, and the URL of its page here, where people vote, if there is one.

    `counts` are its votes and upvotes, and `why` says which words of the query it holds, or what a curator noted.
    """

    title: str
    url: str
    page: str = ""
    counts: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class MessageSection:
    """The papers of one subscription, best first. A section without a label holds the papers beyond the limit."""

    label: str
    papers: tuple[MessagePaper, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """A message for a channel. `more_url` is where papers are found for which there is no room, or empty.

    `waiting` is the number of papers that wait for the next digest.
    """

    subject: str
    opening: str
    sections: tuple[MessageSection, ...] = ()
    more_url: str = ""
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """The base URL of the pages, or empty, and the beginning of the URL that searches for a title."""

    base_url: str
    title_search: str


def message_of(digest: Digest, papers: Mapping[int, Paper], base_url: str, title_search: str) -> ChannelMessage:
    """Return the message of a digest. Raises ComposeError if one of its papers is not in `papers`."""
    settings = MessageSettings(base_url, title_search)
    sections = [
        MessageSection(shown_label(each.label), _papers(each.items, papers, settings), inert(each.note))
        for each in digest.sections
    ]
    if digest.rest:
        sections.append(MessageSection("", _papers(digest.rest, papers, settings)))
    return ChannelMessage(
        subject=shortened_to_bytes(inert(digest.subject), TITLE_BYTES),
        opening=inert(digest.opening) or wording_of(digest.period, digest.planned_at.date()).opening,
        sections=tuple(sections),
        more_url=f"{base_url}/papers" if base_url else "",
        waiting=digest.waiting,
    )


def encode_message(message: ChannelMessage) -> bytes:
    """Return a message as JSON."""
    return json.dumps(asdict(message), ensure_ascii=False, separators=(",", ":")).encode()


def decode_message(content: bytes) -> ChannelMessage:
    """Return the message that `encode_message` was given."""
    values: dict[str, Any] = json.loads(content)
    sections = tuple(
        MessageSection(each["label"], tuple(MessagePaper(**paper) for paper in each["papers"]), each["note"])
        for each in values.pop("sections")
    )
    return ChannelMessage(**values, sections=sections)


def _papers(items: Iterable[Item], papers: Mapping[int, Paper], settings: MessageSettings) -> tuple[MessagePaper, ...]:
    return tuple([_paper(item, papers, settings) for item in items])


def _paper(item: Item, papers: Mapping[int, Paper], settings: MessageSettings) -> MessagePaper:
    paper = papers.get(item.paper_id)
    if paper is None:
        raise ComposeError(f"the digest holds paper {item.paper_id}, which is not stored; restore it")
    title = inert(paper.title)
    url = paper_url(paper) or search_url(title, settings.title_search)
    return MessagePaper(
        title=shortened_to_bytes(title, TITLE_BYTES),
        url=url if len(url) <= LONGEST_URL else "",
        page=f"{settings.base_url}{paper_path(paper)}" if settings.base_url else "",
        counts=counts(item, paper),
        why=shortened_to_bytes(_why(item, paper), REASON_BYTES),
    )


def _why(item: Item, paper: Paper) -> str:
    """Return why a paper is in the digest: a curator's note, the words that matched, and other labels that it matched.

    The words are found in the text as it is now, as for a mail.
    """
    title, abstract, marks = inert(paper.title), inert(paper.abstract), item.marks
    if any(item.words):
        of_title, of_abstract = MarkableText(title), MarkableText(abstract)
        marks = Spans(of_title.places_of(item.words.title), of_abstract.places_of(item.words.abstract))
    matched = reasons(title, marked_spans(title, marks.title), abstract, marked_spans(abstract, marks.abstract))
    pin = inert_pin(item.pin)
    note = f"{pin.note} ({pin.name})" if pin and pin.note and pin.name else pin.note if pin else ""
    also = f"also in {', '.join(map(shown_label, item.also))}" if item.also else ""
    return "; ".join(filter(None, [note, matched, also]))
