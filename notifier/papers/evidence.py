"""Evidence that two listings of one title are of one paper, or of two: arXiv ids, DOIs, links and authors.

Editorials, letters and errata share their titles, so a title alone proves little. If both listings have an arXiv id,
the ids decide. Otherwise, if both have a DOI, the DOIs decide. Otherwise the listings are of different papers if they
have no id, DOI or link in common and their authors differ. A fact that only one of the listings gives contradicts
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from notifier.models import PaperFields
from notifier.text.words import words

_ARXIV_DOI = "10.48550/arxiv."
# Hosts that have arXiv ids in the addresses of their pages, so that a link to such a page says no more than the id.
_HOST_OF_IDS = re.compile(r"\A(?:[a-z]+\.)?(?:arxiv\.org|alphaxiv\.org|huggingface\.co|hf\.co)")
_RESOLVERS = ("doi.org", "dx.doi.org")
_VERSION_OF_DOI = re.compile(r"[./-]v\d{1,2}$")  # the version of a preprint, as in 10.20944/preprints202001.0001.v2
_NOT_SURNAMES = frozenset(("jr", "sr", "ii", "iii", "phd", "md"))


@dataclass(frozen=True)
class Evidence:
    """What `paper` gives as evidence. Each part is computed when it is first needed, and then kept."""

    paper: PaperFields

    @cached_property
    def doi(self) -> str | None:
        """The DOI; see `doi_of`."""
        return doi_of(self.paper)

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """The arXiv id, the DOI and the link, as far as the paper gives them."""
        return frozenset(filter(None, (self.paper.arxiv_id, self.doi, link_of(self.paper))))

    @cached_property
    def author_names(self) -> AuthorNames:
        """The names of the authors."""
        return AuthorNames.of(self.paper.authors)


class AuthorNames(NamedTuple):
    """The folded last names of authors, and all their folded names without initials."""

    lasts: frozenset[str]
    names: frozenset[str]

    @classmethod
    def of(cls, authors: Sequence[str]) -> AuthorNames:
        """Return the names of these authors."""
        lasts, names = set(), set()
        for author in authors:
            family, comma, _ = author.partition(",")
            kept = _names(author)
            names.update(kept)
            lasts.update((_names(family) if comma else kept)[-1:])
        return cls(frozenset(lasts), frozenset(names))


def contradict(one: Evidence, other: Evidence) -> bool:
    """Return whether two papers of one title are different papers."""
    if one.paper.arxiv_id and other.paper.arxiv_id:
        return one.paper.arxiv_id != other.paper.arxiv_id
    if one.doi and other.doi:
        return one.doi != other.doi
    if not one.identifiers or not other.identifiers or not one.identifiers.isdisjoint(other.identifiers):
        return False
    return bool(one.paper.authors and other.paper.authors) and not same_authors(one.author_names, other.author_names)


def doi_of(paper: PaperFields) -> str | None:
    """Return a paper's DOI in lower case and without its version, or None if the paper has none.

    A DOI that only repeats an arXiv id does not count. If the paper's field `doi` has no DOI that counts, the function
    returns the DOI in the paper's link to a DOI resolver.
    """
    found = _plain_doi(paper.doi) if paper.doi else None
    return found or (_plain_doi(_doi_of_link(paper.url)) if paper.url else None)


def link_of(paper: PaperFields) -> str | None:
    """Return the host and path of a paper's link; None if the link only repeats an arXiv id or a DOI."""
    return _plain_link(paper.url) if paper.url else None


def same_authors(some: AuthorNames, others: AuthorNames) -> bool:
    """Return whether two lists of authors may be of one paper: more than half of the shorter list is in the longer.

    Authors are compared by their last names. A last name may be any name of the other list, because some sources put
    the family name first.
    """
    needed = min(len(some.lasts), len(others.lasts)) // 2 + 1
    return len(some.lasts & others.names) >= needed or len(others.lasts & some.names) >= needed


@lru_cache(1 << 12)
def _plain_doi(doi: str) -> str | None:
    doi = doi.lower().rstrip("/")
    return None if not doi or doi.startswith(_ARXIV_DOI) else _VERSION_OF_DOI.sub("", doi)


@lru_cache(1 << 12)
def _plain_link(url: str) -> str | None:
    host, path = _host_and_path(url)
    return None if host in _RESOLVERS or _HOST_OF_IDS.fullmatch(host) else host + path


def _doi_of_link(url: str) -> str:
    host, path = _host_and_path(url)
    return path.lstrip("/") if host in _RESOLVERS else ""


def _host_and_path(url: str) -> tuple[str, str]:
    """Return the host of a URL in lower case, without `www.`, and its path without the last slashes."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # such as an IPv6 address without its closing bracket
        return "", url
    return host.removeprefix("www."), parts.path.rstrip("/")


def _names(author: str) -> list[str]:
    """Return the folded names of an author before the first parenthesis, without initials and suffixes."""
    found = words(author.partition("(")[0]) or words(author) or [author]
    return [name for name in found if not _is_initials(name) and name not in _NOT_SURNAMES] or found


def _is_initials(name: str) -> bool:
    return len(name) == 1 and name.isascii()
