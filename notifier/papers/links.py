"""Read the links of papers: the page that a link leads to, and the DOI that it contains."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

_RESOLVERS = ("doi.org", "dx.doi.org")
_HOSTS_OF_IDS = re.compile(r"\A(?:[a-z]+\.)?(?:arxiv\.org|alphaxiv\.org|huggingface\.co|hf\.co)\Z")
_VERSION = re.compile(r"[./-]v\d{1,2}\Z")  # the version of a preprint, as in 10.20944/preprints202001.0001.v2
_DOI = re.compile(r"(?:\A|/)(10\.\d{4,9}/[^\s/]\S*)")
# What publishers append to the DOI in their links: views, formats, and the version of a preprint at bioRxiv.
_APPENDED = re.compile(
    r"(?:/(?:full|fulltext|abstract|summary|references|pdf|epdf|html|meta|tables|figures)"
    r"|\.(?:abstract|full|full-text|pdf|epdf|html)|(?<=\d)v\d{1,2})\Z"
)
_NUMBERED = re.compile(r"\A(10\.1093/[^/]+/[^/]+)/\d+\Z")  # Oxford University Press appends the article's number
_MAX_APPENDED = 4
# Parts of a path, and endings of a file name, that say in which form a page shows a paper.
_VIEWS = frozenset(
    {"abs", "abstract", "pdf", "pdfs", "html", "full", "fulltext", "forum", "view", "download", "content"}
)
_VIEW_ENDING = re.compile(r"\.(?:pdf|html?|full|abstract|php|aspx?)\Z", re.IGNORECASE)
_VERSION_ENDING = re.compile(r"(?<=\d)v\d{1,2}\Z")
_VERSION_NAME = re.compile(r"v\d{1,2}")
# Parameters that say how the visitor came to the page.
_TRACKING = re.compile(
    r"(?:utm|mtm|pk|hsa|mc|mkt)_[a-z_]*|_hs[a-z]*|[a-z]{1,4}clid|igshid"
    r"|ref|ref_?src|referr?er|source|src|from|via|feed|rss|dgcid|af|campaign|cmp",
    re.IGNORECASE,
)


def is_resolver(url: str) -> bool:
    """Return whether a URL is one of a DOI resolver. Such a URL identifies nothing besides the DOI."""
    return _host(_split(url)) in _RESOLVERS


def is_named_after_ids(url: str) -> bool:
    """Return whether a URL is on a site whose pages are named after arXiv ids. It identifies nothing besides the id."""
    return _HOSTS_OF_IDS.match(_host(_split(url))) is not None


def without_tracking(url: str) -> str:
    """Return the host, path and query of a URL, without `www.`, a last slash, and parameters that only track visitors.

    Links to the same page give the same result. A query often names the page, as in `forum?id=a1`.
    """
    parts = _split(url)
    kept = sorted(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0]))
    return _host(parts) + parts.path.rstrip("/") + ("?" + urlencode(kept) if kept else "")


def host_of(url: str) -> str:
    """Return the host of a URL, without `www.`."""
    return _host(_split(url))


@lru_cache(1 << 12)
def without_view(url: str) -> tuple[str, ...]:
    """Return the parts of a URL that name a page, without those that say in which form or version it is shown.

    So `/abs/18`, `/pdf/18.pdf` and `/abs/18v2` of one site give the same result.
    """
    host_and_path, _, query = without_tracking(url).partition("?")
    names = [_VERSION_ENDING.sub("", _VIEW_ENDING.sub("", name)) for name in host_and_path.split("/") if name]
    if names and _VERSION_NAME.fullmatch(names[-1]):
        names.pop()
    return (*(name for name in names if name.lower() not in _VIEWS), query)


def fragment_of(url: str) -> str:
    """Return the fragment of a URL, which names a part of the page; an empty string if it has none."""
    return url.partition("#")[2]


@lru_cache(1 << 12)
def doi_in_link(url: str) -> str:
    """Return the DOI in a link to a resolver or to a publisher's page, in lower case; an empty string if it has none.

    On a publisher's page, the DOI is in the path or is a value of the query.
    """
    parts = _split(url)
    path = unquote(parts.path)
    if _host(parts) in _RESOLVERS:
        return path.strip("/").lower()
    texts = (path, *(value for name, value in parse_qsl(parts.query) if name.lower() in ("id", "doi")))
    found = next(filter(None, map(_DOI.search, texts)), None)
    return _without_appended(found[1].rstrip("/").lower()) if found else ""


def without_version(doi: str) -> str:
    """Return a DOI without the version of a preprint."""
    return _VERSION.sub("", doi)


def _without_appended(doi: str) -> str:
    for _ in range(_MAX_APPENDED):
        doi = _APPENDED.sub("", doi)
    numbered = _NUMBERED.match(doi)
    return numbered[1] if numbered else doi


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.hostname  # noqa: B018  # it raises ValueError too
    except ValueError:  # such as an IPv6 address without its closing bracket
        return SplitResult("", "", url, "", "")
    return parts


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").removeprefix("www.")
