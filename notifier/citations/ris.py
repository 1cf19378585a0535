"""Write a citation as a record in RIS, the format that EndNote, Mendeley, Zotero and others import."""

from __future__ import annotations

from collections.abc import Iterator

from notifier.citations.citation import Citation
from notifier.citations.names import CitedName

PREPRINT, ANY = "UNPB", "GEN"


def ris(citation: Citation) -> str:
    """Return the record. No value contains a line end, so it cannot add a field or end the record."""
    return "".join([f"{tag}  - {value}\r\n" for tag, value in _fields(citation)])


def _fields(citation: Citation) -> Iterator[tuple[str, str]]:
    yield "TY", PREPRINT if citation.arxiv_id else ANY
    yield "TI", citation.title
    yield from (("AU", _name(author)) for author in citation.authors)
    day = citation.day
    known = {
        "PY": f"{day.year:04}" if day else "",
        "DA": day.joined("/") if day else "",
        "AB": citation.abstract,
        "DO": citation.doi,
        "UR": citation.url,
        "L1": citation.pdf,
        "PB": "arXiv" if citation.arxiv_id else "",
        "AN": f"arXiv:{citation.arxiv_id}" if citation.arxiv_id else "",
    }
    yield from ((tag, value) for tag, value in known.items() if value.strip())
    yield from (("KW", keyword) for keyword in citation.keywords)
    yield "ER", ""


def _name(name: CitedName) -> str:
    """Return a name as `family, given, suffix`. A comma inside a part becomes a space: commas separate the parts."""
    parts = (name.family, name.given, name.suffix) if name.suffix else (name.family, name.given)
    return ", ".join([part.replace(",", " ") for part in parts]).rstrip(", ")
