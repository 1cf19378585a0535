"""Decide by arXiv ids, DOIs, links and authors whether two listings of one title are of one paper or of two.

Editorials, letters and errata share their titles, so a title alone proves little. If both listings have an arXiv id,
the ids decide. Otherwise, if both have a DOI, the DOIs decide. Otherwise the listings are of different papers if both
their places (ids, DOIs or links) and their authors differ. If one of them gives no authors, they are different papers
if their links are two pages of one site, unless they have the same abstract. For example, a journal's
feed has two pages for two letters of one title, while a site has only one page for one paper. Any other fact that only
one of them gives is not compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from notifier.models import PaperFields
from notifier.papers.author_names import AuthorNames, same_authors
from notifier.papers.links import (
    doi_in_link,
    fragment_of,
    host_of,
    is_named_after_ids,
    is_resolver,
    without_tracking,
    without_version,
    without_view,
)
from notifier.text.words import words

_ARXIV_DOI = "10.48550/arxiv."


@dataclass(frozen=True)
class Evidence:
    """The evidence that a paper gives. Each part is computed when it is first needed, and then kept."""

    paper: PaperFields
    abstract: str = ""

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


def contradict(one: Evidence, other: Evidence) -> bool:
    """Return whether two papers of one title are different papers."""
    if one.paper.arxiv_id and other.paper.arxiv_id:
        return one.paper.arxiv_id != other.paper.arxiv_id
    if one.doi and other.doi:
        return one.doi != other.doi
    shared = one.identifiers & other.identifiers
    if not one.identifiers or not other.identifiers or (shared and not _are_parts_of_a_page(one, other, shared)):
        return False
    if one.paper.authors and other.paper.authors:
        return not same_authors(one.author_names, other.author_names)
    return _are_pages_of_one_site(one.paper.url, other.paper.url) and not _same_abstract(one.abstract, other.abstract)


def doi_of(paper: PaperFields) -> str | None:
    """Return the DOI of a paper in lower case, without version; None for a DOI that only repeats an arXiv id.

    If the paper gives no DOI, or only one that repeats an arXiv id, this is the DOI in its link.
    """
    found = _plain_doi(paper.doi) if paper.doi else None
    return found or (_plain_doi(doi_in_link(paper.url)) if paper.url else None)


def link_of(paper: PaperFields) -> str | None:
    """Return a paper's link without tracking parameters; None if the link only repeats an arXiv id or a DOI."""
    return _plain_link(paper.url) if paper.url else None


def _are_pages_of_one_site(url: str | None, other_url: str | None) -> bool:
    """Return whether two links lead to different pages of one site, and not only to different views of one page."""
    if not url or not other_url or None in (_plain_link(url), _plain_link(other_url)):
        return False
    return host_of(url) == host_of(other_url) and without_view(url) != without_view(other_url)


def _same_abstract(one: str, other: str) -> bool:
    """Return whether both papers have an abstract, and the words of one are those of the other or their beginning."""
    shorter, longer = sorted((words(one), words(other)), key=len)
    return bool(shorter) and longer[: len(shorter)] == shorter


def _are_parts_of_a_page(one: Evidence, other: Evidence, shared: frozenset[str]) -> bool:
    """Return whether two papers share only a link, to different parts of one page, such as a table of contents."""
    fragment, other_fragment = fragment_of(one.paper.url or ""), fragment_of(other.paper.url or "")
    is_other_part = bool(fragment and other_fragment) and fragment != other_fragment
    return is_other_part and shared == {link_of(one.paper)}


@lru_cache(1 << 12)
def _plain_doi(doi: str) -> str | None:
    doi = doi.lower().rstrip("/")
    return None if not doi or doi.startswith(_ARXIV_DOI) else without_version(doi)


@lru_cache(1 << 12)
def _plain_link(url: str) -> str | None:
    return None if is_resolver(url) or is_named_after_ids(url) else without_tracking(url)
