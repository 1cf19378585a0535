"""Evidence that two listings of one title are of one paper, or of two: arXiv ids, DOIs, links and authors.

Editorials, letters and errata share their titles, so a title alone proves little. If both listings have an arXiv id,
the ids decide. Otherwise, if both have a DOI, the DOIs decide. Otherwise the listings are of different papers if they
have no id, DOI or link in common and their authors differ. A fact that only one of the listings gives contradicts
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from notifier.models import PaperFields
from notifier.text.words import words

_ARXIV_DOI = "10.48550/arxiv."
# Hosts that have arXiv ids in the addresses of their pages, so that a link to such a page says no more than the id.
_HOST_OF_IDS = re.compile(r"\A(?:[a-z]+\.)?(?:arxiv\.org|alphaxiv\.org|huggingface\.co|hf\.co)")
_RESOLVERS = ("doi.org", "dx.doi.org")
_VERSION_OF_DOI = re.compile(r"[./-]v\d{1,2}$")  # the version of a preprint, as in 10.20944/preprints202001.0001.v2
_NOT_SURNAMES = frozenset(("jr", "sr", "ii", "iii", "phd", "md"))


def contradict(one: PaperFields, other: PaperFields) -> bool:
    """Return whether two papers of one title are different papers."""
    if one.arxiv_id and other.arxiv_id:
        return one.arxiv_id != other.arxiv_id
    doi, other_doi = doi_of(one), doi_of(other)
    if doi and other_doi:
        return doi != other_doi
    identifiers, other_identifiers = _identifiers(one), _identifiers(other)
    if not identifiers or not other_identifiers or not identifiers.isdisjoint(other_identifiers):
        return False
    return bool(one.authors and other.authors) and not same_authors(one.authors, other.authors)


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


def same_authors(some: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether two lists of authors may be of one paper: more than half of the shorter list is in the longer.

    Authors are compared by their last names. A last name may be any name of the other list, because some sources put
    the family name first.
    """
    (lasts, names), (other_lasts, other_names) = _author_names(tuple(some)), _author_names(tuple(others))
    shared = max(len(lasts & other_names), len(other_lasts & names))
    return 2 * shared > min(len(lasts), len(other_lasts))


def _identifiers(paper: PaperFields) -> set[str]:
    return {identifier for identifier in (paper.arxiv_id, doi_of(paper), link_of(paper)) if identifier}


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


@lru_cache(1 << 12)
def _author_names(authors: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the folded last names of the authors, and all their folded names without initials."""
    lasts, names = set(), set()
    for author in authors:
        family, comma, _ = author.partition(",")
        kept = _names(author)
        names.update(kept)
        lasts.update((_names(family) if comma else kept)[-1:])
    return frozenset(lasts), frozenset(names)


def _names(author: str) -> list[str]:
    """Return the folded names of an author before the first parenthesis, without initials and suffixes."""
    found = words(author.partition("(")[0]) or words(author) or [author]
    return [name for name in found if not _is_initials(name) and name not in _NOT_SURNAMES] or found


def _is_initials(name: str) -> bool:
    return len(name) == 1 and name.isascii()
