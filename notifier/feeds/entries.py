"""Prepare the entries of feeds. The fields of an entry are the same in every format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from html import escape
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid5

from notifier.models import Paper, Pin
from notifier.text.excerpts import excerpt
from notifier.text.harmless import inert, safe_url
from notifier.text.paper_links import links

PDF = "application/pdf"
PAGE = "text/html"

# This must never change: every feed reader would show every paper again.
_NAMESPACE = UUID("c820ae74-ed25-4b77-b6c1-30af8322c4a9")

# U+FFFD, with which `inert` replaces harmful characters, and two that `inert` keeps although XML forbids them.
_REMOVED = str.maketrans("", "", "\ufffd\ufffe\uffff")


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper in a feed.

    The `guid` never changes, although the paper's key may. `topic_titles` holds slugs of topics with their titles; a
    topic of the paper whose title is not given is shown by its slug. `pin` is the pin of a pinned paper.
    """

    paper: Paper
    guid: str
    topic_titles: tuple[tuple[str, str], ...] = ()
    pin: Pin | None = None

    @property
    def place(self) -> datetime:
        """The instant by which feeds order entries: a pinned paper comes before all that were first seen on its day."""
        if self.pin is None:
            return self.paper.first_seen
        return max(self.paper.first_seen, datetime.combine(self.pin.day + timedelta(days=1), time(), UTC))

    @property
    def updated(self) -> datetime:
        """When the paper was first seen or, if that was later, pinned; in whole seconds."""
        seen = published(self.paper)
        return max(seen, self.pin.pinned_at.replace(microsecond=0)) if self.pin else seen

    def __hash__(self) -> int:
        """Return a hash that takes little time: entries are the keys of caches."""
        return hash(self.guid)


@dataclass(frozen=True, slots=True)
class EntryLink:
    """A link of an entry: to the paper (relation `alternate`), or to what belongs to it (`related`).

    `url` is http or https, in ASCII. `media_type` is the type that is expected there, PDF or PAGE.
    """

    relation: str
    url: str
    title: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A category or a topic of an entry: a short name that does not change, and the text to show."""

    term: str
    label: str


@dataclass(frozen=True, slots=True)
class EntryFields:
    """The fields of an entry, ready to be written in any format.

    `id` is a URN. `links` begins with the `alternate` link; it is empty if no URL is known. All text is printable
    and allowed in XML. `published` and `updated` have whole seconds. `note` is that of a pinned paper, with its name:
    `Pinned by Ann: Read this first.`
    """

    id: str
    links: tuple[EntryLink, ...]
    title: str
    abstract: str
    published: datetime
    authors: tuple[str, ...]
    tags: tuple[Tag, ...]
    updated: datetime
    note: str = ""

    @property
    def url(self) -> str:
        """The URL of the paper, or "" if none is known."""
        return self.links[0].url if self.links else ""

    @property
    def summary(self) -> str:
        """The note of a pinned paper, and the beginning of the abstract."""
        return " ".join(filter(None, (self.note, "".join([run.text for run in excerpt(self.abstract, ())]))))

    @property
    def plain(self) -> str:
        """The note of a pinned paper, and the abstract."""
        return " ".join(filter(None, (self.note, self.abstract)))

    @property
    def html(self) -> str:
        """The note, abstract and links as paragraphs of HTML, which is also XHTML; all text in it is escaped."""
        linked = [f'<a href="{escape(link.url)}">{escape(link.title)}</a>' for link in self.links]
        abstract = f'<p dir="auto">{escape(self.abstract, quote=False)}</p>' if self.abstract else ""
        note = f'<p dir="auto"><b>{escape(self.note, quote=False)}</b></p>' if self.note else ""
        return "\n".join(filter(None, (note, abstract, f"<p>{' · '.join(linked)}</p>" if linked else "")))


def entry_fields(entry: Entry) -> EntryFields:
    """Return the fields of an entry, made safe for every format."""
    paper = entry.paper
    return EntryFields(
        id=urn(f"paper {entry.guid}"),
        links=_entry_links(paper),
        title=printable(paper.title) or paper.key,
        abstract=printable(paper.abstract),
        published=published(paper),
        authors=tuple(filter(None, map(printable, paper.authors))),
        tags=_tags(paper, dict(entry.topic_titles)),
        updated=entry.updated,
        note=_note(entry.pin),
    )


def _note(pin: Pin | None) -> str:
    """Return the note of a pin with the name that has signed it; empty without a pin."""
    return f"Pinned by {printable(pin.name)}: {printable(pin.note)}" if pin else ""


def published(paper: Paper) -> datetime:
    """Return when the paper was first seen, in whole seconds: RSS and some feed readers know no fractions."""
    return paper.first_seen.replace(microsecond=0)


def printable(text: str) -> str:
    """Return the text without characters that are not printable or that XML does not allow."""
    return inert(text).translate(_REMOVED).strip()


def urn(name: str) -> str:
    """Return the URN of the paper or feed with this name, which must be unique among both."""
    return uuid5(_NAMESPACE, name).urn


def _tags(paper: Paper, topic_titles: dict[str, str]) -> tuple[Tag, ...]:
    """Return the categories and then the topics of a paper, each term once."""
    labels = dict(zip(paper.categories, paper.categories, strict=True))
    labels.update((slug, topic_titles.get(slug, slug)) for slug in sorted(paper.topics))
    tags = ((printable(term), printable(label)) for term, label in labels.items())
    return tuple(Tag(term, label or term) for term, label in tags if term)


def _entry_links(paper: Paper) -> tuple[EntryLink, ...]:
    """Return the links of a paper with http and https URLs, each URL and each title once."""
    found: dict[str, EntryLink] = {}
    titles = set()
    for title, url in _titled_urls(paper):
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or url in found or title in titles:
            continue
        is_pdf = title == "PDF" or parts.path.lower().endswith(".pdf")
        found[url] = EntryLink("related" if found else "alternate", url, title, PDF if is_pdf else PAGE)
        titles.add(title)
    return tuple(found.values())


def _titled_urls(paper: Paper) -> Iterator[tuple[str, str]]:
    """Yield titles and URLs of the pages and files of a paper, the best first; an unknown URL is empty."""
    yield from ((link.label, link.url) for link in links(paper))
    yield "PDF", safe_url(paper.pdf)
    yield "DOI", f"https://doi.org/{quote(paper.doi, safe='/:;().', errors='replace')}" if paper.doi else ""
    yield "Project page", safe_url(paper.project)
    yield "Code", safe_url(paper.code)
    yield "Discussion", safe_url(paper.page)
