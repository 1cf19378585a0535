"""Find the links to a paper: its URL, and the other pages about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, quote_plus, urlsplit

from notifier.models import RANKED_FORMATS, Paper
from notifier.text.harmless import safe_url, shortened_to_columns

MAX_SEARCH_COLUMNS = 120  # columns of a title that is searched for; the first words of a long title find it too

_ARXIV_ID = re.compile(r"\A(?:\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})", re.ASCII)
_SCHEME_AND_WWW = re.compile(r"\Ahttps?://(?:www\.)?")


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a paper, to its code or to a page about it; `url` is http, https or mailto, in ASCII."""

    label: str
    url: str


def has_arxiv_page(paper: Paper) -> bool:
    """Return whether a paper has an arXiv id from which the URL of its page at arXiv can be made."""
    return _ARXIV_ID.fullmatch(paper.arxiv_id or "") is not None


def links(paper: Paper) -> tuple[Link, ...]:
    """Return the links to a paper, the best first: those that follow from its arXiv id, or else its own URL.

    The URL that a curator has given comes before those.
    """
    by_id = _links_by_arxiv_id(paper.arxiv_id) if paper.arxiv_id and has_arxiv_page(paper) else ()
    if by_id and not paper.has_corrected_url:
        return by_id
    url = safe_url(paper.url)
    return (Link("Read", url), *by_id) if url else by_id


@lru_cache(1 << 12)
def _links_by_arxiv_id(arxiv_id: str) -> tuple[Link, ...]:
    found = Link("arXiv", f"https://arxiv.org/abs/{arxiv_id}"), Link("PDF", f"https://arxiv.org/pdf/{arxiv_id}")
    if "/" in arxiv_id:  # an arXiv id from before April 2007
        return found
    return (*found, Link("Hugging Face", f"https://huggingface.co/papers/{arxiv_id}"))


def paper_url(paper: Paper) -> str:
    """Return the best URL of a paper; empty if it has none."""
    found = links(paper)
    return found[0].url if found else safe_url(paper.page) or safe_url(paper.pdf)


def paper_path(paper: Paper) -> str:
    """Return the path of a paper's page, without the path of the base URL."""
    return f"/paper/{quote(paper.key)}"


def upvotes_from(paper: Paper) -> str:
    """Return a short name for where a paper's upvotes come from: `HF` for Hugging Face, or else `elsewhere`.

    The lists of a ranked format are those of Hugging Face. A paper that was in one of them may have its text from
    another source, but it keeps the link to its page there.
    """
    host = urlsplit(safe_url(paper.page)).hostname or ""
    return "HF" if paper.source in RANKED_FORMATS or f".{host}".endswith(".huggingface.co") else "elsewhere"


def search_url(title: str, url_prefix: str) -> str:
    """Return the URL of a search for a paper by its title; `url_prefix` is the part of the URL before the title."""
    return safe_url(
        url_prefix + quote_plus(shortened_to_columns(title, MAX_SEARCH_COLUMNS).rstrip("…"), errors="replace")
    )


def other_links(paper: Paper) -> tuple[Link, ...]:
    """Return the links to a paper besides its URL, with short labels such as `PDF`, each page once."""
    by_label = {link.label: link.url for link in links(paper)}
    stars = f" ★{paper.stars}" if paper.stars else ""
    found = {
        "PDF": safe_url(paper.pdf) or by_label.get("PDF", ""),
        f"code{stars}": safe_url(paper.code),
        "project": safe_url(paper.project),
        "HF": by_label.get("Hugging Face", ""),
    }
    pages = {_normal_form(paper_url(paper))}
    shown = []
    for label, url in found.items():
        if url and _normal_form(url) not in pages:
            pages.add(_normal_form(url))
            shown.append(Link(label, url))
    return tuple(shown)


def _normal_form(url: str) -> str:
    """Return the form of a URL that is the same for all spellings of the URL."""
    return _SCHEME_AND_WWW.sub("", url.lower()).rstrip("/").removesuffix(".git")
