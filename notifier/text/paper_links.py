"""Find the links to a paper: its URL, and the other pages about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote_plus

from notifier.models import Paper
from notifier.text.harmless import safe_url, shortened_to_columns

MAX_SEARCH_COLUMNS = 120  # columns; the first words of a long title are enough to find it

_ARXIV_ID = re.compile(r"\A(?:\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})", re.ASCII)
_SCHEME_AND_WWW = re.compile(r"\Ahttps?://(?:www\.)?")


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a page where a paper can be read; `url` is http, https or mailto, in ASCII."""

    label: str
    url: str


def has_arxiv_page(paper: Paper) -> bool:
    """Return whether a paper has an arXiv id in the form of which arXiv makes its URLs."""
    return _ARXIV_ID.fullmatch(paper.arxiv_id or "") is not None


def links(paper: Paper) -> tuple[Link, ...]:
    """Return the links to a paper, the best first: to its arXiv pages, or else to its own URL."""
    if paper.arxiv_id and has_arxiv_page(paper):
        return _arxiv_links(paper.arxiv_id)
    url = safe_url(paper.url)
    return (Link("Read", url),) if url else ()


@lru_cache(1 << 12)
def _arxiv_links(arxiv_id: str) -> tuple[Link, ...]:
    found = Link("arXiv", f"https://arxiv.org/abs/{arxiv_id}"), Link("PDF", f"https://arxiv.org/pdf/{arxiv_id}")
    if "/" in arxiv_id:  # an arXiv id from before April 2007
        return found
    return (*found, Link("Hugging Face", f"https://huggingface.co/papers/{arxiv_id}"))


def paper_url(paper: Paper) -> str:
    """Return the best URL of a paper; empty if it has none."""
    found = links(paper)
    return found[0].url if found else safe_url(paper.page) or safe_url(paper.pdf)


def search_url(title: str, search: str) -> str:
    """Return the URL of a search for a paper by its title; `search` is the part of the URL before the title."""
    return safe_url(search + quote_plus(shortened_to_columns(title, MAX_SEARCH_COLUMNS).rstrip("…"), errors="replace"))


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
    pages = {_page(paper_url(paper))}
    shown = []
    for label, url in found.items():
        if url and _page(url) not in pages:
            pages.add(_page(url))
            shown.append(Link(label, url))
    return tuple(shown)


def _page(url: str) -> str:
    """Return what two spellings of the same page's URL have in common."""
    return _SCHEME_AND_WWW.sub("", url.lower()).rstrip("/").removesuffix(".git")
