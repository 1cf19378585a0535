"""Describe a paper in the `citation_` meta elements of its page, which Highwire Press introduced.

Google Scholar and the browser connectors of Zotero and other reference managers read them.
"""

from __future__ import annotations

from collections.abc import Iterator

from notifier.citations.citation import Citation
from notifier.citations.names import CitedName


def meta(citation: Citation) -> Iterator[tuple[str, str]]:
    """Yield the name and the content of each element; what is not known is left out."""
    yield "citation_title", citation.title
    yield from (("citation_author", _name(author)) for author in citation.authors)
    known = {
        "citation_publication_date": citation.day.joined("/") if citation.day else "",
        "citation_arxiv_id": citation.arxiv_id,
        "citation_doi": citation.doi,
        "citation_pdf_url": citation.pdf,
        "citation_public_url": citation.url,
        "citation_abstract": citation.abstract,
    }
    yield from ((name, value) for name, value in known.items() if value)
    yield from (("citation_keywords", keyword) for keyword in citation.keywords)


def _name(name: CitedName) -> str:
    """Return a name with its family name first, unless Zotero would take it for two names.

    Zotero divides an element at each semicolon, and at its comma if the text on each side has a space.
    """
    family, given = (part.replace(";", " ").replace(",", " ") for part in (name.family, name.given))
    suffix = f" {name.suffix}" if name.suffix else ""
    if not given or (" " in family and " " in given + suffix):
        return f"{given} {family}{suffix}".strip()
    return f"{family}, {given}{suffix}"
