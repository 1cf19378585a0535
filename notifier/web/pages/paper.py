"""The page of one paper, and its citation as BibTeX and RIS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from itertools import groupby

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from notifier import queries
from notifier.citations import Citation, bibtex, citation_of, meta, ris
from notifier.curation import is_curator
from notifier.digests.cards import reasons
from notifier.errors import QueryError
from notifier.matching import MarkedLeaves, PaperWords
from notifier.models import RANKED_FORMATS, Paper, Span, Subscriber, merge_spans
from notifier.search import SimilarPaper, similar_papers
from notifier.store import hidden_papers, paper_pages, pins, reading
from notifier.store.paper_pages import PaperListing
from notifier.text.excerpts import runs
from notifier.text.harmless import inert, safe_url, shortened_to_columns
from notifier.text.paper_links import Link, links, other_links, paper_path, paper_url, search_url, upvotes_from
from notifier.web.about_page import about_page
from notifier.web.conditional import conditional
from notifier.web.curating import DONE, FormOutcome, curation_panel
from notifier.web.forms import UrlForm
from notifier.web.guards import scripted
from notifier.web.reaction_rows import Counted, ShownPaper, reaction_rows
from notifier.web.sessions import Visitor
from notifier.web.site import Site, SiteDependency, page, signed_in

MAX_LISTINGS = 200  # of a paper; older ones are not shown
FIRST_AUTHORS = 30  # more authors are behind a click
MAX_CATEGORIES = 6
DESCRIPTION = 155  # columns; search engines cut a longer description
# The forms of a citation by the ending of the path: the function that writes it, and its media type.
CITATIONS = {"bib": (bibtex, "application/x-bibtex"), "ris": (ris, "application/x-research-info-systems")}

router = APIRouter()


@dataclass(frozen=True, slots=True)
class ListedDay:
    """What the dumps of one format say about a paper on one day; `place` is None if they have no order of rank."""

    day: date
    format: str
    place: int | None
    upvotes: int | None


@dataclass(frozen=True, slots=True)
class TopicOfPaper:
    """A topic of a paper; `reason` names the words for which the paper has it, as in `“pruning” in the title`."""

    slug: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class SimilarTo:
    """A similar paper: its title and the path of its page, and the topics and words that both papers share."""

    title: str
    path: str
    topics: Sequence[str]
    words: Sequence[str]


@router.api_route("/paper/{key:path}.bib", methods=["GET", "HEAD"])
def bibtex_of(site: SiteDependency, key: str) -> Response:
    """Return a paper's citation as a file for BibTeX."""
    return _citation(site, key, "bib")


@router.api_route("/paper/{key:path}.ris", methods=["GET", "HEAD"])
def ris_of(site: SiteDependency, key: str) -> Response:
    """Return a paper's citation as a file in RIS."""
    return _citation(site, key, "ris")


@router.api_route("/paper/{key:path}", methods=["GET", "HEAD"])
def show_paper(site: SiteDependency, request: Request, visitor: Visitor, form: UrlForm, key: str) -> Response:
    """Show a paper: its abstract, links, topics, citation, and when it was listed."""
    shown = paper_page(site, key, visitor, FormOutcome(done=DONE.get(form.one("done"), "")))
    if shown is None:
        return _no_paper_page(site, visitor)
    return conditional(request, shown) if shown.status_code == HTTPStatus.OK else shown


def paper_page(site: Site, key: str, visitor: Subscriber | None, outcome: FormOutcome) -> Response | None:
    """Return the page of the paper with this key, with the forms of curators if the visitor is one.

    Returns None if there is no such paper. If it is hidden, the page only says so, except to curators. `outcome` is
    that of the form that a curator has just sent.
    """
    found = _paper(site, key)
    if found is None:
        return None
    can_curate = is_curator(site.config, visitor)
    if not can_curate and _is_hidden(site, found):
        return page(site, "hidden_paper", HTTPStatus.GONE, **signed_in(site, visitor))
    if found.key != key:
        return _redirect_to_key(site, found, "")
    return _whole_page(site, found, visitor, outcome, can_curate=can_curate)


def _whole_page(
    site: Site, found: Paper, visitor: Subscriber | None, outcome: FormOutcome, *, can_curate: bool
) -> Response:
    with reading(site.engine) as connection:
        listings = paper_pages.listings_of(connection, found.id, MAX_LISTINGS)
        pin = pins.begun(connection, [found.id]).get(found.id)
        similar = similar_papers(connection, found)
    citation = citation_of(found)
    words = PaperWords(found)
    shown = ShownPaper(found.id, found.key, citation.title, Counted(found.upvotes))
    row = reaction_rows(site, visitor, [shown], paper_path(found)).get(found.id)
    response = page(
        site,
        "paper",
        HTTPStatus.UNPROCESSABLE_ENTITY if outcome.error else HTTPStatus.OK,
        panel=curation_panel(site, found, outcome) if can_curate else None,
        pin=pin,
        **signed_in(site, visitor),
        paper=found,
        upvotes_from=upvotes_from(found),
        path=paper_path(found),
        about=about_page(site, citation.title, _description(citation), paper_path(found)),
        title=citation.title,
        authors=[(inert(author), _author_query(author)) for author in found.authors],
        first_authors=FIRST_AUTHORS,
        abstract=runs(citation.abstract, _term_spans(site, found, words)),
        summary=inert(found.summary),
        categories=tuple(map(inert, found.categories[:MAX_CATEGORIES])),
        note=inert(found.note),
        links=list(_links(site, found)),
        topics=list(_topics(site, found, words)),
        similar=[_similar(site, each) for each in similar],
        days=_listed_days(listings),
        meta=list(meta(citation)),
        row=row,
        citations={"BibTeX": ("bib", bibtex(citation)), "RIS": ("ris", ris(citation).replace("\r", ""))},
    )
    return scripted(response) if row else response


def _citation(site: Site, key: str, ending: str) -> Response:
    found = _paper(site, key)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if _is_hidden(site, found):
        raise HTTPException(HTTPStatus.GONE)
    if found.key != key:
        return _redirect_to_key(site, found, f".{ending}")
    write, media_type = CITATIONS[ending]
    name = found.key.replace("/", "-")
    named = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return Response(write(citation_of(found)), media_type=f"{media_type}; charset=utf-8", headers=named)


def _paper(site: Site, key: str) -> Paper | None:
    """Return the paper with this key, or the one that it was merged into."""
    with reading(site.engine) as connection:
        return paper_pages.paper_by_key(connection, key)


def _is_hidden(site: Site, paper: Paper) -> bool:
    with reading(site.engine) as connection:
        return bool(hidden_papers.hidden_among(connection, [paper.id]))


def _redirect_to_key(site: Site, found: Paper, ending: str) -> Response:
    return RedirectResponse(f"{site.root}{paper_path(found)}{ending}", HTTPStatus.PERMANENT_REDIRECT)


def _no_paper_page(site: Site, visitor: Subscriber | None) -> HTMLResponse:
    return page(site, "no_paper", HTTPStatus.NOT_FOUND, **signed_in(site, visitor))


def _description(citation: Citation) -> str:
    """Return the beginning of the abstract; without one, of the title."""
    return shortened_to_columns(citation.abstract or citation.title, DESCRIPTION)


def _author_query(author: str) -> str:
    """Return the query that finds the papers of an author; empty if the language has none for this name."""
    name = " ".join(inert(author).replace('"', " ").split())
    query = f'author:"{name}"'
    try:
        queries.parse(query)
    except QueryError:
        return ""
    return query


def _links(site: Site, paper: Paper) -> Iterator[Link]:
    """Yield the links to a paper, the best first; if the paper has none, yield a search for its title first."""
    best = paper_url(paper)
    if not best:
        yield Link("Search for the title", search_url(paper.title, site.mail.title_search))
    else:
        label = next((link.label for link in links(paper) if link.url == best), "Read")
        yield Link("Read the paper" if label == "Read" else label, best)
    names = {"HF": "Hugging Face", "code": "Code", "project": "Project"}
    for link in other_links(paper):
        word, space, rest = link.label.partition(" ")
        yield Link(f"{names.get(word, word)}{space}{rest}", link.url)
    doi = safe_url(f"https://doi.org/{paper.doi}") if paper.doi else ""
    if doi and doi != best:
        yield Link("DOI", doi)


def _term_spans(site: Site, paper: Paper, words: PaperWords) -> Sequence[Span]:
    """Return where the abstract has leading terms of the paper's topics. Digests mark these terms too."""
    catalogue = site.catalogue
    known = sorted(paper.topics & catalogue.topics.keys())
    terms = [MarkedLeaves(catalogue.parsed_queries[slug], catalogue.topics[slug].leading_terms) for slug in known]
    return merge_spans(span for leaves in terms for span in leaves.spans(words).abstract)


def _topics(site: Site, paper: Paper, words: PaperWords) -> Iterator[TopicOfPaper]:
    title, abstract = inert(paper.title), inert(paper.abstract)
    for slug in sorted(paper.topics & site.catalogue.topics.keys()):
        found = MarkedLeaves(site.catalogue.parsed_queries[slug]).spans(words)
        reason = reasons(title, found.title, abstract, found.abstract)
        yield TopicOfPaper(slug, inert(site.catalogue.topics[slug].title), reason)


def _similar(site: Site, found: SimilarPaper) -> SimilarTo:
    titles = (inert(site.catalogue.topics[slug].title) for slug in found.topics if slug in site.catalogue.topics)
    return SimilarTo(inert(found.paper.title), paper_path(found.paper), tuple(titles), tuple(map(inert, found.words)))


def _listed_days(listings: Sequence[PaperListing]) -> list[ListedDay]:
    """Return what each format says about each day, the newest day first: the best place and the most upvotes."""
    ordered = sorted(listings, key=lambda each: (-each.listed_on.toordinal(), each.format))
    return [
        _listed_day(day, name, list(group))
        for (day, name), group in groupby(ordered, key=lambda each: (each.listed_on, each.format))
    ]


def _listed_day(day: date, name: str, group: Sequence[PaperListing]) -> ListedDay:
    place = min(each.position for each in group) if name in RANKED_FORMATS else None
    upvotes = [each.upvotes for each in group if each.upvotes is not None]
    return ListedDay(day, name, place, max(upvotes, default=None))
